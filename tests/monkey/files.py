"""What the monkey drops: good files, and junk with good names."""

import shutil
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_data"


def make_files(rng, folder):
    """Write files to drop into a folder; return their paths, in order of name."""
    for path in SAMPLES.iterdir():
        if path.suffix != ".md":
            shutil.copy(path, folder / path.name)
    shutil.copy(folder / "synthetic_regions.csv", folder / "no_atlas.csv")
    table = (folder / "synthetic_regions.csv").read_bytes()
    volume = (folder / "synthetic_brain.nii.gz").read_bytes()
    junk = {
        "empty.csv": b"",
        "noise.csv": rng.randbytes(3000),
        "noise.nii.gz": rng.randbytes(3000),
        "noise.h5ad": rng.randbytes(3000),
        "noise.parquet": rng.randbytes(3000),
        "noise.safetensors": rng.randbytes(3000),
        "cut.csv": table[: len(table) // 3],
        "cut.nii.gz": volume[: len(volume) // 3],
        "text.tsv": "gene\tö脳\n\n\n".encode(),
        "notes.txt": b"nothing of ours",
        "ö 脳.csv": table,
    }
    for name, content in junk.items():
        (folder / name).write_bytes(content)
    (folder / "a folder").mkdir()
    return sorted(path for path in folder.iterdir() if path.suffix != ".json")
