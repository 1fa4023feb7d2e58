"""The shared fetcher: one scheduler per job, however many cells, threads and workbooks ask."""
