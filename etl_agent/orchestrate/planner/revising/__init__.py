"""Revising a draft: what is wrong with it, and the changes that mend it."""
