"""The OF_ functions in LibreOffice Calc, as an add-in of its own. Nothing but `addin` and `documents` needs UNO."""
