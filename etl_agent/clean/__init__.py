"""Clean: steps that turn text into the text that was meant, and say of every change what it is."""
