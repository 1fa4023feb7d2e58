"""Decides what to do next for a job: pure functions of its state and the time, with no threads, network or disk."""
