"""Blocks of a store are unpacked from its files just as Zarr unpacks them."""

from threading import Barrier

import numpy as np
import pytest
import zarr

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files import zarr_shards
from napari_compressed_transcriptomics.io.files.zarr_shards import Shards, require_finite
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.io.writers.zarr_elements import compressors
from stores import small_chunks


@pytest.fixture(scope="module", params=["float32", "float16"])
def made(request, brain, tmp_path_factory):
    """A store in chunks of 64 x 4, 4 x 4 of which lie in a file; nobody may change it."""
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch)
        out = tmp_path_factory.mktemp("shards") / "brain.zarr"
        return convert(brain.aligned_to(brain.genes[:-1]), out, request.param).path


@pytest.mark.parametrize("columns", [(0, 39), (3, 39), (4, 20), (5, 6), (14, 35), (17, 19)])
@pytest.mark.parametrize("rows", [(0, 64), (60, 70), (200, 290), (256, 300)])
@pytest.mark.parametrize("cores", [1, 8])
def test_any_block_is_what_zarr_reads(made, monkeypatch, rows, columns, cores):
    monkeypatch.setattr(zarr_shards, "usable_cores", lambda: cores)
    monkeypatch.setattr(zarr_shards, "_GROUP_BYTES", 3 * 4 * 64 * 4)  # two or three chunks
    array = zarr.open_array(made / "X", mode="r")

    found = Shards.of(made / "X", array).read(range(*rows), range(*columns))

    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, array[slice(*rows), slice(*columns)])


def test_one_core_unpacks_two_files_as_they_wait_for_the_disk_by_turns(made, monkeypatch):
    both, read_file = Barrier(2, timeout=20), Shards._read_file

    def wait_and_read(*given):
        both.wait()  # nobody comes beyond it alone
        read_file(*given)

    monkeypatch.setattr(zarr_shards, "usable_cores", lambda: 1)
    monkeypatch.setattr(Shards, "_read_file", wait_and_read)
    array = zarr.open_array(made / "X", mode="r")

    found = Shards.of(made / "X", array).read(range(64), range(32))  # of two files

    np.testing.assert_array_equal(found, array[:64, :32])


def test_threads_use_the_memory_of_those_before_them(made, monkeypatch):
    monkeypatch.setattr(zarr_shards, "usable_cores", lambda: 1)  # two threads
    shards, taken = Shards.of(made / "X", zarr.open_array(made / "X", mode="r")), []
    unpack = zarr_shards._unpack

    def noting(file, at, into):
        taken.append(into.base)  # and kept, so that no other gets its place
        unpack(file, at, into)

    monkeypatch.setattr(zarr_shards, "_unpack", noting)

    for _ in range(3):
        shards.read(range(64), range(39))  # of three files

    assert len({id(buffer) for buffer in taken}) in (1, 2)


def test_a_chunk_that_was_never_written_is_lacking(made, tmp_path):
    there = zarr.open_array(made / "X", mode="r")
    same = ("shape", "chunks", "shards", "dtype", "compressors")
    how = {name: getattr(there, name) for name in same}
    array = zarr.create_array(tmp_path / "X", **how, fill_value=np.nan)
    array[:64, :4] = there[:64, :4]

    shards = Shards.of(tmp_path / "X", array)

    np.testing.assert_array_equal(shards.read(range(64), range(4)), array[:64, :4])
    for rows, columns in ((65, (0, 4)), (64, (3, 5)), (300, (38, 39))):
        with pytest.raises(ValueError, match="values are lacking"):
            shards.read(range(rows), range(*columns))


@pytest.mark.parametrize("columns", [(0, 8), (5, 6)], ids=["chunks", "part of one"])
def test_a_value_that_is_no_number_is_lacking(made, tmp_path, columns):
    there = zarr.open_array(made / "X", mode="r")
    how = {name: getattr(there, name) for name in ("shards", "chunks", "compressors")}
    values = there[...]
    values[7, 5] = np.nan
    shards = Shards.of(tmp_path / "X", zarr.create_array(tmp_path / "X", data=values, **how))

    shards.read(range(64, 128), range(*columns))
    with pytest.raises(ValueError, match="values are lacking"):
        shards.read(range(64), range(*columns))


def test_large_values_are_not_lacking():
    require_finite(np.full(9, 3e38, np.float32))


@pytest.mark.parametrize("place", [0.1, 0.5, -2])
def test_any_damage_is_told(made, tmp_path, place):
    import shutil

    copy = shutil.copytree(made, tmp_path / "copy.zarr")
    file = copy / "X" / "c" / "0" / "0"
    data = bytearray(file.read_bytes())
    data[place if place < 0 else int(place * len(data))] ^= 1
    file.write_bytes(data)

    with pytest.raises(UserError, match=r"copy\.zarr is damaged \(a checksum does not match\)"):
        np.asarray(read_expression(copy).values)


@pytest.mark.parametrize(
    "how",
    [
        {"compressors": None},
        {"compressors": compressors(), "chunk_key_encoding": {"name": "default", "separator": "."}},
    ],
    ids=["not packed", "other names of files"],
)
def test_what_is_packed_otherwise_is_left_to_zarr(tmp_path, how):
    array = zarr.create_array(
        tmp_path, shape=(8, 8), chunks=(2, 2), shards=(4, 4), dtype="f4", **how
    )
    assert Shards.of(tmp_path, array) is None
