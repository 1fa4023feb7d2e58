"""Reliability tests: the promises of the product hold when everything around it fails.

pytest runs a quick form of each part; ``python -m tests.fire`` runs the long form and prints a table.
"""
