"""Benchmarks against what else one could use: ``python -m tests.bench --help``."""
