"""The product under fire: what holds when everything around it fails.

pytest runs a quick form of each part; ``python -m tests.fire`` the long one, which prints a table.
"""
