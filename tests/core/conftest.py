"""Published weights, served on this machine."""

import pytest

from napari_compressed_transcriptomics.core import pretrained
from napari_compressed_transcriptomics.io import download
from published import FILES, Server, publish


@pytest.fixture
def server(monkeypatch, tmp_path):
    with Server(dict(FILES)) as server:
        publish(monkeypatch, FILES)
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setenv(pretrained.MIRROR_VARIABLE, server.address)
        monkeypatch.setenv(pretrained.CACHE_VARIABLE, str(tmp_path / "cache"))
        monkeypatch.setattr(download, "PAUSES", (0.0, 0.0, 0.0))
        yield server


@pytest.fixture
def offline(server, monkeypatch):
    monkeypatch.setenv(pretrained.MIRROR_VARIABLE, "http://127.0.0.1:9/")
    return server
