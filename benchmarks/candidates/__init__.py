"""Steps whose outcome is known: right ones that undo injected errors, wrong ones that do damage."""
