"""A compression and its folder, which several commands are given; nobody may change them."""

import pytest

from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io.writers.results import save_results
from small import compressed


@pytest.fixture(scope="module")
def result():
    return compressed(synthetic_brain(voxel_mm=20, n_genes=30), 3)


@pytest.fixture(scope="module")
def saved(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "result"
    save_results(result, folder, {"seed": 0})
    return folder
