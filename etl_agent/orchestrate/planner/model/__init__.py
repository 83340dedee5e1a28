"""The model's part: what it is told, what it is asked, and which of its answers are taken."""
