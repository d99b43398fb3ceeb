"""Fixtures of the phantom."""

import pytest

from io_phantom import AFFINES, make_phantom
