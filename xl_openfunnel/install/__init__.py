"""Sets up a host for one user, without administrator rights, and removes everything it set up.

Excel on Windows needs three things, which `excel.py` installs in order: a private Python with this package
(`environment.py`), the setting in which VBA looks for it (`setting.py`), and the add-in in Excel's start folder. For
LibreOffice Calc, `calc.py` adds an extension, and creates a private Python if LibreOffice runs another Python version.
"""
