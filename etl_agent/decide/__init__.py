"""Decide: propose, measure and choose what should happen to a dataset; nothing here has effects."""
