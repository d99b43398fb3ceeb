"""NIfTI files that change while they are read or since they were written, or fill the memory."""

import gzip
import hashlib
import os
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

from faults import refuses, refuses_volume
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io import read_expression, read_volume
from napari_compressed_transcriptomics.io.files import read_ahead
from napari_compressed_transcriptomics.io.files.files import source_of
from napari_compressed_transcriptomics.io.files.nifti import blocks, write_volume
from napari_compressed_transcriptomics.io.files.nifti_header import read_header
from napari_compressed_transcriptomics.io.readers import nifti_expression
from napari_compressed_transcriptomics.io.readers.nifti_expression import SAMPLE_BYTES
from phantom import make_phantom


def cut(path):
    os.truncate(path, path.stat().st_size - 200)


def grow(path):
    path.write_bytes(path.read_bytes() * 2)


def touch(path):
    os.utime(path, ns=(0, 0))


@pytest.mark.parametrize("change", [cut, grow, touch])
def test_file_that_changes_while_it_is_read(volume, change):
    """After its header, and after its data but before its hash is known."""
    header = read_header(volume)
    change(volume)
    with pytest.raises(UserError, match=r"map\.nii changed while it was read"):
        list(blocks(header))
    with pytest.raises(UserError, match=r"map\.nii changed while it was read"):
        source_of(volume, header.state)


def test_file_that_changes_while_it_is_hashed_beside(las, tmp_path, monkeypatch):
    """A large file is hashed in a thread; what its data were and what was hashed is one file."""
    path = tmp_path / "x.nii"
    nib.save(nib.Nifti1Image(las.parcellation.paint(las.values), np.eye(4)), path)
    monkeypatch.setattr(read_ahead, "_LARGE", 0)
    monkeypatch.setattr(nifti_expression, "_BLOCK_BYTES", 1)  # two genes a block, read ahead
    read = read_expression(path)
    assert read.source["expression"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()

    def changes(*arguments):
        touch(path)
        return Parcellation.from_mask(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(nifti_expression, "Parcellation", SimpleNamespace(from_mask=changes))
        refuses(path, "changed while it was read")
    path.write_bytes(path.read_bytes()[:-4])
    refuses(path, "cut short")


def test_hashing_ends_with_the_reading(tmp_path, monkeypatch):
    """Not minutes after the file was refused."""
    path = tmp_path / "large"
    path.write_bytes(bytes(10))
    monkeypatch.setattr(read_ahead, "_LARGE", 0)
    stops = []
    monkeypatch.setattr(read_ahead, "file_sha256", lambda path, stop: stops.append(stop))
    with pytest.raises(ValueError, match="faulty"), read_ahead.hashing(path):
        raise ValueError("faulty")
    assert stops[0]()


def test_errors_of_what_is_read_ahead_reach_the_reader():
    def items():
        yield 1
        yield 2
        raise UserError("cut short")

    read = read_ahead.ahead(items())
    assert [next(read), next(read)] == [1, 2]
    with pytest.raises(UserError, match="cut short"):
        next(read)


def test_file_that_goes_while_it_is_read(volume):
    header = read_header(volume)
    volume.unlink()
    with pytest.raises(UserError, match="There is no file"):
        list(blocks(header))


def test_packed_file_that_changes_while_it_is_read(volume):
    packed = volume.with_name("map.nii.gz")
    packed.write_bytes(gzip.compress(volume.read_bytes()))
    header = read_header(packed)
    reading = blocks(header)
    next(reading)
    touch(packed)
    with pytest.raises(UserError, match=r"map\.nii\.gz changed while it was read"):
        next(reading)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_our_files_are_as_they_were_written(las, tmp_path, ending):
    """Plain .nii has no checksum: one flipped bit of a value gives another value."""
    volume = las.parcellation.paint(las.values)
    path, sidecar = write_volume(
        tmp_path / f"x{ending}", volume, np.eye(4), kind="expression", provenance={}
    )
    assert read_expression(path).samples == las.samples
    nib.save(nib.Nifti1Image(volume + np.float32(1e-3), np.eye(4)), path)
    refuses(path, "changed since it was written", "x.json")
    nib.save(nib.Nifti1Image(volume[..., 0], np.eye(4)), path)
    refuses_volume(path, "changed since it was written", "x.json")
    sidecar.unlink()
    assert read_volume(path).data.shape == volume.shape[:3]


def test_our_files_may_be_renamed_unpacked_and_lie_beside_others_sidecars(las, tmp_path):
    volume = las.parcellation.paint(las.values)
    path, sidecar = write_volume(
        tmp_path / "x.nii.gz", volume, np.eye(4), kind="expression", provenance={}
    )
    (tmp_path / "y.json").write_bytes(sidecar.read_bytes())
    assert read_expression(path.rename(tmp_path / "y.nii.gz")).n_genes == las.n_genes
    (tmp_path / "y.nii").write_bytes(gzip.decompress((tmp_path / "y.nii.gz").read_bytes()))
    assert read_expression(tmp_path / "y.nii").n_genes == las.n_genes
    nib.save(nib.Nifti1Image(volume[..., 0], np.eye(4)), tmp_path / "y.nii.gz")
    for text in ("not json", '{"sha256": "of something else"}'):
        (tmp_path / "y.json").write_text(text)
        assert read_volume(tmp_path / "y.nii.gz").kind == "image"


# Memory


def test_small_file_that_unpacks_to_more_than_memory_is_refused(volume, monkeypatch):
    from napari_compressed_transcriptomics.core import memory

    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    refuses_volume(volume, "memory")


def test_expression_larger_than_memory_is_refused_once_counted(tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.core import memory

    big = make_phantom(genes=tuple(f"G{i}" for i in range(60)))
    image = nib.Nifti1Image(big.parcellation.paint(big.values), np.eye(4))
    nib.save(image, tmp_path / "big.nii.gz")
    need = big.values.nbytes + SAMPLE_BYTES * big.n_samples
    monkeypatch.setattr(memory, "available_memory", lambda: need)
    assert read_expression(tmp_path / "big.nii.gz").n_genes == 60
    monkeypatch.setattr(memory, "available_memory", lambda: need - 1)
    refuses(tmp_path / "big.nii.gz", "voxels inside", "memory")


def test_voxels_that_join_later_count_twice(tmp_path, monkeypatch):
    """Their parts are joined by copying; few bytes packed are many values."""
    from napari_compressed_transcriptomics.core import memory

    monkeypatch.setattr(nifti_expression, "_BLOCK_BYTES", 1 << 14)  # two genes a block
    stack = np.zeros((10, 10, 10, 60), np.float32)
    stack[5:, :, :, 1], stack[:5, :, :, 30] = 1, 1
    path = tmp_path / "late.nii.gz"
    nib.save(nib.Nifti1Image(stack, np.eye(4)), path)
    assert path.stat().st_size < 20_000
    done = 500 * 30  # values of the first part that are taken already
    need = 4 * (2 * stack.size - done) + SAMPLE_BYTES * 1000
    monkeypatch.setattr(memory, "available_memory", lambda: need)
    read = read_expression(path)
    np.testing.assert_array_equal(read.values, stack.reshape(1000, 60))
    monkeypatch.setattr(memory, "available_memory", lambda: need - 1)
    refuses(path, "1,000 voxels inside", "memory")


def test_blocks_of_large_volumes_count(las, tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.core import memory

    nib.save(nib.Nifti1Image(las.parcellation.paint(las.values), np.eye(4)), tmp_path / "x.nii")
    monkeypatch.setattr(nifti_expression, "_BLOCK_BYTES", 1000)
    need = 210 * (16 + 2 * (4 + 24))
    monkeypatch.setattr(memory, "available_memory", lambda: need)
    assert read_expression(tmp_path / "x.nii").n_genes == las.n_genes
    monkeypatch.setattr(memory, "available_memory", lambda: need - 1)
    refuses(tmp_path / "x.nii", "A part of x.nii", "memory")
