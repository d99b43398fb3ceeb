"""One file at a time: whole or not at all, and the old one kept whatever goes wrong."""

import os
import subprocess
import sys

import pytest

from folders import files
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.atomic import replacing, replacing_files
from napari_compressed_transcriptomics.io.files.overwriting import check_writable


def test_nothing_is_written_on_an_error(tmp_path):
    target = tmp_path / "model.bin"
    target.write_bytes(b"old")

    def fail_halfway():
        with replacing(target) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert files(tmp_path) == {"model.bin": b"old"}
    with replacing(target) as temporary:
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert files(tmp_path) == {"model.bin": b"new"}
    assert [p.name for p in tmp_path.iterdir()] == ["model.bin"]


def test_a_killed_process_leaves_the_old_file(tmp_path):
    target = tmp_path / "model.bin"
    target.write_bytes(b"old")
    program = (
        "import os, sys\n"
        "from napari_compressed_transcriptomics.io.files.atomic import replacing\n"
        "with replacing(sys.argv[1]) as temporary:\n"
        "    temporary.write_bytes(b'half')\n"
        "    os._exit(9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(target)])
    assert killed.returncode == 9
    assert target.read_bytes() == b"old"


def test_read_only_targets_are_refused_before_any_work(tmp_path):
    target = tmp_path / "latents.csv"
    target.write_text("old")
    target.chmod(0o444)
    with pytest.raises(UserError, match=r"latents\.csv is read-only"):
        check_writable(target)
    with pytest.raises(UserError, match="read-only"), replacing_files(tmp_path, ["latents.csv"]):
        pytest.fail("work was begun")
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    with pytest.raises(UserError, match="locked is read-only"):
        check_writable(folder / "deeper" / "x.csv")
    folder.chmod(0o755)
    check_writable(folder / "deeper" / "x.csv")
    assert not list(folder.iterdir())


def test_folders_and_files_in_the_way(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(UserError, match="is a file"):
        check_writable(tmp_path / "file" / "x.csv")
    with pytest.raises(UserError, match="is a file"), replacing_files(tmp_path / "file", ["x"]):
        pytest.fail("work was begun")
    with pytest.raises(UserError, match="is a folder"), replacing(tmp_path / "x.csv"):
        pytest.fail("work was begun")


@pytest.mark.skipif(os.name != "posix", reason="needs a device that is always full")
def test_a_full_disk_names_what_is_needed(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")

    def fill():
        with replacing(tmp_path / "x.csv") as temporary:
            temporary.write_bytes(bytes(1000))
            with open("/dev/full", "wb", buffering=0) as full:
                full.write(b"x")

    with pytest.raises(UserError, match=r"full: more than [\d,]+ bytes are needed"):
        fill()
    assert not list(tmp_path.iterdir())
