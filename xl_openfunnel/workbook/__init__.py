"""Builds the workbook and the add-in from the hand-written sources in ``workbook/``."""
