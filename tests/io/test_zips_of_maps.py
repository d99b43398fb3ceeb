"""Maps in zip archives, of a gene or of all: read exactly, or refused in one sentence."""

import os
import stat
import struct
import zipfile

import numpy as np
import pytest

from gene_maps import GENES, as_bytes, log_phantom, maps_of, zipped
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files import zip_member
from napari_compressed_transcriptomics.io.files.files import existing_file
from napari_compressed_transcriptomics.io.readers.gene_volumes import plan
from phantom import AFFINES


def refused(paths, **how):
    with pytest.raises(UserError) as error:
        read_expression(paths, **how)
    return str(error.value)


HOSTILE = {
    "names outside": (lambda content: {"../990001_mRNA.nii": content}, "outside itself"),
    "absolute": (lambda content: {"/990001_mRNA.nii": content}, "outside itself"),
    "a bomb": (lambda content: {"990001_mRNA.nii": content[:352] + bytes(5_000_000)}, "too long"),
    "cut": (lambda content: {"990001_mRNA.nii": content[:-8]}, "cut short"),
    "no NIfTI": (lambda content: {"990001_mRNA.nii": b"text" * 100}, "is not NIfTI"),
    "two of a gene": (lambda content: {"a/1_mRNA.nii": content, "b/1_mRNA.nii": content}, "both"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_zips(case, tmp_path):
    make, words = HOSTILE[case]
    volume = maps_of(log_phantom())["990001"]
    path = zipped(tmp_path / "990001.zip", _=make(as_bytes(volume, AFFINES["LAS"])))
    assert words in refused(path)
    assert os.listdir(tmp_path) == ["990001.zip"]


def test_a_zip_of_the_whole_set(tmp_path, monkeypatch):
    """As of 18,686 genes, which take zip64; it is listed and hashed once, not for each gene."""
    phantom, hashed = log_phantom(), []
    affine = phantom.parcellation.affine
    whole = {f"{gene}_mRNA.nii": as_bytes(map_, affine) for gene, map_ in maps_of(phantom).items()}
    with monkeypatch.context() as patch:
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
        path = zipped(tmp_path / "set.zip", _=whole)
    raw = path.read_bytes()
    assert b"PK\6\6" in raw
    monkeypatch.setattr(plan, "file_sha256", lambda path: hashed.append(path) or "hash")
    before = zip_member._listed.cache_info().misses

    read = read_expression(path)

    assert read.genes == GENES
    np.testing.assert_array_equal(read.values, phantom.values)
    assert hashed.count(path) == 1
    assert zip_member._listed.cache_info().misses == before + 1
    path.write_bytes(raw.replace(b"PK\6\6", b"PK\6\0"))
    assert "damaged or not a zip" in refused(path)
    end = raw.index(b"PK\6\6")
    path.write_bytes(raw[: end + 40] + struct.pack("<Q", 1 << 40) + raw[end + 48 :])
    assert "far more files than there are genes" in refused(path)


def test_damaged_zips(tmp_path):
    volume = maps_of(log_phantom())["990001"]
    path = zipped(tmp_path / "990001.zip", _={"990001_mRNA.nii": as_bytes(volume, AFFINES["LAS"])})
    raw = path.read_bytes()
    assert read_expression(path).genes == ("990001",)
    flipped = bytearray(raw)
    flipped[len(raw) // 2] ^= 255
    end = raw.rindex(b"PK\5\6")
    listed = raw.index(b"PK\1\2")
    encrypted = bytearray(raw)
    encrypted[listed + 8] |= 1
    for damaged, words in (
        (raw[:-30], "damaged or not a zip"),
        (b"text" * 30, "damaged or not a zip"),
        (bytes(flipped), "damaged"),
        (bytes(encrypted), "encrypted"),
        (
            raw[: end + 12] + struct.pack("<I", 1 << 30) + raw[end + 16 :],
            "far more files than there are genes",
        ),
        (raw[: listed + 24] + struct.pack("<I", 1 << 30) + raw[listed + 28 :], "damaged"),
    ):
        path.write_bytes(damaged)
        assert words in refused(path), words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "damaged or not a zip archive"),
        (lambda path: packed(path, zipfile.ZIP_BZIP2), "packed in an unusual way; unpack it first"),
        (lambda path: packed(path, link=True), "packed in an unusual way; unpack it first"),
        (lambda path: packed(path, name="other.nii"), "a.zip holds no a.nii; check the path"),
        (
            lambda path: path.write_bytes(path.read_bytes().replace(b"PK\3\4", b"PK\3\0")),
            "damaged or not a zip archive",
        ),
    ],
)
def test_a_file_of_a_zip_that_cannot_be_opened(tmp_path, change, words):
    path = packed(tmp_path / "a.zip")
    with zip_member.open_member(path, "a.nii") as file:
        assert file.read() == b"0123456789"
    change(path)
    with pytest.raises(UserError, match=words):
        zip_member.open_member(path, "a.nii")


def test_folders_in_a_zip_are_no_files_and_empty_files_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", _={"maps/": b"", "maps/a.nii": b""})
    assert zip_member.members(path) == [path / "maps" / "a.nii"]
    with pytest.raises(UserError, match=r"a\.nii in a\.zip is empty; get the file again"):
        existing_file(path / "maps" / "a.nii")


def packed(path, how=zipfile.ZIP_DEFLATED, link=False, name="a.nii"):
    about = zipfile.ZipInfo(name)
    about.compress_type = how
    about.external_attr = (stat.S_IFLNK if link else stat.S_IFREG) << 16
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(about, b"0123456789")
    return path
