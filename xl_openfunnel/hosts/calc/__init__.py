"""The OF_ functions in LibreOffice Calc, as an extension.

`addin`, `commands`, `documents` and `table_writer` need UNO, which only LibreOffice's own Python has; the others do
not.
"""
