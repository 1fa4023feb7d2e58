"""Builds the workbook and the add-in from the sources that a person edits."""
