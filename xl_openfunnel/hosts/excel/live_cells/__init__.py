"""Cells that keep themselves up to date."""
