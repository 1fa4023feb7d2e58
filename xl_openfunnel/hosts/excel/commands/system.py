"""What actions need of the computer and of the service, beside jobs and programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import platformdirs

from .... import settings
from ....api.client import Client

_system: Any = os  # what only Windows has


class LocalSystem:
    """This computer, with a client of the service."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def cancel(self, job_id: str) -> object:
        """Ask the service to stop a job."""
        return self._client.cancel(job_id)

    def open_file(self, path: Path) -> None:
        """Show a file as Windows does when it is double-clicked."""
        _system.startfile(path)

    def log_path(self) -> Path:
        """The log."""
        return settings.log_path()

    def cache_dir(self) -> Path:
        """The folder for our own files."""
        return settings.Settings.load().cache_dir

    def documents(self) -> Path:
        """The user's folder for documents."""
        return platformdirs.user_documents_path()
