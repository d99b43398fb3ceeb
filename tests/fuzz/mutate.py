"""How files of each ending are changed."""

from pathlib import Path
from random import Random

from . import (
    mutate_hdf5,
    mutate_json,
    mutate_nifti,
    mutate_parquet,
    mutate_paths,
    mutate_pt,
    mutate_safetensors,
    mutate_surface,
    mutate_text,
    mutate_xlsx,
)
from .change import Change, Mutator

MUTATORS: dict[str, tuple[Mutator, ...]] = {
    ".nii": mutate_nifti.MUTATORS,
    ".nii.gz": mutate_nifti.MUTATORS,
    ".csv": mutate_text.MUTATORS,
    ".csv.gz": mutate_text.MUTATORS,
    ".tsv": mutate_text.MUTATORS,
    ".txt": mutate_text.MUTATORS,
    ".json": mutate_json.MUTATORS,
    ".h5ad": mutate_hdf5.MUTATORS,
    ".parquet": mutate_parquet.MUTATORS,
    ".xlsx": mutate_xlsx.MUTATORS,
    ".zip": mutate_xlsx.OF_ANY_ZIP,
    ".safetensors": mutate_safetensors.MUTATORS,
    ".checkpoint-A": mutate_safetensors.MUTATORS,
    ".checkpoint-B": mutate_safetensors.MUTATORS,
    ".pt": mutate_pt.MUTATORS,
    ".gii": mutate_surface.OF_GIFTI,
    ".gii.gz": mutate_surface.OF_GIFTI,
    ".mgh": mutate_surface.OF_FREESURFER,
    ".mgz": mutate_surface.OF_FREESURFER,
    ".annot": mutate_surface.OF_FREESURFER,
}
_ODD = 0.03


def change(path: Path, rng: Random) -> Change:
    """Change a file by one of the mutators of its kind, or put something odd in its place."""
    if rng.random() < _ODD:
        return rng.choice(mutate_paths.MUTATORS)(path, rng)
    ending = max((end for end in MUTATORS if path.name.endswith(end)), key=len)
    return rng.choice(MUTATORS[ending])(path, rng)
