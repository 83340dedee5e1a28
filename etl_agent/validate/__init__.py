"""Validate: columns and types held against a contract, with every failed check of every row."""
