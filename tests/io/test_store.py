"""A store holds what was given, whatever interrupts it, and tells when it is damaged."""

import errno
import pickle

import numpy as np
import pytest
import zarr

from commands import refused, run
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.core.provenance import array_sha256, values_sha256
from napari_compressed_transcriptomics.io import read_expression, sniff
from napari_compressed_transcriptomics.io.writers import store
from napari_compressed_transcriptomics.io.writers.store import convert, partial_of
from stores import small_chunks


@pytest.fixture(autouse=True)
def small(monkeypatch):
    small_chunks(monkeypatch)


@pytest.fixture(scope="module")
def made(brain, tmp_path_factory):
    """A store of the synthetic brain; nobody may change it."""
    with pytest.MonkeyPatch.context() as patch:
        small_chunks(patch)
        return convert(brain, tmp_path_factory.mktemp("store") / "brain.zarr").path


def test_store_gives_back_the_same_expression(brain, made):
    read = read_expression(made)

    assert isinstance(read.values, LazyValues)
    assert (read.genes, read.samples, read.name) == (brain.genes, brain.samples, brain.name)
    np.testing.assert_array_equal(read.parcellation.labels, brain.parcellation.labels)
    np.testing.assert_array_equal(read.parcellation.affine, brain.parcellation.affine)
    assert values_sha256(read.values) == array_sha256(brain.values)
    assert read.values.limits == (brain.values.min(), brain.values.max())
    assert sniff(made) == "expression"


@pytest.mark.parametrize(
    "key",
    [
        slice(None),
        slice(10, 200),
        slice(60, 64),
        3,
        [200, 5, 5, 63],
        (slice(None), 7),
        (slice(None), [9, 2]),
        (slice(None), slice(3, 6)),
        (slice(5, 70), 2),
    ],
    ids=str,
)
def test_lazy_values_are_indexed_as_an_array_is(brain, made, key):
    values = read_expression(made).values
    np.testing.assert_array_equal(values[key], brain.values[key])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(values))[key], brain.values[key])


def test_other_genes_are_selected_without_reading(brain, made):
    read = read_expression(made)
    genes = (*brain.genes[5:], "NEW")
    fill = np.full(len(genes), 0.25, np.float32)

    aligned = read.aligned_to(genes, fill)

    assert isinstance(aligned.values, LazyValues)
    there = brain.aligned_to(genes, fill)
    np.testing.assert_array_equal(np.asarray(aligned.values), there.values)
    np.testing.assert_array_equal(aligned.values[:, -1], there.values[:, -1])
    again = aligned.aligned_to(genes[::-1])
    np.testing.assert_array_equal(again.values[:, 1], there.values[:, -2])


def test_anndata_opens_it(brain, made):
    import anndata

    read = anndata.read_zarr(made)

    np.testing.assert_array_equal(read.X, brain.values)
    assert tuple(read.obs_names) == brain.samples
    assert tuple(read.var_names) == brain.genes
    np.testing.assert_allclose(read.obsm["spatial"], brain.parcellation.centroids)
    files = [path for path in (made / "X").rglob("*") if path.is_file()]
    assert len(files) - 1 == 3 * 4  # shards of 16 genes x 128 samples; and zarr.json


def test_float16_tells_how_much_it_rounds(brain, tmp_path):
    done = convert(brain, tmp_path / "half.zarr", "float16")

    error = np.abs(np.asarray(read_expression(done.path).values) - brain.values)
    assert done.rounding_max == pytest.approx(error.max())
    assert done.rounding_rms == pytest.approx(np.sqrt(np.square(error, dtype=float).mean()))
    assert 0 < done.rounding_max < 2**-11


def interrupted(expression, out, after):
    """Convert until `after` genes are there."""

    def report(progress):
        if progress.stage == "Converting" and progress.done >= after:
            raise Cancelled

    with pytest.raises(Cancelled):
        convert(expression, out, report=report)


def test_conversion_is_cancelled_within_a_group(brain, tmp_path):
    interrupted(brain, tmp_path / "soon.zarr", after=4)
    assert "after 0 of 40 genes" in convert(brain, tmp_path / "soon.zarr").notes[0]


class Counting(LazyValues):
    """Values that count how many genes are read."""

    read = 0

    def __getitem__(self, key):
        values = super().__getitem__(key)
        Counting.read += values.shape[1]
        return values


def test_interrupted_conversion_goes_on(brain, made, tmp_path):
    out = tmp_path / "again.zarr"
    source = read_expression(made)
    counting = Expression(
        Counting(source.values.matrix), source.genes, source.samples, source.parcellation, "brain"
    )
    interrupted(counting, out, after=16)
    assert not out.exists()
    assert partial_of(out).exists()
    Counting.read = 0

    done = convert(counting, out)

    assert Counting.read == brain.n_genes - 16
    assert "after 16 of 40 genes" in done.notes[0]
    assert values_sha256(read_expression(out).values) == array_sha256(brain.values)
    assert not partial_of(out).exists()


def test_a_kill_before_the_first_gene_leaves_a_beginning(brain, tmp_path, monkeypatch):
    out = tmp_path / "killed.zarr"

    def killed(writing):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store._Writing, "_write_names", killed)
        with pytest.raises(KeyboardInterrupt):
            convert(brain, out)
    assert values_sha256(read_expression(convert(brain, out).path).values) == array_sha256(
        brain.values
    )


def test_interrupted_conversion_of_other_data_begins_anew(brain, tmp_path):
    out = tmp_path / "other.zarr"
    interrupted(brain, out, after=16)
    other = brain.aligned_to(brain.genes[::-1])

    assert not convert(other, out).notes
    np.testing.assert_array_equal(np.asarray(read_expression(out).values), other.values)


def test_full_disk_keeps_what_is_done(brain, tmp_path, monkeypatch):
    out, write = tmp_path / "full.zarr", zarr.Array.__setitem__

    def full(array, key, value):
        if array.shape == brain.values.shape and key[1].start:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(array, key, value)

    with monkeypatch.context() as patch:
        patch.setattr(zarr.Array, "__setitem__", full)
        with pytest.raises(UserError, match=r"is full.*full\.zarr\.partial, convert again to go"):
            convert(brain, out)
    assert "after 16 of 40 genes" in convert(brain, out).notes[0]


def test_what_cannot_be_stored_is_refused(brain, tmp_path):
    values = brain.values.copy()
    values[3, 7] = 1e6
    large = Expression(values, brain.genes, brain.samples, brain.parcellation, "large")
    with pytest.raises(UserError, match=f"gene {brain.genes[7]} beyond float16; use float32"):
        convert(large, tmp_path / "half.zarr", "float16")
    values[3, 7] = np.nan
    with pytest.raises(UserError, match=f"gene {brain.genes[7]} that are not finite numbers"):
        convert(large, tmp_path / "nan.zarr")
    (tmp_path / "there.zarr").mkdir()
    with pytest.raises(UserError, match="is there already"):
        convert(brain, tmp_path / "there.zarr")
    with pytest.raises(UserError, match=r"must end in \.zarr"):
        convert(brain, tmp_path / "brain.h5ad")
    (partial_of(tmp_path / "mine.zarr") / "mine").mkdir(parents=True)
    with pytest.raises(UserError, match="not an interrupted conversion"):
        convert(brain, tmp_path / "mine.zarr")


# Damage


@pytest.fixture
def copied(made, tmp_path):
    import shutil

    return shutil.copytree(made, tmp_path / "copy.zarr")


def shards(path):
    return sorted(file for file in (path / "X" / "c").rglob("*") if file.is_file())


def test_damaged_chunk_is_told(copied):
    shard = shards(copied)[1]
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 0xFF
    shard.write_bytes(data)

    with pytest.raises(UserError, match=r"copy\.zarr is damaged"):
        np.asarray(read_expression(copied).values)


def test_lost_chunk_is_told(copied):
    shards(copied)[1].unlink()

    values = read_expression(copied).values
    with pytest.raises(UserError, match=r"copy\.zarr is damaged \(values are lacking\)"):
        np.asarray(values)
    with pytest.raises(UserError, match=r"copy\.zarr is damaged \(values are lacking\)"):
        values[:, list(range(0, values.shape[1], 2))]  # by Zarr


def test_cut_chunk_is_told(copied):
    shard = shards(copied)[0]
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])

    with pytest.raises(UserError, match=r"copy\.zarr is damaged"):
        np.asarray(read_expression(copied).values)


def newer(root):
    root["uns/store"].attrs.update(version=99)


def foreign(root):
    root["uns/store"].attrs.put({"encoding-type": "dict", "encoding-version": "0.1.0"})


def of_float64(root):
    root.create_array("X", shape=(2, 2), dtype="f8", compressors=None, overwrite=True)


def otherwise_packed(root):
    root.create_array("X", shape=(2, 2), dtype="f4", overwrite=True)


def in_large_chunks(root):
    chunks = (1 << 14, 1 << 13)
    root.create_array(
        "X", shape=(2, 2), chunks=chunks, dtype="f4", compressors=None, overwrite=True
    )


def with_packed_names(root):
    names = root["var/_index"][:]
    del root["var/_index"]
    root["var"].create_array("_index", shape=names.shape, dtype=str)[:] = names


def placed_twice(root):
    root["uns/parcellation/labels"][0, 0, 0] = 5000


def without_names(root):
    del root["obs"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (newer, "of version 99"),
        (foreign, "did not write"),
        (of_float64, "float64"),
        (otherwise_packed, "compressed in an unknown way .*zstd"),
        (in_large_chunks, "in chunks of"),
        (with_packed_names, "var/_index compressed in an unknown way"),
        (placed_twice, "labels"),
        (without_names, "no sound obs"),
    ],
)
def test_other_stores_are_refused(copied, change, said):
    change(zarr.open_group(copied, mode="r+"))
    with pytest.raises(UserError, match=said):
        read_expression(copied)


# From the command line


def test_convert_and_compress_on_the_command_line(brain, tmp_path, capsys):
    from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad

    source, out = tmp_path / "brain.h5ad", tmp_path / "brain.zarr"
    write_h5ad(source, brain)

    assert run("convert", source, "--out", out, "--dtype", "float16") == 0
    assert "rounded by at most" in capsys.readouterr().out
    assert run("info", out) == 0
    assert f"{brain.n_samples:,} voxels x 40 genes" in capsys.readouterr().out
    model = tmp_path / "model.safetensors"
    assert run("train", out, "--latent", 2, "--epochs", 2, "--out", model) == 0
    assert run("encode", out, "--model", model, "--out", tmp_path / "residual") == 0
    assert run("encode", out, "--model", "pca", "--latent", 2, "--out", tmp_path / "pca") == 0
    capsys.readouterr()
    assert "already" in refused(capsys, "convert", source, "--out", out)
    assert "There is no store" in refused(capsys, "info", tmp_path / "none.zarr")
