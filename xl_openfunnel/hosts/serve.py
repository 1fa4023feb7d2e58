"""The module that workbooks start: ``pythonw -I -B -m xl_openfunnel.hosts.serve CLSID``. Its name must not change."""

from .excel.server import main

if __name__ == "__main__":
    main()
