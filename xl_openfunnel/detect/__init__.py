"""Looks at what is installed on this machine (Excel, LibreOffice, Python, registry settings) and changes nothing."""
