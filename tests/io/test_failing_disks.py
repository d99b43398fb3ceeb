"""Disks and limits that files do not fit: said before the work, or told in a sentence after it."""

import errno
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from test_writing import stand_in

from folders import files
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.io.files import disk_space
from napari_compressed_transcriptomics.io.files.atomic import replacing
from napari_compressed_transcriptomics.io.files.overwriting import check_targets, check_writable
from napari_compressed_transcriptomics.io.writers.results import check_results_folder, save_results
from phantom import make_phantom

posix = pytest.mark.skipif(os.name != "posix", reason="needs limits of a process")


def failing(target, error):
    with replacing(target) as temporary:
        temporary.write_bytes(b"half")
        raise error


SYSTEM = ("EIO", "EFBIG", "EROFS", "EACCES", "ENAMETOOLONG", "ESTALE", "EMFILE", "EDQUOT", "ENOSPC")


@pytest.mark.parametrize("name", SYSTEM)
def test_whatever_the_system_says_is_a_sentence(name, tmp_path):
    number = getattr(errno, name)
    (tmp_path / "x.csv").write_bytes(b"old")
    with pytest.raises(UserError, match=r"existing files are kept") as raised:
        failing(tmp_path / "x.csv", OSError(number, os.strerror(number)))
    assert str(tmp_path) in str(raised.value)
    assert files(tmp_path) == {"x.csv": b"old"}
    assert len(list(tmp_path.iterdir())) == 1


class Rust(Exception):
    """As that of safetensors."""


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Can't write (file write failed: errno = 28, error message = 'No space')"),
        Rust("Error while serializing: I/O error: No space left on device (os error 28)"),
        OSError("Can't synchronously write data (errno = 28)"),
    ],
    ids=["HDF5", "safetensors", "h5py"],
)
def test_full_disks_of_libraries(error, tmp_path):
    said = r"full: more than [\d,]+ bytes are needed and [\d,]+ are free"
    with pytest.raises(UserError, match=said):
        failing(tmp_path / "x.h5ad", error)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyError("errno"), ZeroDivisionError()])
def test_other_errors_stay_what_they_are(error, tmp_path):
    with pytest.raises(type(error)):
        failing(tmp_path / "x", error)
    assert not list(tmp_path.iterdir())


LIMITED = """
import resource, sys
import numpy as np
sys.path[:0] = {paths!r}
from napari_compressed_transcriptomics.core.errors import UserError
from phantom import make_phantom
from test_writing import stand_in
data = make_phantom()
{before}
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    {write}
except UserError as error:
    print(error)
"""


def limited(tmp_path, limit, write, before=""):
    paths = [path for path in sys.path if path]
    code = LIMITED.format(paths=paths, limit=limit, write=write, before=before)
    python = [sys.executable, "-B"]  # or Python keeps what it compiled, cut short, for all others
    done = subprocess.run(
        [*python, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=200
    )
    assert done.returncode == 0, done.stderr  # HDF5 also complains when it is collected
    assert not list(tmp_path.iterdir())
    return done.stdout


@posix
@pytest.mark.parametrize(
    ("before", "write"),
    [
        (
            "from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad",
            "write_h5ad('r.h5ad', data, stand_in(data))",
        ),
        (
            "from napari_compressed_transcriptomics.codecs.models.model_file import save_model\n"
            "from napari_compressed_transcriptomics.codecs.fitting import fit_codec\n"
            "model = fit_codec('pca', data, 2)",
            "save_model(model, 'model.safetensors')",
        ),
        (
            "from matplotlib.figure import Figure\n"
            "from napari_compressed_transcriptomics.io.files.figure_file import save_figure",
            "save_figure(Figure(), 'figure.png')",
        ),
        (
            "from napari_compressed_transcriptomics.io.files.nifti import write_volume",
            "write_volume('v.nii', data.parcellation.labels, np.eye(4), kind='x', provenance={})",
        ),
    ],
    ids=["h5ad", "safetensors", "png", "nii"],
)
def test_a_limit_that_is_reached_while_writing(before, write, tmp_path):
    told = limited(tmp_path, 700, write, before)
    assert "a file is larger than the limit of 700 bytes (ulimit -f)" in told


@posix
def test_results_beyond_a_limit_are_refused_before_they_are_written(tmp_path):
    before = "from napari_compressed_transcriptomics.io.writers.results import save_results"
    told = limited(tmp_path, 300, "save_results(stand_in(data), 'out')", before)
    assert "needs about" in told
    assert "a file may have 300 (ulimit -f)" in told


@pytest.fixture
def wide():
    """A grid in which 64 components would take 4 GB unpacked, of few samples."""
    labels = np.zeros((260, 260, 240), np.int32)
    labels[100:104, 100, 100] = 1, 2, 3, 4
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    return Expression(values, tuple("abc"), tuple("wxyz"), Parcellation(labels, np.eye(4)))


def test_room_is_looked_for_before_the_work(wide, tmp_path, monkeypatch):
    check_results_folder(tmp_path / "out", wide, 64)
    monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(UserError, match=r"needs about 4,\d\d\d,\d\d\d bytes .* 1,000,000 are free"):
        check_results_folder(tmp_path / "out", wide, 64)
    check_results_folder(tmp_path / "out", wide, 2)
    assert not list(tmp_path.iterdir())


def test_more_components_than_nifti_holds_are_refused_before_the_work(tmp_path):
    with pytest.raises(UserError, match=r"latents\.nii\.gz would have 40,000 values along an axis"):
        check_results_folder(tmp_path, make_phantom(), 40_000)


def test_what_is_said_to_be_needed_is_not_too_much(tmp_path):
    data = make_phantom()
    n_bytes = disk_space.volume_bytes(data.parcellation, 2)
    save_results(stand_in(data), tmp_path)
    assert n_bytes <= (tmp_path / "latents.nii.gz").stat().st_size


def test_latents_are_written_a_component_at_a_time(wide, tmp_path):
    import tracemalloc

    from napari_compressed_transcriptomics.io.files.nifti import write_volume

    latents = np.arange(12, dtype=np.float32).reshape(4, 3)
    volume = wide.parcellation.painting(latents)
    tracemalloc.start()
    path, _ = write_volume(
        tmp_path / "latents.nii", volume, np.eye(4), kind="latents", provenance={}
    )
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2.5 * wide.parcellation.labels.size * 4
    data = np.memmap(path, np.float32, "r", 352, (260, 260, 240, 3), "F")
    np.testing.assert_array_equal(data[100:104, 100, 100], latents)
    assert np.isnan(data[0, 0, 0]).all()


# Paths


@pytest.mark.parametrize(
    "name", ["x" * 300, "é" * 200, "/".join(["d" * 200] * 25), "a\0b"], ids=lambda n: n[:3]
)
def test_impossible_names_are_refused_before_the_work(name, tmp_path):
    with pytest.raises(UserError, match="choose another"):
        check_writable(tmp_path / name)
    with pytest.raises(UserError, match="choose another"):
        check_targets(tmp_path / name, ["x.csv"])


def test_paths_that_are_too_long_only_while_unfinished_are_refused(tmp_path):
    path = tmp_path
    while len(str(path)) < 4096 - 300:
        path = path / ("d" * 200)
    path = path / ("d" * (4096 - len(str(path)) - 12))
    check_writable(path / "x.csv")
    with pytest.raises(UserError, match="choose another"):
        check_targets(path, ["x.csv"])


@posix
def test_a_working_folder_that_is_gone(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    shutil.rmtree(gone)
    with pytest.raises(UserError, match="the working folder is gone"):
        check_targets("out", ["x.csv"])
    monkeypatch.chdir(tmp_path)
