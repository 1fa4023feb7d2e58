"""The shared fetcher: one caretaker per job, however many cells, threads and workbooks ask."""
