"""Reading a goal by rules: from its words to wishes, and the words that nothing was made of."""
