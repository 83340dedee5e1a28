"""Why a row is in a table, or is not: its files are read again, by the plan that its run went by."""
