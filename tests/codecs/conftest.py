"""Published weights, served on this machine; a small training with checkpoints."""

import pytest

from napari_compressed_transcriptomics.codecs.models import published
from napari_compressed_transcriptomics.codecs.recipes import TrainRequest
from napari_compressed_transcriptomics.io.files import download
from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from published import FILES, Server, publish
from trained import DATA


@pytest.fixture
def server(monkeypatch, tmp_path):
    with Server(dict(FILES)) as server:
        publish(monkeypatch, FILES)
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setenv(published.MIRROR_VARIABLE, server.address)
        monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
        monkeypatch.setattr(download, "PAUSES", (0.0, 0.0, 0.0))
        yield server


@pytest.fixture
def offline(server, monkeypatch):
    monkeypatch.setenv(published.MIRROR_VARIABLE, "http://127.0.0.1:9/")
    return server


@pytest.fixture
def request_(tmp_path):
    """An autoencoder of 12 epochs, with checkpoint files."""
    return TrainRequest(
        DATA,
        2,
        codec="autoencoder",
        hidden_sizes=(16, 8),
        max_epochs=12,
        patience=50,
        checkpoint=tmp_path / "model.safetensors",
    )
