"""Sets up Excel on Windows for one user, without rights of an administrator, and takes all of it away again.

Three things, which `excel.py` puts in their order: a private Python with this very package (`environment.py`), the
setting in which VBA looks for it (`setting.py`), and the add-in in the folder that Excel starts with.
"""
