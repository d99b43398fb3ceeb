"""A gene is read from a store on a server, which may fail."""

import numpy as np
import pytest
from benchmarks.server import served

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.store import convert
from stores import small_chunks


@pytest.fixture
def server(brain, tmp_path, monkeypatch):
    small_chunks(monkeypatch)
    convert(brain, tmp_path / "brain.zarr")
    with served(tmp_path) as server:
        yield server


def test_a_gene_comes_from_a_server(brain, server):
    read = read_expression(f"{server.address}/brain.zarr")
    np.testing.assert_array_equal(read.values[:, 7], brain.values[:, 7])
    assert read.genes == brain.genes


def test_failing_server_is_told(server):
    address = f"{server.address}/brain.zarr"
    read = read_expression(address)
    server.fails = True
    with pytest.raises(UserError, match=r"server of brain\.zarr failed.*try again later"):
        read.values[:, 7]
    with pytest.raises(UserError, match=r"brain\.zarr"):
        read_expression(address)
