"""Faulty NIfTI files: one sentence that names the file, before any memory is taken."""

import gzip
import zlib

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from faults import refuses, refuses_volume
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, read_volume, sniff


def with_header(path, **fields):
    raw = bytearray(path.read_bytes())
    header = nib.Nifti1Header(bytes(raw[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    raw[:348] = header.binaryblock
    path.write_bytes(bytes(raw))
    return path


def test_missing_folder_and_empty(tmp_path):
    refuses_volume(tmp_path / "gone.nii.gz", "no file")
    refuses_volume(tmp_path, "folder")
    (tmp_path / "empty.nii").touch()
    refuses_volume(tmp_path / "empty.nii", "empty")
    (tmp_path / "empty.nii.gz").write_bytes(gzip.compress(b""))
    refuses_volume(tmp_path / "empty.nii.gz")


def test_cut_header(volume):
    volume.write_bytes(volume.read_bytes()[:200])
    refuses_volume(volume, "header", "200")


def test_truncated_nii_states_both_sizes(volume):
    whole = volume.read_bytes()
    volume.write_bytes(whole[:-100])
    refuses_volume(volume, f"{len(whole):,} bytes", f"{len(whole) - 100:,}")


def test_truncated_gz_is_found_though_its_header_loads(volume):
    packed = volume.with_name("map.nii.gz")
    whole = gzip.compress(volume.read_bytes(), mtime=0)
    packed.write_bytes(whole[:-200])
    assert nib.load(packed).shape == (12, 10, 8)
    refuses_volume(packed, "cut short")
    # Packed whole, but of a cut file.
    packed.write_bytes(gzip.compress(volume.read_bytes()[:-100]))
    refuses_volume(packed, "cut short")


def test_every_flipped_bit_of_packed_data_is_found(volume):
    packed = volume.with_name("map.nii.gz")
    whole = gzip.compress(volume.read_bytes(), mtime=0)
    rng = np.random.default_rng(0)
    for position in rng.choice(np.arange(10, len(whole)), 60, replace=False):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << rng.integers(8)
        packed.write_bytes(bytes(damaged))
        refuses_volume(packed)


def test_flipped_bit_of_packed_expression_is_found(las, tmp_path):
    raw = nib.Nifti1Image(las.parcellation.paint(las.values), np.eye(4)).to_bytes()
    # Stored, not deflated: every byte of data is a byte of the file, and a flip still unpacks.
    compressor = zlib.compressobj(0, zlib.DEFLATED, 31)
    whole = bytearray(compressor.compress(raw) + compressor.flush())
    path = tmp_path / "expression.nii.gz"
    path.write_bytes(bytes(whole))
    assert read_expression(path).samples == las.samples
    whole[-1000] ^= 1
    path.write_bytes(bytes(whole))
    refuses(path, "damaged")


def test_misnamed_files_are_named_for_what_they_are(volume, tmp_path):
    raw = volume.read_bytes()
    for name, content, what in [
        ("a.nii.gz", raw, "uncompressed NIfTI"),
        ("b.nii", gzip.compress(raw), "gzip"),
        ("c.nii.gz", b"region,A1BG\nL_insula,0.5\n", "text"),
        ("d.nii", b"region,A1BG\nL_insula,0.5\n", "text"),
        ("e.nii.gz", b"<!DOCTYPE html><html>log in</html>", "web page"),
        ("f.nii.gz", b"version https://git-lfs.github.com/spec/v1\noid 1", "git lfs pull"),
        ("g.nii", b"\x89PNG\r\n\x1a\n" + bytes(400), "PNG"),
    ]:
        (tmp_path / name).write_bytes(content)
        refuses_volume(tmp_path / name, what)
        assert sniff(tmp_path / name) == "volume"  # claimed, so that the reason is told


@pytest.mark.parametrize("packed", [False, True])
def test_absurd_size_is_refused_from_the_header(volume, packed):
    with_header(volume, dim=[3, 32767, 32767, 32767, 1, 1, 1, 1])
    path = volume
    if packed:
        path = volume.with_name("map.nii.gz")
        path.write_bytes(gzip.compress(volume.read_bytes()))
    refuses_volume(path, "32767 x 32767 x 32767")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dim": [3, 12, -5, 4, 1, 1, 1, 1]}, ["impossible dimensions", "12 x -5 x 4"]),
        ({"dim": [3, 6, 0, 4, 1, 1, 1, 1]}, ["impossible dimensions"]),
        ({"dim": [2, 6, 5, 1, 1, 1, 1, 1]}, ["2-D"]),
        ({"dim": [5, 4, 4, 4, 3, 5, 1, 1]}, ["5-D", "4 x 4 x 4 x 3 x 5", "3-D"]),
        ({"datatype": 777}, ["unknown data type 777"]),
        ({"datatype": 32}, ["complex"]),
        ({"datatype": 128}, ["RGB"]),
        ({"scl_slope": np.inf}, ["infinite scaling"]),
        ({"vox_offset": 1e7}, ["cut short", "bytes"]),
        ({"vox_offset": 3e9}, ["3,000,000,000 bytes", "extensions"]),
        ({"vox_offset": np.nan}, ["offset"]),
        ({"vox_offset": 0}, ["offset 0", "352"]),
        ({"vox_offset": 348}, ["offset 348", "352"]),
        ({"vox_offset": -352}, ["offset -352"]),
        ({"vox_offset": 352.5}, ["offset 352.5"]),
        ({"vox_offset": 360}, ["cut short", "4,200", "4,192"]),
        ({"bitpix": 16}, ["16 bits", "float32", "32"]),
        ({"datatype": 16, "bitpix": 0}, ["0 bits"]),
        ({"datatype": 4}, ["32 bits", "int16", "16"]),
        ({"dim": [3, 12, 10, 7, 1, 1, 1, 1]}, ["too long", "12 x 10 x 7", "3,712", "4,192"]),
        ({"sform_code": 1, "srow_x": [np.nan, 0, 0, 0]}, ["NaN"]),
        ({"sform_code": 1, "srow_x": [0, 0, 0, 0]}, ["singular"]),
        ({"sform_code": 1, "srow_x": [0, 2, 0, 0]}, ["singular"]),
        ({"sform_code": 1, "srow_x": [1e38, 1e38, 1e38, 0]}, ["singular"]),
        ({"magic": b"ni1"}, ["pair"]),
    ],
)
def test_faulty_headers(volume, fields, words):
    refuses_volume(with_header(volume, **fields), *words)


def test_nifti_2_has_a_longer_header(volume, tmp_path):
    image = nib.Nifti2Image(nib.load(volume).get_fdata(dtype=np.float32), np.eye(4))
    path = tmp_path / "two.nii"
    nib.save(image, path)
    np.testing.assert_array_equal(read_volume(path).data, read_volume(volume).data)
    raw = bytearray(path.read_bytes())
    raw[168:176] = (540).to_bytes(8, "little")
    path.write_bytes(raw)
    refuses_volume(path, "offset 540", "544")


def test_more_bytes_than_the_header_states(volume):
    whole = volume.read_bytes()
    volume.write_bytes(whole + b"\0")
    refuses_volume(volume, "too long", "12 x 10 x 8", f"{len(whole):,}", f"{len(whole) + 1:,}")
    packed = volume.with_name("map.nii.gz")
    packed.write_bytes(gzip.compress(whole + b"\0"))
    refuses_volume(packed, "too long", f"{len(whole):,}", f"at least {len(whole) + 1:,}")
    packed.write_bytes(gzip.compress(whole) + gzip.compress(whole))
    refuses_volume(packed, "too long")


def test_extensions_lie_before_the_data(volume):
    before = read_volume(volume).data
    image = nib.load(volume)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"from a scanner"))
    path = volume.with_name("extended.nii")
    nib.save(nib.Nifti1Image(image.get_fdata(dtype=np.float32), image.affine, image.header), path)
    assert path.stat().st_size > volume.stat().st_size
    np.testing.assert_array_equal(read_volume(path).data, before)


def test_scaling_beyond_all_numbers(volume):
    data = np.full((4, 4, 4), 1e290)
    image = nib.Nifti1Image(data, np.eye(4))
    nib.save(image, volume)
    with_header(volume, scl_slope=1e30)
    refuses_volume(volume, "scaling", "infinite")


def test_nan_slope_means_unscaled(volume):
    before = read_volume(volume).data
    np.testing.assert_array_equal(read_volume(with_header(volume, scl_slope=np.nan)).data, before)


def test_four_dimensions_where_three_are_needed_and_the_reverse(las, volume, tmp_path):
    image = nib.Nifti1Image(las.parcellation.paint(las.values), np.eye(4))
    nib.save(image, tmp_path / "four.nii")
    refuses_volume(tmp_path / "four.nii", "4-D", "6 x 5 x 7 x 5", "3-D")
    refuses(volume, "3-D", "4-D")


def test_volume_without_a_position_is_noted(volume):
    with_header(volume, sform_code=0, qform_code=0)
    assert any("position" in note for note in read_volume(volume).notes)


def test_partly_missing_and_infinite_voxels(las, tmp_path):
    stack = las.parcellation.paint(las.values)
    path = tmp_path / "gaps.nii"
    stack[1, 1, 3, 2] = np.nan
    nib.save(nib.Nifti1Image(stack, np.eye(4)), path)
    (tmp_path / "gaps.genes.txt").write_text("\n".join(las.genes))
    refuses(path, "1_1_3", "NAT1", "imputation")
    stack[1, 1, 3, 2] = np.inf
    nib.save(nib.Nifti1Image(stack, np.eye(4)), path)
    refuses(path, "infinite", "1_1_3", "NAT1")


def test_wrong_number_of_gene_names(las, tmp_path):
    nib.save(nib.Nifti1Image(las.parcellation.paint(las.values), np.eye(4)), tmp_path / "x.nii")
    for name, text in [
        ("x.genes.tsv", "gene\nA\nB\n"),
        ("x.json", '{"genes": ["A"]}'),
        ("x.json", '{"genes": "A"}'),
        ("x.json", "not json"),
        ("x.json", "[1]"),
    ]:
        (tmp_path / name).write_text(text)
        with pytest.raises(UserError, match=name):
            read_expression(tmp_path / "x.nii")
        (tmp_path / name).unlink()


def test_no_varying_voxel(tmp_path):
    nib.save(nib.Nifti1Image(np.zeros((3, 3, 3, 4), np.float32), np.eye(4)), tmp_path / "flat.nii")
    refuses(tmp_path / "flat.nii", "varies")


def test_unknown_kind(tmp_path):
    (tmp_path / "x.doc").write_text("?")
    refuses(tmp_path / "x.doc", ".h5ad")
    assert sniff(tmp_path / "x.doc") is None
    assert sniff(tmp_path / "gone.nii") is None


def test_published_latents_lie_where_they_are_and_tell_their_background():
    path = real_data("latents/abagen_ae0_8mm.nii.gz")
    volume = read_volume(path)
    assert (sniff(path), volume.kind, volume.name) == ("volume", "image", "abagen_ae0_8mm")
    assert volume.data.shape == (24, 29, 24)
    expected = [[-8, 0, 0, 90], [0, 8, 0, -126], [0, 0, 8, -72], [0, 0, 0, 1]]
    np.testing.assert_array_equal(volume.affine, expected)
    brain = np.count_nonzero(volume.data != volume.background)
    assert volume.background == pytest.approx(0.27536, abs=1e-5)
    assert 3600 < brain < 3700
    np.testing.assert_array_equal(volume.data, nib.load(path).get_fdata(dtype=np.float32))


@pytest.mark.parametrize(
    ("name", "n_labels"),
    [
        ("atlas/dk_abagen_1mm.nii.gz", 83),
        ("atlas/dk_it_2mm.nii.gz", 83),
        ("atlas/schaefer100_tianS1_MNI6Asym_2mm.nii.gz", 116),
        ("atlas/aicha_2mm.nii.gz", 384),
        ("traps/hcpmmp1_hemispheres_share_ids.nii.gz", 180),  # floats, 179.99999996
    ],
)
def test_real_atlases_are_labels(name, n_labels):
    volume = read_volume(real_data(name))
    assert (volume.kind, volume.data.dtype) == ("labels", np.int32)
    assert len(np.unique(volume.data)) == n_labels + 1


def test_pet_maps_are_images():
    volume = read_volume(real_data("pet/MU_CARFENTANIL_c11.nii"))
    assert volume.kind == "image"
    assert volume.background == pytest.approx(-0.009)
