"""Settings for all tests."""

import os
import signal

import pytest

# Where tests run in the background SIGINT is ignored, and so it would be in commands they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A session's own napari settings must neither change the tests nor be changed by them.
os.environ.setdefault("NAPARI_CONFIG", "")


@pytest.fixture
def one_thread():
    """Small layers gain nothing from threads, and lose much where cores are busy."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def always(monkeypatch):
    """Write a checkpoint after every epoch."""
    from napari_compressed_transcriptomics.core import resume

    monkeypatch.setattr(resume, "SECONDS_BETWEEN_SNAPSHOTS", 0)
    monkeypatch.setattr(resume, "TIME_FOR_SNAPSHOTS", float("inf"))
