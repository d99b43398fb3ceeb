"""Writing AnnData: expression, where it lies, and what a codec made of it, in one ``.h5ad`` file.

Samples are ``obs``, genes are ``var``, values are ``X``. The place of the samples is
``uns["parcellation"]``: ``labels``, int32 (x, y, z), ``i + 1`` where the i-th of ``samples``
lies; ``affine``, (4, 4) to RAS mm; ``samples``, their names, by which the rows are found again
when they were reordered or filtered; of vertices ``surface``, their number on the left and right,
and ``coordinates`` where the mesh is not shipped; ``sha256`` of these. Results are
``obsm["X_latent"]``, ``obs["rmse"]``, ``obs["r2"]``, ``var["rmse"]``, ``var["r2"]``, and
``obs["held_out_rmse"]``, ``var["held_out_rmse"]`` where that was measured; ``uns["model"]`` is the
content of the model file, with which the result is opened again; ``uns["provenance"]`` is JSON
text.
"""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.io.files.atomic import replacing
from napari_compressed_transcriptomics.io.files.csv_style import SAFE
from napari_compressed_transcriptomics.io.files.files import H5AD, suffix
from napari_compressed_transcriptomics.io.files.overwriting import refuse_overwriting
from napari_compressed_transcriptomics.io.readers.h5ad_places import places_to_store
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT
from napari_compressed_transcriptomics.reconstruction.summary import provenance_of

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_LATENT_KEY = "X_latent"


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
        The name's ending, a target that is read-only or the expression's own source, or a
        sample or gene without a name, or with one that HDF5 cannot hold.
    """
    import pandas as pd
    from anndata import AnnData

    path = Path(path)
    if not suffix(path, H5AD):
        raise UserError(f"{path.name} must end in .h5ad")
    refuse_overwriting([path], expression.source)
    if odd := [n for n in (*expression.samples, *expression.genes) if "\0" in n or not n.strip()]:
        raise UserError(
            f"{path.name} cannot hold empty names or zero bytes ({odd[0]!r}); rename it"
        )
    obs = pd.DataFrame(index=pd.Index(expression.samples, dtype=object))
    var = pd.DataFrame(index=pd.Index(expression.genes, dtype=object))
    record: dict[str, Any] = {"name": expression.name, "source": expression.source}
    obsm, more = {}, {}
    if reconstruction is not None:
        if reconstruction.expression.samples != expression.samples:
            raise ValueError("the reconstruction is of other samples")
        record = provenance_of(reconstruction)
        obsm[_LATENT_KEY] = reconstruction.latents
        obs["rmse"], obs["r2"] = reconstruction.rmse_samples, reconstruction.r2_samples
        if reconstruction.held_out is not None:
            obs[HELD_OUT] = reconstruction.held_out.rmse_samples
        more["model"] = _model(reconstruction)
        genes = list(reconstruction.expression.genes)
        var = pd.DataFrame(reconstruction.gene_table, index=genes).reindex(var.index)
    record["excluded"] = list(expression.excluded)
    data = AnnData(
        X=expression.values,
        obs=obs,
        var=var,
        obsm=obsm,
        uns={
            "parcellation": places_to_store(expression),
            "provenance": json.dumps(SAFE.record(record, path.parent), allow_nan=False),
            **more,
        },
    )
    require_memory(2 * expression.values.nbytes, f"Writing {path.name}")
    with replacing(path) as temporary:
        temporary.write_bytes(_packed(data))
    return [path]


def _model(reconstruction: "Reconstruction") -> np.ndarray:
    """Return the bytes of the model file, uint8."""
    from napari_compressed_transcriptomics.codecs.models.model_file import save_model

    with tempfile.TemporaryDirectory() as folder:
        file = save_model(reconstruction.codec, Path(folder) / "model.safetensors")
        return np.frombuffer(file.read_bytes(), np.uint8)


def _packed(data: Any) -> bytes:
    """Return what an ``.h5ad`` file holds, made in memory: HDF5 crashes where a disk is full."""
    import h5py
    from anndata.io import write_elem

    data.strings_to_categoricals()
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        write_elem(file, "/", data, dataset_kwargs={"compression": "gzip"})
        file.flush()
        return file.id.get_file_image()
