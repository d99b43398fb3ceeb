"""Files of tensors: the same bytes each time, and whatever is wrong with one told in a sentence."""

import json
import os
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from faults import refuses
from napari_compressed_transcriptomics.io.files import safetensors_file
from napari_compressed_transcriptomics.io.files.safetensors_file import (
    read_safetensors,
    write_safetensors,
)

TENSORS = {
    "weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "count": np.array(7),
    "small": np.array([1, 2, 3], np.uint8),
    "none": np.zeros((0, 5)),
}
METADATA = {"b": "2", "a": "café", "c": "3"}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.safetensors"
    write_safetensors(path, METADATA, TENSORS)
    return path


def with_header(path, header, numbers=bytes(16)):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + numbers)
    return path


refused = partial(refuses, read=read_safetensors)


def test_what_is_written_is_read_here_and_by_the_library(path):
    from safetensors import safe_open

    metadata, tensors = read_safetensors(path)
    assert metadata == METADATA
    assert tensors.keys() == TENSORS.keys()
    with safe_open(path, "numpy") as opened:
        assert opened.metadata() == METADATA
        for name, tensor in TENSORS.items():
            for found in (tensors[name], opened.get_tensor(name)):
                assert_array_equal(found, tensor)
                assert (found.dtype, found.shape) == (tensor.dtype, tensor.shape)
    assert all(tensor.flags.writeable and tensor.flags.aligned for tensor in tensors.values())


def test_what_the_library_writes_is_read(tmp_path):
    from safetensors.numpy import save_file

    save_file(TENSORS, tmp_path / "theirs.safetensors", METADATA)
    metadata, tensors = read_safetensors(tmp_path / "theirs.safetensors")
    assert metadata == METADATA
    for name, tensor in TENSORS.items():
        assert_array_equal(tensors[name], tensor)


def test_order_does_not_change_a_byte(path, tmp_path):
    other = tmp_path / "other.safetensors"
    write_safetensors(other, *(dict(reversed(x.items())) for x in (METADATA, TENSORS)))
    assert other.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("size", [50_000, 500_000])
def test_a_file_that_changes_while_it_is_read(path, monkeypatch, size):
    write_safetensors(path, METADATA, {"large": np.zeros(50_000, np.float32)})
    monkeypatch.setattr(safetensors_file, "require_memory", lambda *_: os.truncate(path, size))
    refused(path, "changed while it was read")


def test_more_than_the_memory_there_is(path, monkeypatch):
    from napari_compressed_transcriptomics.core import memory

    monkeypatch.setattr(memory, "available_memory", lambda: 100)
    refused(path, "memory")


ENTRY = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (b"[" * 3000, "recursion"),
        (b"not json", ""),
        (b"[1]", "not a JSON object"),
        ({"__metadata__": {"a": 1}}, "metadata"),
        ({"__metadata__": None}, "metadata"),
        ({"x": 3}, ""),
        ({"x": {}}, "lacks 'dtype'"),
        ({"x": {**ENTRY, "dtype": "BF16"}}, "kind BF16"),
        ({"x": {**ENTRY, "dtype": "F8_E4M3"}}, "kind F8_E4M3"),
        ({"x": {**ENTRY, "dtype": []}}, ""),
        ({"x": {**ENTRY, "shape": [2**40, 2**40]}}, "does not fit"),
        ({"x": {**ENTRY, "shape": [-4]}}, "whole number"),
        ({"x": {**ENTRY, "shape": [4.0]}}, "whole number"),
        ({"x": {**ENTRY, "shape": [True, 4]}}, "whole number"),
        ({"x": {**ENTRY, "shape": [1] * 9 + [4]}}, "axes"),
        ({"x": {**ENTRY, "shape": None}}, ""),
        ({"x": {**ENTRY, "data_offsets": [0, 2**60]}}, "does not fit"),
        ({"x": {**ENTRY, "data_offsets": [16, 0]}}, "does not fit"),
        ({"x": {**ENTRY, "data_offsets": [0]}}, ""),
        ({"x": {**ENTRY, "shape": [3], "data_offsets": [0, 12]}}, "12 bytes, it holds 16"),
        ({"x": {**ENTRY, "shape": [3], "data_offsets": [4, 16]}}, "gaps"),
        ({"x": ENTRY, "y": ENTRY}, "overlap"),
    ],
)
def test_a_header_that_is_wrong(tmp_path, header, word):
    refused(with_header(tmp_path / "x.safetensors", header), word)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file(tmp_path, kind):
    path = tmp_path / "x.safetensors"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    refused(path, kind)
