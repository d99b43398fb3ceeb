"""What is no file is refused before it is opened: opening a pipe would wait for ever."""

import os
import socket
import sys

import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, read_volume, sniff
from napari_compressed_transcriptomics.io.files.files import existing_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices are POSIX's")


@posix
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "nii", "nii.gz", "h5ad", "parquet"])
def test_a_named_pipe(tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    os.mkfifo(path)
    with pytest.raises(UserError, match="is a named pipe; choose a file"):
        read_expression(path)
    assert sniff(path) is None
    if "nii" in ending:
        with pytest.raises(UserError, match="is a named pipe"):
            read_volume(path)


@posix
def test_a_device_and_a_socket(tmp_path, monkeypatch):
    (tmp_path / "zeros.csv").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="is a device"):
        read_expression(tmp_path / "zeros.csv")
    monkeypatch.chdir(tmp_path)  # the path of a socket may have some 100 characters only
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.csv")
        with pytest.raises(UserError, match="is a socket"):
            read_expression("s.csv")


def test_names_that_are_none(tmp_path):
    for name in ("a\0b.csv", "x" * 300 + ".csv"):
        with pytest.raises(UserError, match=r"is not a valid file path|check its name"):
            existing_file(tmp_path / name)


@posix
def test_a_loop_of_links(tmp_path):
    (tmp_path / "l.csv").symlink_to("l.csv")
    with pytest.raises(UserError, match="cannot be read"):
        existing_file(tmp_path / "l.csv")
