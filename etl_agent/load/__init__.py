"""Load: from batches to tables of a database, in the one transaction that keeps the ledgers too."""
