"""Small data on vertices: fsaverage3, whose vertices are the first of fsaverage5's."""

import nibabel as nib
import numpy as np

from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from napari_compressed_transcriptomics.spatial.surface_place import SIDES

N = 642
GENES = ("CALB1", "GABRA1", "GRIN2B", "TP53")


def expression_on_vertices(n=N, seed=0):
    """Values (2 n, 4) that differ by side and from front to back; 0 in the first 20 of a side."""
    rng = np.random.default_rng(seed)
    values = []
    for name in SIDES:
        y = fsaverage5()[name].pial[:n, 1] / 50
        base = np.stack([y, -y, np.sin(y), np.full(n, 1.0 if name == "left" else -1.0)], axis=1)
        part = 5 + base + 0.1 * rng.normal(size=(n, 4))
        part[:20] = 0
        values.append(part)
    return np.concatenate(values).astype(np.float32)


def write_gifti_maps(folder, values, sides=("lh", "rh"), encoding="GIFTI_ENCODING_B64GZ"):
    """Write one GIFTI per gene and hemisphere; return the folder."""
    folder.mkdir(exist_ok=True)
    for side, part in zip(sides, np.split(values, len(sides)), strict=True):
        for gene, column in zip(GENES, part.T, strict=True):
            array = nib.gifti.GiftiDataArray(
                np.ascontiguousarray(column), datatype="NIFTI_TYPE_FLOAT32", encoding=encoding
            )
            nib.save(nib.gifti.GiftiImage(darrays=[array]), folder / f"{side}.{gene}.gii")
    return folder


def write_surface(path, points, structure="CortexLeft"):
    """Write coordinates as a GIFTI surface; return its path."""
    meta = nib.gifti.GiftiMetaData({"AnatomicalStructurePrimary": structure})
    array = nib.gifti.GiftiDataArray(
        np.float32(points), intent="NIFTI_INTENT_POINTSET", datatype="NIFTI_TYPE_FLOAT32", meta=meta
    )
    nib.save(nib.gifti.GiftiImage(darrays=[array]), path)
    return path


def write_labels(path, values, names=None):
    """Write labels (0 is the medial wall), or a mask of floats where there are no names."""
    if names is None:
        array = nib.gifti.GiftiDataArray(np.float32(values), datatype="NIFTI_TYPE_FLOAT32")
        nib.save(nib.gifti.GiftiImage(darrays=[array]), path)
        return path
    table = nib.gifti.GiftiLabelTable()
    for key, name in enumerate(["???", *names]):
        label = nib.gifti.GiftiLabel(key)
        label.label = name
        table.labels.append(label)
    array = nib.gifti.GiftiDataArray(
        np.int32(values), intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32"
    )
    nib.save(nib.gifti.GiftiImage(labeltable=table, darrays=[array]), path)
    return path
