"""Memory that can be taken: the machine's, the container's, the process's."""

import subprocess
import sys

import pytest

from napari_compressed_transcriptomics.core import memory
from napari_compressed_transcriptomics.core.errors import UserError


def test_no_more_than_the_machine_has_free():
    import psutil

    assert 0 < memory.available_memory() <= psutil.virtual_memory().total


@pytest.mark.parametrize("limit", ["3000000000", "max"])
def test_the_limit_of_a_container_counts_its_cache_as_free(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text("2500000000\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 1000\nslab 7\n")
    left = memory._left_in_container()
    assert left == 500_001_000 if limit != "max" else left > 10**15


def test_an_older_container(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / "memory.limit_in_bytes").write_text("2000\n")
    (folder / "memory.usage_in_bytes").write_text("1500\n")
    (folder / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 30\n")
    assert memory._left_in_container() == 530
    monkeypatch.setattr(memory, "_CGROUP", tmp_path / "nowhere")
    assert memory._left_in_container() > 10**15


@pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's")
def test_the_limit_of_the_address_space():
    code = """
import resource
from napari_compressed_transcriptomics.core.memory import available_memory
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
print(available_memory())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < 2**30


def test_what_needs_too_much_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 2_000_000_000)
    memory.require_memory(2_000_000_000, "brain.nii")
    with pytest.raises(UserError, match=r"^brain.nii needs 3.0 GB of memory and 2.0 GB are"):
        memory.require_memory(3_000_000_000, "brain.nii")
    with pytest.raises(UserError, match=r"available; choose fewer genes$"):
        memory.require_memory(3_000_000_000, "brain.nii", "choose fewer genes")
