"""AnnData files as others write them, with one thing changed."""

import h5py


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


def replaced(path, name, value=None, **options):
    with h5py.File(path, "a") as file:
        attributes = dict(file[name].attrs)
        del file[name]
        stored = file.create_dataset(name, data=value, **options)
        for key, attribute in attributes.items():
            stored.attrs[key] = attribute
