"""Latents from NIfTI files, grouped into methods by their names, on their own voxels."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import METHODS, method_name, titles
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io.files.files import NIFTI, source_of, suffix
from napari_compressed_transcriptomics.io.readers.latents.components import read_components
from napari_compressed_transcriptomics.io.readers.latents.names import latent_name

from .latents_of_methods import NamedLatents

_METHODS = {"ae": "autoencoder", "t-sne": "tsne"}


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
            raise UserError(f"{path.name} is not a latent image; choose NIfTI (.nii.gz or .nii)")
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
    group: tuple[str, str, str], files: dict[int, Path], places: list[Parcellation], with_size: bool
) -> tuple[tuple[int, str], NamedLatents]:
    """Return the latents of one method, and where they stand in order."""
    data, method, size = group
    numbers = sorted(files)
    read = read_components([files[number] for number in numbers])
    known = method_name(_METHODS.get(method, method))
    title = "AE" if known == "autoencoder" else titles().get(known, method)
    name = "_".join(part for part in group if part)
    latents = NamedLatents(
        name=name,
        title=" ".join(part for part in (data, title, size if with_size else "") if part),
        values=read.values,
        parcellation=_place(read.inside, read.affine, places),
        record={"source": {files[number].name: source_of(files[number]) for number in numbers}},
    )
    rank = list(METHODS).index(known) if known in METHODS else len(METHODS)
    return (rank, name), latents


def _place(inside: np.ndarray, affine: np.ndarray, places: list[Parcellation]) -> Parcellation:
    """Return the voxels as samples: the parcellation that is there already, if it is the same."""
    for known in places:
        if np.array_equal(known.affine, affine) and np.array_equal(known.labels > 0, inside):
            return known
    places.append(Parcellation.from_mask(inside, affine))
    return places[-1]
