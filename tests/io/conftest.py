"""Fixtures of the phantom."""

import pytest

from io_phantom import AFFINES, make_phantom


@pytest.fixture(params=AFFINES)
def phantom(request):
    return make_phantom(AFFINES[request.param])


@pytest.fixture
def las():
    return make_phantom()
