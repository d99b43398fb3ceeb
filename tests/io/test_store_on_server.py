"""A gene is read from a store on a server, which may fail."""

import pickle

import numpy as np
import pytest
from benchmarks.server import served

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files import zarr_store
from napari_compressed_transcriptomics.io.readers import store
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import (
    ValuesElsewhere,
    waits_for,
)
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
    with pytest.raises(UserError, match=r"server of brain\.zarr failed \(500 I.*\); try again"):
        read.values[:, 7]
    with pytest.raises(UserError, match=r"brain\.zarr"):
        read_expression(address)


def test_genes_that_were_read_are_not_asked_for_again(brain, server):
    values = read_expression(f"{server.address}/brain.zarr").values
    assert waits_for(values, 7)
    values[:, 7]
    assert not waits_for(values, 7)
    server.fails = True
    np.testing.assert_array_equal(values[:, 7], brain.values[:, 7])
    others = values.select([3, 7, -1], np.zeros(3, np.float32))
    assert [waits_for(others, column) for column in range(3)] == [True, False, False]
    elsewhere = ValuesElsewhere("brain", values.shape)
    elsewhere.bring(values)
    assert [elsewhere.waits_for(column) for column in (3, 7)] == [True, False]
    assert waits_for(pickle.loads(pickle.dumps(values)), 7)


def test_only_the_genes_read_last_are_kept(server, monkeypatch):
    monkeypatch.setattr(store, "_COLUMNS_KEPT", 2)
    values = read_expression(f"{server.address}/brain.zarr").values
    for column in (1, 2, 1, 3):
        values[:, column]
    assert [waits_for(values, column) for column in (1, 2, 3)] == [False, True, False]


def test_an_address_with_no_store_is_told(server):
    with pytest.raises(UserError, match=r"no store at http.*brian\.zarr; check the address"):
        read_expression(f"{server.address}/brian.zarr")


def test_a_server_that_sends_nothing_has_failed(server, monkeypatch):
    monkeypatch.setattr(zarr_store, "_PATIENCE", 0.2)
    read = read_expression(f"{server.address}/brain.zarr")
    server.delay = 60
    with pytest.raises(UserError, match=r"server of brain\.zarr failed .*try again later"):
        read.values[:, 7]
    server.delay = 0
