"""How pytest-xdist hands tests to its workers."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling


class WholeFolders(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out files in the order in which they were collected, and some folders as if each were one file."""

    def __init__(self, folders: tuple[str, ...], config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self.folders = folders
        config.option.loadscopereorder = False  # by the number of tests, which says nothing of how long they take

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return next((folder for folder in self.folders if file.startswith(folder)), file)
