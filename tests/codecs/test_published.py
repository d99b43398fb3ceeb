"""Published weights, from a server that behaves and from one that does not."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from napari_compressed_transcriptomics.codecs.models import published
from napari_compressed_transcriptomics.codecs.models.published import (
    ADDRESS,
    BLOB_IDS,
    import_files,
    load_published,
    weights_folder,
)
from napari_compressed_transcriptomics.core.progress import Cancelled
from napari_compressed_transcriptomics.io.files import cache, download
from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from published import (
    DATA,
    EIGHT,
    FILES,
    NETWORK,
    SAMPLE,
    TWO,
    WEIGHTS,
    in_cache,
    needs_safe_torch,
    refused,
)

pytestmark = needs_safe_torch


def test_what_is_published():
    assert ADDRESS.endswith("/bd6cad0726ad52f6940eb42461fb522912dd9b80/model_weights/")
    assert list(BLOB_IDS) == [
        *(f"autoencode_abagen_{k}_components.pt" for k in (2, 4, 8, 16, 32, 64, 128)),
        SAMPLE,
    ]
    assert all(len(blob) == 40 and int(blob, 16) for blob in BLOB_IDS.values())
    refused("3 components", "2, 4, 8", call=lambda: load_published(3))


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert weights_folder("elsewhere") == tmp_path / "published"
    monkeypatch.delenv(CACHE_VARIABLE)
    assert weights_folder(tmp_path / "b") == tmp_path / "b" / "published"
    assert "napari-compressed-transcriptomics" in str(weights_folder())


def test_fetched_once_and_used_in_evaluation_mode(server):
    seen = []
    codec = load_published(2, report=seen.append)
    assert codec.genes == DATA.genes
    assert_allclose(codec.gene_means, DATA.values.mean(axis=0), atol=1e-6)
    assert_allclose(codec.clip, np.percentile(DATA.values, (0.1, 99.9)), atol=1e-6)
    assert codec.training["published_file"] == TWO
    assert codec.training["git_blob_id"] == BLOB_IDS[TWO]
    clipped = torch.tensor(DATA.values).clamp(*codec.clip)
    assert_allclose(codec.encode(DATA.values), NETWORK.encoder(clipped).detach(), atol=1e-5)
    assert [step.stage for step in seen if step.stage.startswith("Fetching")]
    load_published(2)
    assert server.requests == [(SAMPLE, 0), (TWO, 0)]
    assert in_cache() == [TWO, SAMPLE]


def test_several_sizes_at_once(server):
    published.download([2, 8])
    assert in_cache() == [TWO, EIGHT, SAMPLE]
    assert load_published(8).latent_size == 8


def test_offline_uses_the_verified_cache(server, monkeypatch):
    before = load_published(2).encode(DATA.values)
    monkeypatch.setenv(published.MIRROR_VARIABLE, "http://127.0.0.1:9/")
    np.testing.assert_array_equal(load_published(2).encode(DATA.values), before)


def test_offline_with_nothing_cached_lists_what_is_needed(offline):
    refused(
        *("127.0.0.1:9 cannot be reached", f"{SAMPLE}, {TWO} from http://127.0.0.1:9/"),
        "`compressed-transcriptomics models import FOLDER` with the folder that holds",
    )
    assert in_cache() == []


def test_cut_connection_goes_on_from_there(server):
    server.faults[TWO] = ["cut", "cut"]
    seen = []
    load_published(2, report=seen.append)
    starts = [start for name, start in server.requests if name == TWO]
    assert starts == [0, len(WEIGHTS) // 2, len(WEIGHTS) // 2 + (len(WEIGHTS) + 1) // 2 // 2]
    assert in_cache() == [TWO, SAMPLE]


def test_cut_connection_with_a_server_that_knows_no_ranges(server):
    server.faults[TWO] = ["cut", "no_range"]
    assert load_published(2).latent_size == 2


def test_cut_too_often_leaves_the_part_for_later(server):
    server.faults[TWO] = ["cut"] * 4
    refused("hung up after", TWO)
    assert in_cache() == [f".{TWO}.part", SAMPLE]
    del server.requests[:]
    load_published(2)
    assert server.requests[0][1] > len(WEIGHTS) // 2
    assert in_cache() == [TWO, SAMPLE]


@pytest.mark.parametrize(("fault", "word"), [("wrong", "other content"), ("html", "a web page")])
def test_wrong_content_is_deleted_and_tried_once_more(server, fault, word):
    server.faults[TWO] = [fault]
    assert load_published(2).latent_size == 2
    os.remove(weights_folder() / TWO)
    server.faults[TWO] = [fault] * 9
    del server.requests[:]
    refused(TWO, word, "instead")
    assert server.requests == [(TWO, 0)] * 2
    assert in_cache() == [SAMPLE]


def test_404_is_not_tried_again_and_503_is(server):
    server.faults[TWO] = [404]
    refused("HTTP 404", TWO)
    assert server.requests == [(SAMPLE, 0), (TWO, 0)]
    server.faults[TWO] = [503, 503]
    assert load_published(2).latent_size == 2


def test_leftover_part_of_something_else(server):
    for leftover in (b"x" * 50, b"x" * len(WEIGHTS), b"x" * (len(WEIGHTS) + 9)):
        part = weights_folder() / f".{TWO}.part"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(leftover)
        assert load_published(2).latent_size == 2
        os.remove(weights_folder() / TWO)


def test_more_than_any_file_is_refused_at_once(server, monkeypatch):
    server.faults[TWO] = ["endless"]
    refused("too many")
    monkeypatch.setattr(download, "MAX_BYTES", 1000)
    refused("too many")


def test_slow_server_cancelled_and_taken_up_again(server, monkeypatch):
    monkeypatch.setattr(download, "SECONDS_BETWEEN_REPORTS", 0.0)
    published.download([8])
    server.faults[TWO] = ["slow"]
    fetching = []

    def cancel(progress):
        if progress.stage.startswith("Fetching"):
            fetching.append(progress)
        if len(fetching) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        published.download([2], report=cancel)
    assert in_cache() == [f".{TWO}.part", EIGHT, SAMPLE]
    del server.requests[:]
    load_published(2)
    assert 0 < server.requests[0][1] < len(WEIGHTS)


def test_stalled_server(server, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.02)
    server.faults[TWO] = ["slow"] * 9
    refused("timed out", TWO)


def test_damaged_file_in_the_cache_is_fetched_again(server, monkeypatch):
    load_published(2)
    path = weights_folder() / TWO
    damaged = bytearray(WEIGHTS)
    damaged[len(damaged) // 2] ^= 1  # PyTorch itself does not notice
    path.write_bytes(damaged)
    load_published(2)
    assert path.read_bytes() == WEIGHTS
    path.write_bytes(damaged)
    monkeypatch.setenv(published.MIRROR_VARIABLE, "http://127.0.0.1:9/")
    message = refused(TWO)
    assert SAMPLE not in message
    assert path.read_bytes() == damaged  # the final name is not touched before the end


def test_two_processes_fetch_a_file_once(server):
    server.faults[SAMPLE] = server.faults[TWO] = ["slow"]
    program = f"""
from napari_compressed_transcriptomics.codecs.models.published import BLOB_IDS, download
BLOB_IDS.update({dict(BLOB_IDS)!r})
download([2])
"""
    both = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) for _ in range(2)
    ]
    for process in both:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors
    assert sorted(server.requests) == [(TWO, 0), (SAMPLE, 0)]
    assert in_cache() == [TWO, SAMPLE]
    assert (weights_folder() / TWO).read_bytes() == WEIGHTS


def test_killed_process_leaves_a_part_that_is_taken_up(server):
    server.faults[SAMPLE] = ["slow"]
    program = f"""
import os, signal
from napari_compressed_transcriptomics.codecs.models.published import BLOB_IDS, download
from napari_compressed_transcriptomics.io.files import download as files
files.SECONDS_BETWEEN_REPORTS = 0
BLOB_IDS.update({dict(BLOB_IDS)!r})
reports = []
def report(progress):
    reports.append(progress)
    if len(reports) == 6:
        os._exit(9)
download([2], report=report)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert SAMPLE not in in_cache()
    assert load_published(2).latent_size == 2
    assert server.requests[1][0] == SAMPLE
    assert server.requests[1][1] > 0


def test_read_only_cache(server, tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(0o555)
    refused(str(folder), CACHE_VARIABLE, "preferences", "read-only")
    folder.chmod(0o755)
    load_published(2)
    weights_folder().chmod(0o555)
    assert load_published(2).latent_size == 2  # what is there needs no writing
    refused(str(weights_folder()), CACHE_VARIABLE, call=lambda: load_published(8))
    weights_folder().chmod(0o755)


def test_cache_that_is_a_file(server, tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    refused(str(tmp_path / "cache"), CACHE_VARIABLE)


def test_full_disk(server, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download.os, "fsync", full)
    refused(str(weights_folder()), "No space left", CACHE_VARIABLE)


def test_import_from_a_folder(offline, tmp_path):
    folder = tmp_path / "from a colleague"
    folder.mkdir()
    (folder / "weights (1).pt").write_bytes(WEIGHTS)
    (folder / "sample.csv").write_bytes(FILES[SAMPLE])
    (folder / "other.csv").write_text("a,b\n")
    assert {path.name for path in import_files(folder)} == {TWO, SAMPLE}
    assert load_published(2).latent_size == 2
    assert [path.name for path in import_files(weights_folder() / TWO)] == [TWO]


def test_import_of_something_else(offline, tmp_path):
    refused(str(tmp_path), TWO, SAMPLE, call=lambda: import_files(tmp_path))
    path = tmp_path / TWO
    for content, word in (
        (b"<html>log in", "a web page"),
        (WEIGHTS[:-1], "a zip file"),
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    ):
        path.write_bytes(content)
        refused(TWO, word, call=lambda: import_files(path))
    refused("no file", call=lambda: import_files(tmp_path / "none.pt"))
    assert in_cache() == []


@pytest.mark.parametrize(
    "mirror",
    [
        "nonsense",
        "file:///etc/",
        "ftp://127.0.0.1:9/",
        "http://127.0.0.1:9/a b",
        "http://",
        "http://127.0.0.1:99999999/",
        "http://[::1",
        "http://host/\x1b[31m",
    ],
)
def test_a_mirror_that_is_no_address(server, monkeypatch, mirror):
    monkeypatch.setenv(published.MIRROR_VARIABLE, mirror)
    said = refused(published.MIRROR_VARIABLE, "http://")
    assert said.isprintable()
    assert server.requests == []


def test_a_cache_in_the_home_of_nobody(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "~nobodyhere/x")
    refused(CACHE_VARIABLE, "~nobodyhere/x", call=weights_folder)


def test_import_of_what_is_no_file(offline, tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    refused("named pipe", call=lambda: import_files(tmp_path / "pipe.pt"))
    refused("none of the published", call=lambda: import_files(tmp_path))


def test_a_file_that_changes_while_it_is_imported(offline, tmp_path, monkeypatch):
    path = tmp_path / TWO
    path.write_bytes(WEIGHTS)

    def copy(_, to):
        to.write_bytes(WEIGHTS[:-1])

    monkeypatch.setattr(cache.shutil, "copyfile", copy)
    refused(TWO, "changed", call=lambda: import_files(path))
    assert in_cache() == []
