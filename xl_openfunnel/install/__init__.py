"""Sets up a host for one user, without rights of an administrator, and takes all of it away again.

For Excel on Windows three things, which `excel.py` puts in their order: a private Python with this very package
(`environment.py`), the setting in which VBA looks for it (`setting.py`), and the add-in in the folder that Excel starts
with. For LibreOffice Calc `calc.py` adds an extension, with a private Python where LibreOffice has another one.
"""
