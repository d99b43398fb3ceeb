"""What made a result: versions, and hashes of inputs."""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np


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
