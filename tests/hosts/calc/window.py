"""A virtual display (Xvfb), and a mouse on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def why_missing() -> str:
    """Why there can be no display, or "" where there can."""
    absent = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    return f"needs {' and '.join(absent)}" if absent else ""


@dataclass
class Display:
    """A running one.

    Attributes:
        environ: the environment of programs that are to show there.
    """

    environ: dict[str, str]

    def click(self, place: tuple[int, int]) -> None:
        """Press and release the mouse's button."""
        right, down = map(str, place)
        command = ["xdotool", "mousemove", right, down, "click", "1"]
        subprocess.run(command, env=self.environ, check=True, capture_output=True)

    def wait_until_drawn(self) -> None:
        """Wait until nothing has changed for two seconds."""
        seen = [b""] * 4
        while seen != [seen[0]] * 4 or not seen[0]:
            time.sleep(0.5)
            seen = [*seen[1:], self._pixels()]

    def screenshot(self, file: Path, part: str = "") -> None:
        """Write what is to be seen, or a part as ``WIDTHxHEIGHT+X+Y``; needs xwd and ImageMagick's convert."""
        cut = ["-crop", part, "+repage"] if part else []
        command = ["/usr/bin/convert", "xwd:-", *cut, "-strip", "+dither", "-colors", "256", str(file)]
        subprocess.run(command, input=self._pixels(), check=True)

    def _pixels(self) -> bytes:
        command = ["/usr/bin/xwd", "-root", "-silent"]
        return subprocess.run(command, env=self.environ, check=True, capture_output=True).stdout


@contextmanager
def display(environ: Mapping[str, str]) -> Iterator[Display]:
    """Start one, and end it."""
    told, tells = os.pipe()
    command = ["Xvfb", "-displayfd", str(tells), "-screen", "0", "1400x860x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=(tells,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            os.close(tells)
            number = os.read(told, 16).decode().strip()
            # The plug-in that draws without a desktop's help.
            yield Display({**environ, "DISPLAY": f":{number}", "SAL_USE_VCLPLUGIN": "gen"})
        finally:
            os.close(told)
            process.terminate()
