"""A synthetic brain with gene expression: the built-in sample, demo and phantom.

Nothing here is measured. The outline is a handful of ellipsoids at the size of MNI space,
with the torque of real brains (right frontal and left occipital lobes bulge), so that a
flipped axis shows. The genes follow from a few smooth fields by a non-linear map, so that
few components carry nearly all, and a straight line through them does not.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .brain_space import OTHER, recorded
from .errors import UserError
from .expression import Expression, Parcellation

ORIGIN_MM = (90.0, -126.0, -72.0)
"""Position of the first voxel; x runs to the left, as in the published latents."""

EXTENT_MM = (184.0, 224.0, 184.0)
"""From the first to the last voxel's centre: 24 x 29 x 24 voxels at 8 mm."""

# Ellipsoids of the right half, mirrored for the left: centre and radii in RAS mm.
CEREBRUM = (
    ((19, -17, 24), (49, 84, 55)),  # dome
    ((20, 34, 12), (35, 37, 44)),  # frontal pole and orbital surface
    ((27, -42, 32), (42, 46, 45)),  # parietal lobe
    ((20, -70, 10), (36, 36, 35)),  # occipital pole
    ((45, -26, -8), (23, 47, 29)),  # temporal lobe
    ((40, 2, -25), (19, 27, 20)),  # temporal pole
)
CEREBELLUM = (((19, -64, -37), (31, 28, 25)),)
BRAIN_STEM = (((0, -29, -24), (17, 19, 30)), ((0, -36, -54), (11, 12, 18)))
DEEP_GREY = (((14, -16, 8), (12, 18, 12)), ((20, 8, 4), (14, 24, 14)))


def _depth(parts: tuple, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return roughly how many mm each point lies inside the union of `parts`, < 0 outside."""
    inside = [
        (1 - np.sqrt(sum(((p - c) / r) ** 2 for p, c, r in zip(point, centre, radii, strict=True))))
        * min(radii)
        for centre, radii in parts
        for point in [(np.abs(x), y, z)]
    ]
    return np.max(inside, axis=0)


def _anatomy(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> dict[str, np.ndarray]:
    """Return depths in mm inside each structure at RAS positions."""
    torque = np.tanh(x / 25) * np.tanh(y / 40)
    x, y = x / (1 + 0.05 * torque), y / (1 + 0.06 * torque)
    fissure = 9 * np.exp(-((x / 6) ** 2))
    return {
        "cerebrum": _depth(CEREBRUM, x, y, z) - fissure,
        "cerebellum": _depth(CEREBELLUM, x, y, z),
        "brain stem": _depth(BRAIN_STEM, x, y, z),
        "deep grey": _depth(DEEP_GREY, x, y, z),
    }


def _soft(depth: np.ndarray, width: float = 4.0) -> np.ndarray:
    """Return a membership 0..1 that crosses 1/2 where `depth` (mm) is zero."""
    return 0.5 * (1 + np.tanh(depth / width))


def _fields(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return the five smooth fields behind all genes, shape (n_samples, 5)."""
    depth = _anatomy(x, y, z)
    cerebellum, stem = _soft(depth["cerebellum"]), _soft(depth["brain stem"])
    cortex = _soft(14 - depth["cerebrum"]) * (1 - cerebellum) * (1 - stem)
    perisylvian = np.exp(-(((np.abs(x) - 48) / 22) ** 2 + ((y + 20) / 32) ** 2 + (z / 24) ** 2))
    return np.stack(
        [
            y / 50 + 0.5 * cortex,
            z / 40,
            1.6 * cortex - 1.6 * _soft(depth["deep grey"]),
            2.4 * cerebellum + 1.4 * stem,
            np.sin(np.abs(x) / 22 + y / 34) - 1.2 * perisylvian * np.tanh(x / 20),
        ],
        axis=1,
    )


def synthetic_brain(seed: int = 0, voxel_mm: float = 8, n_genes: int = 512) -> Expression:
    """Make a brain-shaped expression volume.

    Parameters
    ----------
    seed : int
        Of the genes and their noise; the anatomy is always the same.
    voxel_mm : float
        Edge of a voxel in millimetres; 8 gives about 3,700 samples, 4 about 29,000.
    n_genes : int
        Number of genes, named ``SYN0001`` and on. The first genes stay the same with more.

    Returns
    -------
    Expression
        Values around 0.5, nearly all in 0.3..0.7. Five smooth fields (anterior-posterior,
        superior-inferior, cortex against deep grey, hindbrain, and a lateralised one) pass
        through random Fourier features to the genes; independent noise of 0.012 is added.
    """
    shape = tuple(int(extent // voxel_mm) + 1 for extent in EXTENT_MM)
    affine = np.diag([-voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[:3, 3] = ORIGIN_MM
    voxels = np.indices(shape).reshape(3, -1)
    position = affine[:3, :3] @ voxels + affine[:3, 3:]
    depth = _anatomy(*position)
    whole = np.max([depth[part] for part in ("cerebrum", "cerebellum", "brain stem")], axis=0)
    inside = whole > 0
    fields = _fields(*position[:, inside])

    n_features = 48
    rng, noise = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    frequency = rng.normal(0, 0.9, (fields.shape[1], n_features))
    features = np.cos(fields @ frequency + rng.uniform(0, 2 * np.pi, n_features))
    features -= features.mean(axis=0)
    values = np.empty((len(fields), n_genes), np.float32)
    for gene in range(n_genes):
        loading = rng.normal(0, 1, n_features)
        signal = rng.uniform(0.04, 0.09) * (features @ loading) / np.sqrt(n_features / 2)
        values[:, gene] = 0.5 + signal + noise.normal(0, 0.012, len(fields))
    return Expression(
        values=np.clip(values, 0, 1),
        genes=tuple(f"SYN{gene:04d}" for gene in range(1, n_genes + 1)),
        samples=tuple("_".join(map(str, voxel)) for voxel in voxels[:, inside].T),
        parcellation=Parcellation.from_mask(inside.reshape(shape), affine),
        name="synthetic_brain",
        source={
            "synthetic": {"seed": seed, "voxel_mm": voxel_mm, "n_genes": n_genes},
            **recorded(OTHER),  # a drawing of a brain
        },
    )


def synthetic_regions(brain: Expression, n_regions: int = 60, seed: int = 0) -> Expression:
    """Average a voxel-wise brain in regions, as a region table with its atlas would give it.

    Parameters
    ----------
    brain : Expression
        One voxel a sample, as `synthetic_brain` makes it.
    n_regions : int
        Regions in both hemispheres together; the left has two more than the right.
    seed : int
        Of the first region centres, which k-means then moves.

    Returns
    -------
    Expression
        Samples ``L_region_01`` and on, then ``R_region_01`` and on; each region is a compact
        patch of one hemisphere, and left and right differ in number and form.
    """
    rng = np.random.default_rng(seed)
    position = brain.parcellation.centroids
    region = np.zeros(brain.n_samples, int)
    names: list[str] = []
    for side, count in (("L", n_regions // 2 + 1), ("R", (n_regions + 1) // 2 - 1)):
        members = np.flatnonzero((position[:, 0] < 0) == (side == "L"))
        points = position[members]
        centres = points[rng.choice(len(points), count, replace=False)]
        for _ in range(10):
            nearest = ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
            centres = np.stack([points[nearest == i].mean(axis=0) for i in range(count)])
        region[members] = len(names) + nearest
        names += [f"{side}_region_{i:02d}" for i in range(1, count + 1)]
    total = np.zeros((n_regions, brain.n_genes))
    np.add.at(total, region, brain.values)
    labels = np.concatenate([[0], region + 1])[brain.parcellation.labels]
    return Expression(
        values=(total / np.bincount(region)[:, None]).astype(np.float32),
        genes=brain.genes,
        samples=tuple(names),
        parcellation=Parcellation(labels.astype(np.int32), brain.parcellation.affine),
        name="synthetic_regions",
        source={**brain.source, "regions": {"n_regions": n_regions, "seed": seed}},
    )


def made_again(source: dict[str, Any]) -> Expression:
    """Return the sample that an `Expression.source` tells of.

    Raises
    ------
    UserError
        It is of a sample that this version cannot make.
    """
    try:
        made = synthetic_brain(**source["synthetic"])
        if "regions" in source:
            made = synthetic_regions(made, **source["regions"])
    except (KeyError, TypeError, ValueError):
        raise UserError("It is of a sample that this version cannot make") from None
    return made


def _write_nifti(path: Path, data: np.ndarray, affine: np.ndarray, step: float = 1) -> None:
    """Write `data` as int16 multiples of `step`, always as the same bytes."""
    import nibabel as nib

    image = nib.Nifti1Image(np.rint(data / step).astype(np.int16), affine)
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(step, 0)
    path.write_bytes(gzip.compress(image.to_bytes(), mtime=0))


def write_samples(folder: str | Path, n_genes: int = 128) -> list[Path]:
    """Write the files of `sample_data/`: a 4-D volume, and a region table with its atlas.

    Values are rounded to 0.0001. The atlas ids (left from 1, right from 101) are not row
    numbers: rows match by name through the label table.

    Returns
    -------
    list of Path
        What was written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    brain = synthetic_brain(n_genes=n_genes)
    regions = synthetic_regions(brain)
    affine = brain.parcellation.affine

    volume = np.nan_to_num(brain.parcellation.paint(np.asarray(brain.values)))
    _write_nifti(folder / "synthetic_brain.nii.gz", volume, affine, step=1e-4)
    sides = [name[0] for name in regions.samples]
    ids = [
        int(name[-2:]) + (0 if side == "L" else 100)
        for name, side in zip(regions.samples, sides, strict=True)
    ]
    atlas = np.array([0, *ids], np.int16)[regions.parcellation.labels]
    _write_nifti(folder / "synthetic_regions_atlas.nii.gz", atlas, affine)

    rows = zip(regions.samples, np.asarray(regions.values), strict=True)
    texts = {
        "synthetic_brain.genes.tsv": ["gene", *brain.genes],
        "synthetic_regions.csv": [
            ",".join(["region", *regions.genes]),
            *(",".join([name, *(f"{value:.4f}" for value in row)]) for name, row in rows),
        ],
        "synthetic_regions_labels.csv": [
            "id,label,hemisphere",
            *(",".join(map(str, row)) for row in zip(ids, regions.samples, sides, strict=True)),
        ],
        "synthetic_regions.json": [
            json.dumps(
                {
                    "atlas": "synthetic_regions_atlas.nii.gz",
                    "labels": "synthetic_regions_labels.csv",
                },
                indent=2,
            )
        ],
    }
    for name, lines in texts.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return sorted(folder.glob("synthetic_*"))


if __name__ == "__main__":
    for written in write_samples(sys.argv[1] if len(sys.argv) > 1 else "sample_data"):
        print(written)
