"""The VBA project of a workbook: the wrappers of the functions, and the container that Excel reads."""
