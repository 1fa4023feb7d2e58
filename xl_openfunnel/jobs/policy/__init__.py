"""What to do next for a job, as pure functions of its state and the time: no threads, no network, no disk."""
