"""Saved results on another machine, and in folders that nobody may write to."""

import json
import shutil
import stat
from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics import open_result, read_expression
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.csv_style import Style
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import elsewhere
from phantom import make_phantom
from small import compressed


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A folder with data, and a result that names them by absolute paths."""
    folder = tmp_path_factory.mktemp("original")
    data, file = make_phantom(), folder / "x.nii.gz"
    volume = data.parcellation.painting(data.values)
    write_volume(file, volume, data.parcellation.affine, kind="expression", provenance={})
    (folder / "x.genes.txt").write_text("\n".join(data.genes))
    save_results(compressed(read_expression(file)), folder / "result", style=Style(keep_paths=True))
    return folder


@pytest.mark.parametrize("root", ["/Users/somebody/study", "D:\\study", "\\\\server\\study"])
def test_paths_of_another_machine_are_not_here_and_may_be_located(original, tmp_path, root):
    folder = shutil.copytree(original, tmp_path / "copy")
    summary, here = folder / "result" / "summary.json", str(original)
    slash = "/" if root.startswith("/") else "\\"
    text = summary.read_text()
    assert here in text
    theirs = json.dumps(root + slash)[1:-1]
    summary.write_text(text.replace(here + "/", theirs))
    found = open_result(folder / "result")
    assert np.isfinite(found.gene("TP53")).all()
    with pytest.raises(UserError, match=r"is not where it was .*x\.nii\.gz.*Locate"):
        found.expression.values[0]
    elsewhere(found.expression).fetch(folder)  # the folder that holds it
    np.testing.assert_array_equal(
        found.expression.values[:, 0], read_expression(folder / "x.nii.gz").values[:, 0]
    )


def test_nothing_is_written_into_a_folder_that_is_read_only(original, tmp_path):
    folder = shutil.copytree(original, tmp_path / "copy") / "result"
    everything = [*folder.iterdir(), folder]
    for path in everything:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        before = {path: path.stat().st_mtime_ns for path in everything}
        found = open_result(folder)
        assert np.isfinite(found.expression.values[:, 0]).all()
        read_inputs([str(folder)])[0].map("difference:TP53")
        assert {path: path.stat().st_mtime_ns for path in [*folder.iterdir(), folder]} == before
    finally:
        for path in everything:
            path.chmod(path.stat().st_mode | stat.S_IWUSR)


def test_samples_that_are_some_of_the_data_are_found_by_name(tmp_path):
    whole = make_phantom()
    rows = np.array([7, 2, 11])
    some = whole.subset(rows)
    save_results(compressed(some), tmp_path / "r")
    origin = elsewhere(open_result(tmp_path / "r").expression).origin
    found, values = origin.checked(whole)
    np.testing.assert_array_equal(values, whole.values[rows])
    assert found.samples == some.samples
    shifted = whole.parcellation.affine + np.eye(4, k=3)
    moved = replace(whole, parcellation=replace(whole.parcellation, affine=shifted))
    without = whole.subset(np.arange(7))
    for other in (moved, without, replace(whole, genes=("OTHER", *whole.genes[1:]))):
        with pytest.raises(UserError, match=r"has changed since .* was encoded; encode it again"):
            origin.checked(other)
    with pytest.raises(UserError, match=r"is of other data than .* was encoded from"):
        origin.checked(without, located=True)
