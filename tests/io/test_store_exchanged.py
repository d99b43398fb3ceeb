"""A store that others exchange while it is open is not taken for the one that was opened."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.zarr_shards import Shards
from napari_compressed_transcriptomics.io.writers.store import convert
from stores import small_chunks


@pytest.fixture(scope="module")
def made(brain, tmp_path_factory):
    """A store, and one of the same size with genes in another order; nobody may change them."""
    folder = tmp_path_factory.mktemp("stores")
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch)
        turned = replace(brain, values=brain.values[:, ::-1], genes=brain.genes[::-1])
        return [
            convert(one, folder / f"{name}.zarr").path
            for name, one in (("first", brain), ("second", turned))
        ]


@pytest.fixture
def path(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "brain.zarr")


def exchange(path, other):
    shutil.rmtree(path)
    shutil.copytree(other, path, copy_function=shutil.copyfile)  # written now


GENE, ROWS = (slice(None), 3), (slice(0, 300), slice(None))


@pytest.mark.parametrize("what", [GENE, ROWS], ids=["gene", "rows"])
def test_another_store_is_refused(path, made, what):
    values = read_expression(path).values
    values[what]
    exchange(path, made[1])

    with pytest.raises(UserError, match=r"brain\.zarr is another store on .*, or open it again"):
        values[what]


@pytest.mark.parametrize("what", [GENE, ROWS], ids=["gene", "rows"])
def test_another_store_is_refused_that_came_while_it_was_read(path, made, what, monkeypatch):
    values = read_expression(path).values
    read = Shards.read

    def exchanged_meanwhile(self, *args):
        found = read(self, *args)
        exchange(path, made[1])
        return found

    monkeypatch.setattr(Shards, "read", exchanged_meanwhile)
    with pytest.raises(UserError, match="is another store"):
        values[what]


def test_the_same_store_is_read_on(path, made, brain):
    values = read_expression(path).values
    exchange(path, made[0])

    np.testing.assert_array_equal(values[GENE], brain.values[GENE])


def test_a_store_that_is_gone_is_told(path):
    values = read_expression(path).values
    shutil.rmtree(path)

    with pytest.raises(UserError, match=r"There is no store .*brain\.zarr; check the path"):
        values[GENE]
