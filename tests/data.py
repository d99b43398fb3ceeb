"""Where the real data for tests lies, if it is there at all."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("CT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


def real_data(name: str) -> Path:
    """Path of a file of the real test data; skips the calling test where it is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"real data not present: {name} (set CT_TEST_DATA to its folder)")
    return path
