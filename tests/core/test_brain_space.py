"""Which space data are in: told by names, headers and sidecars, asked for, recorded and kept."""

import json

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.core.brain_space import (
    MNI,
    NLIN6,
    NLIN2009C,
    OTHER,
    is_mni,
    record_space,
    space_in_name,
    space_of,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression


@pytest.mark.parametrize(
    ("name", "space"),
    [
        ("schaefer100_tianS1_MNI6Asym_2mm.nii.gz", NLIN6),
        ("tpl-MNI152NLin2009cAsym_res-02_atlas-Schaefer.nii.gz", NLIN2009C),
        ("sub-1_space-MNI152NLin6Asym_desc-map.nii.gz", NLIN6),
        ("atlas_space-MNI_res-1.nii", MNI),
        ("tpl-fsaverage_den-10k.nii", OTHER),
        ("mni_or_so.nii.gz", ""),  # not told by who only mentions it
        ("GABRA1_mirr_mRNA.nii.gz", ""),
    ],
)
def test_names_tell(name, space):
    assert space_in_name(name) == space
    assert is_mni(space) == (space in (NLIN6, NLIN2009C, MNI))


def volume(path, code=1):
    data = np.random.default_rng(0).uniform(1, 2, (4, 5, 6, 3)).astype(np.float32)
    image = nib.Nifti1Image(data, np.diag([2.0, 2, 2, 1]))
    image.header.set_sform(image.affine, code)
    image.header.set_qform(image.affine, 0)
    image.to_filename(path)
    return path


def test_files_tell_and_nothing_is_assumed(tmp_path):
    assert space_of(read_expression(volume(tmp_path / "a.nii")).source) == ""
    assert space_of(read_expression(volume(tmp_path / "b.nii", code=4)).source) == MNI
    named = volume(tmp_path / "space-MNI152NLin6Asym_c.nii", code=4)
    assert space_of(read_expression(named).source) == NLIN6  # says more than the code
    named.with_suffix(".json").write_text(json.dumps({"source": {"space": NLIN2009C}}))
    assert space_of(read_expression(named).source) == NLIN2009C  # somebody has said so
    named.with_suffix(".json").write_text(json.dumps({"space": ["odd"]}))
    assert space_of(read_expression(named).source) == NLIN6


def test_only_known_spaces_are_recorded():
    source = {}
    with pytest.raises(UserError, match="'Talairach' is not a known space; choose MNI152NLin"):
        record_space(source, "Talairach")
    record_space(source, NLIN6)
    assert source == {"space": NLIN6}
    assert space_of({"source": source}) == NLIN6  # as a sidecar has it
    assert space_of({"space": "Talairach"}) == ""


def test_it_is_kept_in_files_of_ours(tmp_path):
    from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
    from napari_compressed_transcriptomics.io.writers.store import convert

    expression = read_expression(volume(tmp_path / "a.nii"))
    record_space(expression.source, NLIN6)
    write_h5ad(tmp_path / "a.h5ad", expression)
    convert(expression, tmp_path / "a.zarr")
    for name in ("a.h5ad", "a.zarr"):
        assert space_of(read_expression(tmp_path / name).source) == NLIN6
