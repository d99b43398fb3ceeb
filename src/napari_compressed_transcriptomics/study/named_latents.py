"""Latents from NIfTI files, grouped into methods by their names, on their own voxels."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import METHODS, method_name, titles
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io.files.files import NIFTI, source_of, stem, suffix
from napari_compressed_transcriptomics.io.readers.volume import Volume, read_volume

from .latents_of_methods import NamedLatents

# As published: abagen_pca0_8mm is the first component of PCA, at 8 mm.
_NAME = re.compile(
    r"(?:(?P<data>.+)_)?(?P<method>[A-Za-z][A-Za-z-]*)(?P<component>\d{1,3})"
    r"(?:_(?P<size>\d+(?:\.\d+)?mm))?"
)
_METHODS = {"ae": "autoencoder", "t-sne": "tsne"}


class LatentName(NamedTuple):
    """What a file's name says.

    Attributes
    ----------
    data : str
        What comes before the method (``abagen``), or nothing.
    method : str
        As written, lower case (``pca``, ``ae``); the whole name where it follows no pattern.
    component : int or None
        As written; None where the name says none.
    size : str
        ``8mm``, or nothing.
    """

    data: str
    method: str
    component: int | None
    size: str

    @property
    def group(self) -> tuple[str, str, str]:
        """What the components of one method share."""
        return self.data, self.method, self.size


def latent_name(path: str | Path) -> LatentName:
    """Read data, method, component and voxel size off the name of a file."""
    found = _NAME.fullmatch(stem(path))
    if found is None:
        return LatentName("", stem(path), None, "")
    component = int(found["component"])
    return LatentName(found["data"] or "", found["method"].lower(), component, found["size"] or "")


def read_named_latents(paths: Iterable[str | Path]) -> tuple[NamedLatents, ...]:
    """Read latent images; those that differ by the number of the component are one method.

    Samples are the voxels that are no background (a constant, which need not be 0) in any
    component. Sets on the same voxels share one `Parcellation`. A file whose name says no
    component is a method of its own; so are our own ``latents.nii.gz`` with all components.

    Returns
    -------
    tuple of NamedLatents
        In the order of `methods.METHODS`, others after them. Values are those of the
        files.

    Raises
    ------
    UserError
        A file is faulty or holds labels, two files say the same component, components of one
        method are on different grids, or an image has no background to tell its brain by.
    """
    groups: dict[tuple[str, str, str], dict[int, Path]] = {}
    for path in dict.fromkeys(map(Path, paths)):
        if not suffix(path, NIFTI):
            raise UserError(f"{path.name} is no latent image; choose NIfTI (.nii.gz or .nii)")
        name = latent_name(path)
        if name.component is None:
            name = name._replace(data="" if name.group not in groups else str(path.parent.name))
        files = groups.setdefault(name.group, {})
        component = name.component or 0
        if component in files:
            raise UserError(
                f"{files[component]} and {path} are the same component of the same method; "
                "choose one of them"
            )
        files[component] = path
    if not groups:
        raise UserError("There is no latent image; choose at least one")
    places: list[Parcellation] = []
    sizes = len({size for _, _, size in groups})
    sets = [_set(group, files, places, sizes > 1) for group, files in groups.items()]
    return tuple(one for _, one in sorted(sets, key=lambda ranked: ranked[0]))


def _set(
    group: tuple[str, str, str],
    files: dict[int, Path],
    places: list[Parcellation],
    with_size: bool,
) -> tuple[tuple[int, str], NamedLatents]:
    """Return the latents of one method, and where they stand in order."""
    data, method, size = group
    numbers = sorted(files)
    volumes = [_checked(read_volume(files[number]), files[number]) for number in numbers]
    first = volumes[0]
    for volume, number in zip(volumes, numbers, strict=True):
        same = volume.data.shape[:3] == first.data.shape[:3]
        if not same or not np.allclose(volume.affine, first.affine, atol=1e-4):
            raise UserError(
                f"{files[number].name} and {files[numbers[0]].name} are on different grids; give "
                "components of one method with the same voxels"
            )
    components = [part for volume in volumes for part in _components(volume)]
    inside = np.any([there for _, there in components], axis=0)
    values = np.stack([part[inside] for part, _ in components], axis=1).astype(np.float32)
    known = method_name(_METHODS.get(method, method))
    title = "AE" if known == "autoencoder" else titles().get(known, method)
    name = "_".join(part for part in group if part)
    latents = NamedLatents(
        name=name,
        title=" ".join(part for part in (data, title, size if with_size else "") if part),
        values=values,
        parcellation=_place(inside, first.affine, places),
        record={"source": {files[number].name: source_of(files[number]) for number in numbers}},
    )
    rank = list(METHODS).index(known) if known in METHODS else len(METHODS)
    return (rank, name), latents


def _checked(volume: Volume, path: Path) -> Volume:
    if volume.kind == "labels":
        raise UserError(f"{path.name} holds labels where latents are needed; choose another file")
    return volume


def _components(volume: Volume) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return each component's values and its voxels inside the brain, both (x, y, z)."""
    data = volume.data if volume.data.ndim == 4 else volume.data[..., None]
    found = []
    for component in np.moveaxis(data, -1, 0):
        inside = np.isfinite(component)
        if volume.background is not None:
            inside &= component != np.float32(volume.background)
        if not inside.any():
            raise UserError(f"{volume.name} holds one value everywhere; choose a latent image")
        if inside.all():
            raise UserError(
                f"{volume.name} has no background that tells where its brain is; set what is "
                "outside to one constant, or NaN"
            )
        found.append((component, inside))
    return found


def _place(inside: np.ndarray, affine: np.ndarray, places: list[Parcellation]) -> Parcellation:
    """Return the voxels as samples: the parcellation that is there already, if it is the same."""
    for known in places:
        if np.array_equal(known.affine, affine) and np.array_equal(known.labels > 0, inside):
            return known
    places.append(Parcellation.from_mask(inside, affine))
    return places[-1]
