"""AnnData: expression, where it lies, and what a codec made of it, in one ``.h5ad`` file.

Samples are ``obs``, genes are ``var``, values are ``X``. The place of the samples is
``uns["parcellation"]`` (``labels``: int32 (x, y, z), ``i + 1`` where row ``i`` lies;
``affine``: (4, 4) to RAS mm). Results are ``obsm["X_latent"]``, ``obs["rmse"]``,
``obs["r2"]``, ``var["rmse"]``, ``var["r2"]``; ``uns["provenance"]`` is JSON text.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.summary import provenance_of

from .assemble import assemble
from .atomic import refuse_overwriting, replacing
from .files import H5AD, atlas_of, existing_file, looks_like, source_of, suffix
from .style import SAFE
from .table import Table, table_expression

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.reconstruction import Reconstruction

LATENT_KEY = "X_latent"
_SPATIAL_KEYS = ("spatial", "X_spatial")
_LEAST_FILLED = 1 / 200  # of a grid that voxels of a brain fill


def write_h5ad(
    path: str | Path, expression: Expression, reconstruction: "Reconstruction | None" = None
) -> list[Path]:
    """Write expression, and latents and errors where there are any.

    Parameters
    ----------
    path : str or Path
        Ends in ``.h5ad``.
    expression : Expression
    reconstruction : Reconstruction, optional
        Of the same samples. Genes that it does not have get NaN errors.

    Returns
    -------
    list of Path
        The one file.

    Raises
    ------
    UserError
        The name's ending, or a target that is read-only or the expression's own source.
    """
    import pandas as pd
    from anndata import AnnData

    path = Path(path)
    if not suffix(path, H5AD):
        raise UserError(f"{path.name} must end in .h5ad")
    refuse_overwriting([path], expression.source)
    obs = pd.DataFrame(index=pd.Index(expression.samples, dtype=object))
    var = pd.DataFrame(index=pd.Index(expression.genes, dtype=object))
    record: dict[str, Any] = {"name": expression.name, "source": expression.source}
    obsm = {}
    if reconstruction is not None:
        if reconstruction.expression.samples != expression.samples:
            raise ValueError("the reconstruction is of other samples")
        record = provenance_of(reconstruction)
        obsm[LATENT_KEY] = reconstruction.latents
        obs["rmse"], obs["r2"] = reconstruction.rmse_samples, reconstruction.r2_samples
        genes = list(reconstruction.expression.genes)
        var = pd.DataFrame(reconstruction.gene_table, index=genes).reindex(var.index)
    record["excluded"] = list(expression.excluded)
    parcellation = expression.parcellation
    data = AnnData(
        X=expression.values,
        obs=obs,
        var=var,
        obsm=obsm,
        uns={
            "parcellation": {"labels": parcellation.labels, "affine": parcellation.affine},
            "provenance": json.dumps(SAFE.record(record, path.parent), allow_nan=False),
        },
    )
    require_memory(2 * expression.values.nbytes, f"Writing {path.name}")
    with replacing(path) as temporary:
        temporary.write_bytes(_packed(data))
    return [path]


def _packed(data: Any) -> bytes:
    """Return what an ``.h5ad`` file holds, made in memory: HDF5 crashes where a disk is full."""
    import h5py
    from anndata.io import write_elem

    data.strings_to_categoricals()
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        write_elem(file, "/", data, dataset_kwargs={"compression": "gzip"})
        file.flush()
        return file.id.get_file_image()


def read_h5ad(
    path: str | Path,
    atlas: str | Path | None = None,
    labels: str | Path | None = None,
    impute: str | None = None,
) -> Expression:
    """Read expression from AnnData: its parcellation, else voxel positions, else an atlas.

    Positions are ``obsm["spatial"]``, RAS mm on a regular grid. A file without either is read
    as a table, its ``obs_names`` being the names of the rows. With an atlas, voxels are
    averaged over its regions.

    Raises
    ------
    UserError
        The file is damaged or no AnnData, or its samples have no place.
    """
    from .regions import mean_over_regions

    path = existing_file(path)
    with _anndata_in(path) as file:
        n_samples, n_genes = _shape(path, file)
        samples = _names(path, file, "obs", n_samples)
        genes = _names(path, file, "var", n_genes)
        values = _values(path, file)
        parcellation, excluded = _parcellation(path, file, len(samples))
        notes = []
        if parcellation is None and (positions := _positions(file)) is not None:
            parcellation, note = _on_grid(path, positions, len(samples))
            notes.append(note)
    atlas_path, labels_path = atlas_of(path, atlas, labels)
    by_voxel = parcellation is not None and (parcellation.voxels_per_sample == 1).all()
    if atlas_path is not None and not by_voxel and (atlas or parcellation is None):
        return table_expression(
            Table(path, genes, {"label": samples}, values), atlas_path, labels_path, impute
        )
    if parcellation is None:
        raise UserError(
            f"{path.name} does not say where its samples lie; add obsm['spatial'] (x, y, z in mm) "
            "or give an atlas"
        )
    expression = assemble(
        values,
        genes,
        samples,
        parcellation.labels,
        parcellation.affine,
        path=path,
        impute=impute,
        notes=notes,
        excluded=excluded,
        source={"expression": source_of(path)},
    )
    return mean_over_regions(expression, path, atlas, labels) if atlas else expression


@contextmanager
def _anndata_in(path: Path) -> Iterator[Any]:
    import h5py

    if not h5py.is_hdf5(path):
        with open(path, "rb") as start:
            what = looks_like(start.read(64))
        raise UserError(f"{path.name} is not AnnData (HDF5) but {what}; get the file again")
    try:
        with h5py.File(path, "r") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the file's age
            if not all(key in file for key in ("X", "obs", "var")):
                raise UserError(f"{path.name} is HDF5 without X, obs and var; choose AnnData")
            yield file
    except UserError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:100]
        raise UserError(f"{path.name} is damaged ({reason}); get the file again") from None


def _read(path: Path, element: Any) -> Any:
    """Read an element of the file, once its size has been compared with memory."""
    import h5py
    from anndata.io import read_elem

    sizes: list[int] = []

    def count(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            # A string takes about as much as a pointer in the file, and far more in memory.
            sizes.append(item.size * (100 if item.dtype.kind == "O" else 2 * item.dtype.itemsize))

    if isinstance(element, h5py.Group):
        element.visititems(count)
    count("", element)
    require_memory(sum(sizes), path.name)
    return read_elem(element)


def _shape(path: Path, file: Any) -> tuple[int, int]:
    """Return (samples, genes) as X states them, dense or sparse, if memory can take them."""
    stored = getattr(file["X"], "shape", file["X"].attrs.get("shape", ()))
    if len(stored) != 2:
        raise UserError(f"{path.name} has X of shape {tuple(stored)}; it needs samples x genes")
    n_samples, n_genes = int(stored[0]), int(stored[1])
    require_memory(n_samples * n_genes * 4, path.name)
    return n_samples, n_genes


def _names(path: Path, file: Any, axis: str, n: int) -> list[str]:
    group = file[axis]
    if "_index" not in group.attrs:
        raise UserError(f"{path.name} is of an old AnnData version; write it anew with anndata")
    element = group[group.attrs["_index"]]
    if len(element) != n and hasattr(element, "shape"):
        raise UserError(f"{path.name} has {len(element)} names in {axis} for {n} in X; mend it")
    return [str(name) for name in _read(path, element)]


def _values(path: Path, file: Any) -> np.ndarray:
    values = _read(path, file["X"])
    if hasattr(values, "toarray"):
        values = values.toarray()
    if values.dtype.kind not in "iufb":
        raise UserError(f"{path.name} has X of type {values.dtype}; store numbers")
    with np.errstate(over="ignore"):
        return np.asarray(values, np.float32)


def _parcellation(
    path: Path, file: Any, n_samples: int
) -> tuple[Parcellation | None, tuple[str, ...]]:
    """Return what our writer put there, and the names of the samples that it left out."""
    stored = file.get("uns/parcellation")
    if stored is None or not {"labels", "affine"} <= set(stored):
        return None, ()
    labels, affine = _read(path, stored["labels"]), np.asarray(_read(path, stored["affine"]))
    right = labels.ndim == 3 and labels.dtype.kind in "iu" and affine.shape == (4, 4)
    if not right or not np.isfinite(affine).all() or np.linalg.det(affine) == 0:
        raise UserError(
            f"{path.name} has an unusable uns['parcellation']; it needs labels (x, y, z), whole "
            "numbers, and an affine (4, 4)"
        )
    if not np.array_equal(np.union1d(labels, 0), np.arange(n_samples + 1)):
        raise UserError(
            f"{path.name} has labels in uns['parcellation'] that are not 1 to {n_samples}, its "
            "number of samples; write it anew"
        )
    try:
        excluded = json.loads(_read(path, file["uns/provenance"]))["excluded"]
    except (KeyError, TypeError, ValueError):
        excluded = []
    return Parcellation(labels.astype(np.int32), affine.astype(float)), tuple(map(str, excluded))


def _positions(file: Any) -> np.ndarray | None:
    for key in _SPATIAL_KEYS:
        if (stored := file.get(f"obsm/{key}")) is not None and hasattr(stored, "shape"):
            return np.asarray(stored[...], float)
    return None


def _on_grid(path: Path, positions: np.ndarray, n_samples: int) -> tuple[Parcellation, str]:
    """Turn positions in mm, shape (n_samples, 3), into voxels of the grid that they lie on."""
    if positions.ndim != 2 or positions.shape[1] != 3:
        n = positions.shape[1] if positions.ndim == 2 else positions.ndim
        raise UserError(
            f"{path.name} has {n} coordinates a sample in obsm['spatial'] where x, y and z in mm "
            "are needed; a flat section has no place in the brain's volume"
        )
    if len(positions) != n_samples or not np.isfinite(positions).all():
        raise UserError(f"{path.name} lacks valid positions of some samples in obsm['spatial']")
    origin = positions.min(axis=0)
    steps = np.array([_step(column) for column in positions.T])
    if not steps.any():
        raise UserError(f"{path.name} has all samples at one position; mend obsm['spatial']")
    steps[steps == 0] = steps[steps > 0].min()  # a single plane is one voxel thick
    index = (positions - origin) / steps
    voxels = np.rint(index).astype(np.int64)
    shape = tuple(int(n) for n in voxels.max(axis=0) + 1)
    sparse = n_samples < _LEAST_FILLED * np.prod(shape, dtype=float)
    if sparse or np.abs(index - voxels).max() > 0.05:
        raise UserError(
            f"{path.name} has positions in obsm['spatial'] that lie on no regular grid; "
            "interpolate them to voxels, or average them in the regions of an atlas first"
        )
    labels = np.zeros(shape, np.int32)
    labels[tuple(voxels.T)] = np.arange(1, n_samples + 1)
    if np.count_nonzero(labels) < n_samples:
        raise UserError(f"{path.name} has several samples at one position; keep one of each")
    affine = np.diag([*steps, 1.0])
    affine[:3, 3] = origin
    size = " x ".join(f"{step:.4g}" for step in steps)
    return Parcellation(labels, affine), f"Positions are taken as RAS mm on a grid of {size} mm"


def _step(column: np.ndarray) -> float:
    """Return the grid step along one axis, 0 where all coordinates are the same."""
    different = np.unique(column)
    gaps = np.diff(different)
    gaps = gaps[gaps > 1e-3]  # nearer than a micrometre is the same, but for rounding
    if not gaps.size:
        return 0.0
    extent = different[-1] - different[0]
    return float(extent / np.rint(extent / gaps.min()))
