"""Warnings of one thread, heard or left unsaid, while other threads have theirs."""

import threading
import warnings

import pytest

from napari_compressed_transcriptomics.core.warned import Warned, quietly


def warn(text):
    warnings.warn(text, RuntimeWarning, stacklevel=1)


def test_quiet_is_one_thread_and_ends():
    before = warnings.filters[:], warnings.showwarning
    with quietly():
        with quietly():
            warn("within")
        warn("of this thread")
    assert (warnings.filters, warnings.showwarning) == before
    with pytest.raises(RuntimeWarning, match="after"):  # tests make warnings errors
        warn("after")


def test_quiet_that_overlaps_a_job_leaves_its_settings():
    """The work goes on after a thread that was quiet since before it began."""
    before = warnings.filters[:], warnings.showwarning
    is_quiet, may_end = threading.Event(), threading.Event()

    def other():
        with quietly():
            is_quiet.set()
            assert may_end.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    assert is_quiet.wait(60)
    job = Warned()
    job.begin()
    may_end.set()
    thread.join()
    with job.here():
        warn("a sign")
        with quietly():
            warn("no sign")
    assert job.end() == ["RuntimeWarning: a sign"]
    assert job.end() == ["RuntimeWarning: a sign"]  # ends once
    assert (warnings.filters, warnings.showwarning) == before
