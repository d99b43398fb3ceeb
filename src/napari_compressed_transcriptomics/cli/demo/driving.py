"""The real window driven by a program as by a person: press, wait, and take a picture."""

import time
from pathlib import Path
from typing import Any


def press(bar: Any) -> None:
    """Press Run and wait for the end, and until notices are gone."""
    bar.run.click()
    while bar.job is not None:
        draw()
        time.sleep(0.02)
    settle(5)


def settle(seconds: float = 2) -> None:
    """Let what is drawn a little later be drawn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        draw()
        time.sleep(0.02)


def picture(viewer: Any, path: str | Path) -> Path:
    """Write what the window shows as PNG, and return its path."""
    viewer.screenshot(str(path), canvas_only=False, flash=False)
    return Path(path)


def draw() -> None:
    """Let Qt do what waits to be done."""
    from qtpy.QtWidgets import QApplication

    for _ in range(5):
        QApplication.processEvents()
