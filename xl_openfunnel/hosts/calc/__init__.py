"""The OF_ functions in LibreOffice Calc, as an extension.

`addin`, `commands`, `documents`, `questions` and `table_writer` need UNO, which only the Python of LibreOffice has; the
others do not.
"""
