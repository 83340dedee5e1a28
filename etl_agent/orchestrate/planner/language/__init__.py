"""The language that goals are read by: words, patterns, and the phrases that are known."""
