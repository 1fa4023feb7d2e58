"""A server with nothing of ours in it, started the way that ours is."""

from __future__ import annotations

import sys
from typing import Any

import xlwings

if __name__ == "__main__":
    windows_only: Any = xlwings
    windows_only.serve(sys.argv[1])
