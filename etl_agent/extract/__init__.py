"""Extract: from the bytes of CSV files to batches of text, and malformed lines to quarantine."""
