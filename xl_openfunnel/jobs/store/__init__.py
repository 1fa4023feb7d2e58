"""Final jobs and the ledger on disk: one SQLite file, safe for several processes, and the thread that uses it."""
