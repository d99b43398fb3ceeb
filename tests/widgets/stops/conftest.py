"""A window with a small brain in it, in which turns of the event loop are counted."""

import pytest

from clicking import settle
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.brain_view import attach
from phantom import make_phantom
from small import compressed


@pytest.fixture(scope="module")
def brain():
    return make_phantom()


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 4)


@pytest.fixture
def viewer(make_napari_viewer, brain):
    viewer = make_napari_viewer(show=True)
    add_expression(viewer, brain)
    attach(viewer).turns.finish()  # what is loaded ahead, which draws
    settle(30)
    return viewer
