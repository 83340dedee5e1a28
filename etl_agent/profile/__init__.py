"""Profile: facts about columns in bounded memory, and what they mean."""
