"""Drafting pipelines: from wishes, and from what the data look like."""
