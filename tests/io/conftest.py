"""The asymmetric phantom, in every affine."""

import pytest

from phantom import AFFINES, make_phantom


@pytest.fixture(params=AFFINES)
def phantom(request):
    return make_phantom(AFFINES[request.param])


@pytest.fixture
def las():
    return make_phantom()
