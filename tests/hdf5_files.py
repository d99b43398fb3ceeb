"""AnnData files as others write them, with one thing changed, and how they are refused."""

import h5py
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression


def write(path, phantom, *, sparse=None, names=None, **options):
    """Write AnnData as others do, with positions."""
    import anndata
    import pandas as pd
    import scipy.sparse

    values = phantom.values
    if sparse:
        values = {"csr": scipy.sparse.csr_matrix, "csc": scipy.sparse.csc_matrix}[sparse](values)
    data = anndata.AnnData(
        values,
        obs=pd.DataFrame(index=pd.Index(phantom.samples if names is None else names)),
        var=pd.DataFrame(index=list(phantom.genes)),
        obsm={"spatial": phantom.parcellation.centroids},
    )
    data.write_h5ad(path, **options)
    return path


def refuses(path, *words):
    with pytest.raises(UserError) as refusal:
        read_expression(path)
    text = str(refusal.value)
    assert text.isprintable()
    for word in (path.name, *words):
        assert word in text, text


def replaced(path, name, value=None, **options):
    with h5py.File(path, "a") as file:
        attributes = dict(file[name].attrs)
        del file[name]
        stored = file.create_dataset(name, data=value, **options)
        for key, attribute in attributes.items():
            stored.attrs[key] = attribute
