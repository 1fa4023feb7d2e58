"""The shared fetcher: each job is polled and downloaded once, for any number of cells, threads and workbooks."""
