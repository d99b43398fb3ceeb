"""What made a result: versions, and hashes of inputs."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .expression import Expression


def versions() -> dict[str, str]:
    """Return the versions of Python, of this package and of what computes its results."""
    from napari_compressed_transcriptomics import __version__

    names = ("numpy", "torch", "scikit-learn", "nibabel")
    return {
        "python": platform.python_version(),
        "napari-compressed-transcriptomics": __version__,
        **{name: version(name) for name in names},
    }


def file_sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def git_blob_id(path: str | Path) -> str:
    """Return the id that git gives a file: SHA-1 of "blob", its size, a zero byte, its bytes."""
    digest = hashlib.sha1(f"blob {Path(path).stat().st_size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def blob_id(content: bytes) -> str:
    """Return the `git_blob_id` of a file with this content."""
    digest = hashlib.sha1(f"blob {len(content)}\0".encode(), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def array_sha256(*arrays: np.ndarray) -> str:
    """Return the SHA-256 over shapes, dtypes and bytes of arrays, in hexadecimal."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def training_record(expression: "Expression", seed: int, **more: Any) -> dict[str, Any]:
    """Return the JSON-safe record of a fit: data, seed, versions, and `more`.

    Files are recorded by name and hash, not by folder: model files are for others, too.
    """
    return {
        "data": expression.name,
        "data_sha256": array_sha256(np.asarray(expression.values)),
        "n_samples": expression.n_samples,
        "n_genes": expression.n_genes,
        "source": {role: _without_folder(entry) for role, entry in expression.source.items()},
        "seed": seed,
        **more,
        "versions": versions(),
    }


def _without_folder(entry: Any) -> Any:
    """Return an entry of `Expression.source` with the name of its file alone."""
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return entry
    return {**entry, "path": Path(entry["path"]).name}
