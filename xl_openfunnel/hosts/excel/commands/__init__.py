"""The commands behind buttons, the ribbon and the macro list."""
