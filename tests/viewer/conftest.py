"""A viewer without a window."""

import pytest
from napari.components import ViewerModel


@pytest.fixture
def model():
    return ViewerModel()
