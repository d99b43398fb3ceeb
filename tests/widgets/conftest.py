"""A viewer without a window, and a small result to show in it."""

import pytest
from napari.components import ViewerModel

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct


@pytest.fixture
def model():
    """Return a viewer model: layers, dims and camera, but no window."""
    return ViewerModel()


@pytest.fixture
def result(las):
    return reconstruct(fit_codec("pca", las, 3, device="cpu"), las, device="cpu")
