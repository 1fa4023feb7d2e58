"""Threads and time: the clock, the event loop, worker threads."""
