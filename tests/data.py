"""Where the real data for tests lies, if it is there at all."""

import json
import os
import shutil
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


def real_table(folder: Path, table: str, atlas: str, labels: str) -> Path:
    """Copy a real table into a folder, with its atlas and label table, which its sidecar names."""
    copies = [shutil.copy(real_data(name), folder) for name in (table, atlas, labels)]
    record = dict(zip(("atlas", "labels"), (Path(copy).name for copy in copies[1:]), strict=True))
    path = Path(copies[0])
    path.with_suffix(".json").write_text(json.dumps(record))
    return path
