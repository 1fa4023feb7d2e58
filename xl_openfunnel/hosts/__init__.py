"""The programs that show cells. Thin: what a function answers is decided in `functions`."""
