"""Small valid files of vertices: the left and right side of fsaverage3, two genes, two parcels."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .brain import GENES

N = 642
_WALL = 30  # vertices of each side
_SIDES = ("lh", "rh")
_NAMES = ("front", "behind")
_ENCODINGS = ("GZipBase64Binary", "Base64Binary", "ASCII")


def values(side: str) -> np.ndarray:
    """Return expression (N, 2), 0 in the wall."""
    rng = np.random.default_rng(_SIDES.index(side))
    found = rng.random((N, 2)).round(3) + 0.5
    found[:_WALL] = 0
    return found.astype(np.float32)


def _parcels() -> np.ndarray:
    """Return labels: 0 in the wall, then 1 and 2."""
    found = 1 + np.arange(N) % 2
    found[:_WALL] = 0
    return found


def _gifti(path: Path, data: np.ndarray, encoding: str, labels: bool = False) -> None:
    from nibabel import gifti

    kind = "INT32" if labels else "FLOAT32"
    array = gifti.GiftiDataArray(
        np.ascontiguousarray(data, np.int32 if labels else np.float32),
        intent=f"NIFTI_INTENT_{'LABEL' if labels else 'NONE'}",
        datatype=f"NIFTI_TYPE_{kind}",
        encoding={
            "GZipBase64Binary": "GIFTI_ENCODING_B64GZ",
            "Base64Binary": "GIFTI_ENCODING_B64BIN",
            "ASCII": "GIFTI_ENCODING_ASCII",
        }[encoding],
    )
    table = gifti.GiftiLabelTable()
    for key, name in enumerate(("???", *_NAMES) if labels else ()):
        label = gifti.GiftiLabel(key)
        label.label = name
        table.labels.append(label)
    made = gifti.GiftiImage(labeltable=table, darrays=[array]).to_bytes()
    path.write_bytes(gzip.compress(made, 6, mtime=0) if path.suffix == ".gz" else made)


def maps_gifti(folder: Path) -> None:
    """Write GIFTI of all encodings, one of them packed."""
    (folder / "g").mkdir()
    encodings = iter((*_ENCODINGS, "GZipBase64Binary"))
    for side in _SIDES:
        for gene, column in zip(GENES, values(side).T, strict=False):
            packed = ".gz" if (side, gene) == ("rh", GENES[1]) else ""
            _gifti(folder / "g" / f"{side}.{gene}.gii{packed}", column, next(encodings))


def maps_mgh(folder: Path) -> None:
    """Write MGH, the right side packed."""
    import nibabel as nib

    (folder / "m").mkdir()
    for side in _SIDES:
        for gene, column in zip(GENES, values(side).T, strict=False):
            image = nib.MGHImage(np.ascontiguousarray(column[:, None, None]), np.eye(4))
            made = image.to_bytes()
            if side == "rh":
                made = gzip.compress(made, 6, mtime=0)
            path = folder / "m" / f"{side}.{gene}.{'mgh' if side == 'lh' else 'mgz'}"
            path.write_bytes(made)


def _region_table(folder: Path) -> None:
    rows = [f"L_{name},{i + 0.25},{i + 0.5}" for i, name in enumerate(_NAMES)]
    (folder / "t.csv").write_text("\n".join([f"label,{GENES[0]},{GENES[1]}", *rows]) + "\n")


def parcels_annot(folder: Path) -> None:
    """Write a table of regions with its ``.annot``."""
    from nibabel.freesurfer import write_annot

    _region_table(folder)
    colors = np.array([[0, 0, 0, 0, 0], [9, 9, 9, 0, 0], [8, 7, 8, 0, 0]])
    names = ["Unknown", *_NAMES]
    write_annot(folder / "lh.two.annot", _parcels(), colors, names, fill_ctab=True)


def parcels_gifti(folder: Path) -> None:
    """Write a table of regions with its label GIFTI."""
    _region_table(folder)
    _gifti(folder / "lh.two.label.gii", _parcels(), "GZipBase64Binary", labels=True)


def masked_table(folder: Path) -> None:
    """Write a table without the medial wall, and the mask that names its vertices."""
    rows = values("lh")[_WALL:].tolist()
    lines = [",".join(("vertex", *GENES[:2])), *(f"{i},{a},{b}" for i, (a, b) in enumerate(rows))]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    mask = np.arange(N) >= _WALL
    _gifti(folder / "lh.mask.shape.gii", mask, "Base64Binary")


@cache
def vertices() -> Any:
    """Return the expression of all vertices but the wall's."""
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.io.readers.surfaces.place import surface_place
    from napari_compressed_transcriptomics.spatial.surface_place import vertex_names

    found = np.concatenate([values(side) for side in _SIDES])
    inside = (found != 0).any(axis=1)
    labels = np.zeros(2 * N, np.int32)
    labels[inside] = np.arange(1, inside.sum() + 1)
    place = surface_place((N, N), "vertices").renumbered(labels)
    names = tuple(np.array(vertex_names((N, N)), object)[inside])
    return Expression(found[inside], GENES[:2], names, place, name="vertices")
