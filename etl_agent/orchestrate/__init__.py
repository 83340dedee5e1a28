"""Orchestrate: from pipeline files to plans; nothing here has effects."""
