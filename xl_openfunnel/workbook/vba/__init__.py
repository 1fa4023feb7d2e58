"""The VBA project of a workbook: the functions' wrappers, and the container that Excel reads."""
