"""How exact maps on the cortical surface are: the numbers of `docs/explanation/surfaces.md`.

`python -m benchmarks.surfaces` needs the real parcels (`CT_TEST_DATA`).
"""

import itertools
import os
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.surfaces.place import surface_place
from napari_compressed_transcriptomics.spatial import cortical_surface
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5, neighbours
from napari_compressed_transcriptomics.spatial.surface_sampling import SurfaceSampling

DATA = Path(os.environ.get("CT_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
ATLAS = "schaefer{}_tianS1_"
SOURCES, BANDS = 60, (5, 15, 30, 60, 120)


def of_annot() -> tuple[np.ndarray, list[str]]:
    """Return the label of each vertex of the left fsaverage5, and the names of labels."""
    labels, _, names = nib.freesurfer.read_annot(DATA / "surface/lh.Schaefer_1000_7Net.annot")
    return labels[: len(fsaverage5()["left"].pial)], [name.decode() for name in names]


def network(name: str) -> str:
    return name.split("_")[2] if name.startswith("7Networks_LH_") else ""


def networks_of(n: int) -> tuple[np.ndarray, float]:
    """Return the network that a volume's regions give each left vertex, and the share without."""
    image = nib.load(DATA / "atlas" / f"{ATLAS.format(n)}MNI6Asym_2mm.nii.gz")
    lines = (DATA / "atlas" / f"{ATLAS.format(n)}labels.txt").read_text().splitlines()
    names = {int(row.split()[0]): name for name, row in zip(lines[::2], lines[1::2], strict=True)}
    labels = np.asarray(image.dataobj).astype(np.int32)
    ids = np.unique(labels)[1:]
    order = np.zeros(ids.max() + 1, np.int32)
    order[ids] = np.arange(1, len(ids) + 1)
    found = SurfaceSampling(Parcellation(order[labels], image.affine))(np.arange(len(ids)))
    known = np.isfinite(found.left)
    told = np.array([network(names[int(i)]) for i in ids], object)
    left = np.where(known, told[np.nan_to_num(found.left).astype(int)], "")
    return left, found.without


def agreement() -> None:
    labels, names = of_annot()
    truth = np.array([network(name) for name in names], object)[labels]
    usual = cortical_surface.MNI305_TO_MNI152
    moved = [
        np.linalg.norm(side.pial - apply_affine(np.linalg.inv(usual), side.pial), axis=1)
        for side in fsaverage5().values()
    ]
    moved = np.concatenate(moved)
    print(f"FreeSurfer's affine moves vertices by {moved.mean():.1f} mm, {moved.max():.1f} at most")
    for how, affine in (("as nilearn has it", np.eye(4)), ("with the affine", usual)):
        cortical_surface.MNI305_TO_MNI152 = affine
        fsaverage5.cache_clear()
        for n in (100, 200):
            left, without = networks_of(n)
            both = (left != "") & (truth != "")
            same = (left == truth)[both].mean()
            print(f"{how}, {n} regions: {same:.1%} same network, {without:.1%} without data")
    fsaverage5.cache_clear()


def wall() -> None:
    labels, _ = of_annot()
    given, ours = labels == 0, ~fsaverage5()["left"].cortex
    print(
        f"medial wall: {(given & ours).sum()} of {given.sum()} vertices, and "
        f"{(ours & ~given).sum()} others"
    )


def distances() -> None:
    """Compare chords and straight lines with the way along the edges of the mesh."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import dijkstra

    side = fsaverage5()["left"]
    n = len(side.pial)
    place = surface_place((n, 0), "fsaverage5")
    assert place.coordinates is not None
    edges = neighbours(side.faces, n).tocoo()
    lengths = np.linalg.norm(place.coordinates[edges.row] - place.coordinates[edges.col], axis=1)
    mesh = csr_matrix((lengths, (edges.row, edges.col)), (n, n))
    cortex = np.flatnonzero(side.cortex)
    sources = np.random.default_rng(0).choice(cortex, SOURCES, replace=False)
    way = dijkstra(mesh, indices=sources)[:, cortex]
    measured = (place.positions, place.coordinates)
    chord, line = (
        np.linalg.norm(at[sources][:, None] - at[cortex][None], axis=2) for at in measured
    )
    for low, high in itertools.pairwise(BANDS):
        band = (way >= low) & (way < high)
        told = [
            "{:.2f} ({:.2f} to {:.2f})".format(*np.percentile((d / way)[band], (50, 5, 95)))
            for d in (chord, line)
        ]
        print(f"{low} to {high} mm along the mesh: chord {told[0]}, straight line {told[1]}")


def speed() -> None:
    expression = read_expression(DATA / "mrna", impute="drop_genes")
    start = time.perf_counter()
    sampling = SurfaceSampling(expression.parcellation)
    made = time.perf_counter() - start
    values = np.asarray(expression.values)
    start = time.perf_counter()
    for k in range(values.shape[1]):
        sampling(values[:, k])
    each = (time.perf_counter() - start) / values.shape[1]
    print(f"{len(values):,} voxels: found once in {made:.2f} s, each map {1e3 * each:.1f} ms")


if __name__ == "__main__":
    if not DATA.is_dir():
        sys.exit(f"{DATA} is absent; set CT_TEST_DATA to the folder of the real data")
    wall()
    agreement()
    distances()
    speed()
