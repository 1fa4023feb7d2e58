"""What the buttons do, on any program that has workbooks."""
