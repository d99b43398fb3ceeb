"""Folders whose files belong together, and writers that leave them so whatever happens to them."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from test_writing import stand_in

from folders import files
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files import atomic, locks, unfinished
from napari_compressed_transcriptomics.io.files.atomic import replacing_files
from napari_compressed_transcriptomics.io.files.locks import FolderLock
from napari_compressed_transcriptomics.io.files.unfinished import unfinished_folder
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import RESULT_FILES, save_results
from phantom import make_phantom

CHANGED = r"does not belong to the summary\.json next to it|has changed since it was written"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two results of the same data, each in its folder."""
    folder = tmp_path_factory.mktemp("two")
    for name, seed in (("a", 1), ("b", 2)):
        save_results(stand_in(make_phantom(), seed=seed), folder / name)
    return folder


def test_hashes_of_all_other_files_are_kept(two):
    told = json.loads((two / "a" / "summary.json").read_text())["files"]
    assert {*told, "summary.json"} == set(RESULT_FILES)
    assert told["latents.csv"]["bytes"] == (two / "a" / "latents.csv").stat().st_size
    assert not read_results(two / "a").notes


@pytest.mark.parametrize("name", sorted(set(RESULT_FILES) - {"summary.json"}))
def test_a_file_of_another_result_is_refused(name, two, tmp_path):
    folder = shutil.copytree(two / "a", tmp_path / "mixed")
    shutil.copy(two / "b" / name, folder / name)
    if (folder / name).read_bytes() != (two / "a" / name).read_bytes():
        with pytest.raises(UserError, match=CHANGED):
            read_results(folder)
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        read_results(folder)


def test_a_changed_digit_is_refused(two, tmp_path):
    folder = shutil.copytree(two / "a", tmp_path / "changed")
    table = (folder / "gene_error.csv").read_text()
    digit = table.index(".") + 3
    changed = str((int(table[digit]) + 1) % 10)
    (folder / "gene_error.csv").write_text(table[:digit] + changed + table[digit + 1 :])
    with pytest.raises(UserError, match=r"gene_error\.csv does not belong"):
        read_results(folder)


@pytest.mark.parametrize("told", [3, {"../x": {}}, {"latents.csv": {"bytes": "1", "sha256": ""}}])
def test_odd_hashes_are_refused(told, two, tmp_path):
    folder = shutil.copytree(two / "a", tmp_path / "odd")
    record = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(record | {"files": told}))
    with pytest.raises(UserError, match="does not state the hashes of its files"):
        read_results(folder)


@pytest.mark.parametrize("n_renamed", range(len(RESULT_FILES) + 1))
def test_stopped_between_two_renames(n_renamed, two, tmp_path, monkeypatch):
    """What is then in the folder is the old result, the new one, or refused."""
    folder = shutil.copytree(two / "a", tmp_path / "result")

    class Killed(BaseException):
        pass

    renamed = []

    def replace(source, target, really=os.replace):
        if len(renamed) == n_renamed:
            raise Killed
        renamed.append(target.name)
        really(source, target)

    monkeypatch.setattr(atomic.os, "replace", replace)
    try:
        save_results(stand_in(make_phantom(), seed=2), folder)
    except Killed:
        assert "summary.json" not in renamed
    monkeypatch.undo()
    same = [files(folder) == files(two / name) for name in "ab"]
    if any(same):
        read_results(folder)
    else:
        with pytest.raises(UserError, match=CHANGED):
            read_results(folder)
    assert any(same) or 0 < n_renamed < len(RESULT_FILES)


def _save(folder, seed, start):
    start.wait()
    for _ in range(5):
        save_results(stand_in(make_phantom(), seed=seed), folder)


@pytest.mark.skipif(os.name != "posix", reason="forks")
def test_two_writers_leave_one_whole_result(two, tmp_path):
    context = multiprocessing.get_context("fork")
    start, folder = context.Barrier(2), tmp_path / "result"
    writers = [context.Process(target=_save, args=(folder, seed, start)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    read_results(folder)
    assert sorted(files(folder)) == sorted(RESULT_FILES)
    assert sorted(p.name for p in folder.iterdir()) == sorted(RESULT_FILES)


# Leftovers

KILLED = """
import os, signal, sys
from napari_compressed_transcriptomics.io.files.atomic import replacing_files
with replacing_files(sys.argv[1], ["x"]) as folder:
    (folder / "x").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_leftovers_of_a_killed_process_go_at_the_next_writing(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob(".unfinished-*"))) == 1
    with replacing_files(tmp_path, ["y"]) as folder:
        (folder / "y").touch()
    assert [p.name for p in tmp_path.iterdir()] == ["y"]


def test_unfinished_folders_of_others_stay(tmp_path, monkeypatch):
    mine = unfinished_folder(tmp_path)
    monkeypatch.setattr(unfinished, "_host", lambda: "elsewhere")
    there = unfinished_folder(tmp_path)
    monkeypatch.undo()
    unnamed = tmp_path / ".unfinished-abc"
    unnamed.mkdir()
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / ".unfinished-link").symlink_to(target)
    unfinished.remove_leftovers(tmp_path)
    assert mine.exists()
    assert there.exists()
    assert unnamed.exists()
    yesterday = time.time() - unfinished.SECONDS_KEPT - 60
    for folder in (mine, there, unnamed):
        os.utime(folder, (yesterday, yesterday))
    unfinished.remove_leftovers(tmp_path)
    assert mine.exists()
    assert not there.exists()
    assert not unnamed.exists()
    assert target.exists()


def test_a_process_id_that_was_given_again_is_another_process(tmp_path):
    mine = unfinished_folder(tmp_path)
    host, pid, start = mine.name.removeprefix(unfinished.PREFIX).split("-")[:3]
    earlier = tmp_path / f"{unfinished.PREFIX}{host}-{pid}-{int(start) - 1000}-x"
    earlier.mkdir()
    unfinished.remove_leftovers(tmp_path)
    assert mine.exists()
    assert not earlier.exists()


# Locks


def test_a_held_folder_says_by_whom(tmp_path):
    lock = FolderLock(tmp_path / "new", locks.COMPARING)
    assert lock.works
    with pytest.raises(UserError, match=rf"is being written by process {os.getpid()} on .* since"):
        FolderLock(tmp_path / "new", locks.COMPARING)
    lock.release()
    assert not list(tmp_path.iterdir())  # neither a lock, nor the folder made for it
    again = FolderLock(tmp_path, locks.COMPARING)
    del again  # whoever forgets it lets it go
    FolderLock(tmp_path, locks.COMPARING).release()


HOLDS = """
import os, signal, sys
from pathlib import Path
from napari_compressed_transcriptomics.io.files.locks import COMPARING, FolderLock
lock = FolderLock(Path(sys.argv[1]), COMPARING)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_holder_holds_nothing(tmp_path):
    assert subprocess.run([sys.executable, "-c", HOLDS, str(tmp_path)]).returncode < 0
    assert list(tmp_path.iterdir())
    FolderLock(tmp_path, locks.COMPARING).release()
    assert not list(tmp_path.iterdir())


def test_a_lock_of_unreadable_content_still_holds(tmp_path):
    lock = FolderLock(tmp_path, locks.COMPARING)
    (tmp_path / locks.COMPARING).write_text('{"since": "x"}')
    with pytest.raises(UserError, match="by another process"):
        FolderLock(tmp_path, locks.COMPARING)
    lock.release()


def test_without_locks_nothing_is_held(tmp_path, monkeypatch):
    import filelock

    def refuse(*_, **__):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    lock = FolderLock(tmp_path, locks.COMPARING)
    assert not lock.works
    lock.release()
    with replacing_files(tmp_path, ["x", "y"]) as folder:
        (folder / "x").touch()
        (folder / "y").touch()
    assert sorted(files(tmp_path)) == ["x", "y"]
