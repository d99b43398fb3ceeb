"""Unexpected faults leave a report that can be sent, and writing it never adds another."""

import os
import stat

import pytest

from napari_compressed_transcriptomics.core import fault_report


@pytest.fixture
def folders(monkeypatch, tmp_path):
    """Two places of our own instead of the user's log folder and the temporary folder."""
    places = [tmp_path / "log" / "deep", tmp_path / "tmp"]
    monkeypatch.setattr(fault_report, "_folders", lambda: places)
    return places


def fault(text="no such thing"):
    try:
        raise KeyError(text)
    except KeyError as error:
        return error


def test_it_says_what_was_done_with_which_versions_and_where_it_broke(folders):
    path = fault_report.write_report(fault(), {"arguments": ["info", "\udce9.csv"]})
    assert path.parent == folders[0]
    text = path.read_text("utf-8")
    assert "arguments: ['info', '\\udce9.csv']" in text
    for word in ("time: 2", "python: 3.", "numpy: ", "Traceback", "in fault", "KeyError"):
        assert word in text


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")
def test_only_its_owner_can_read_it(folders):
    path = fault_report.write_report(fault(), {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_goes_elsewhere_where_the_log_folder_cannot_be_made(folders):
    folders[0].parent.write_text("a file where a folder is needed")
    assert fault_report.write_report(fault(), {}).parent == folders[1]


def test_where_nothing_can_be_written_it_says_so(folders):
    for place in folders:
        place.parent.mkdir(exist_ok=True)
        (place.parent / "file").touch()
    folders[:] = [place.parent / "file" for place in folders]
    assert fault_report.write_report(fault(), {}) is None


def test_what_cannot_be_shown_is_no_second_fault(folders):
    class Odd:
        def __str__(self):
            raise ValueError("nothing to show")

    assert fault_report.write_report(fault(), {"odd": Odd()}) is None
    assert fault_report.write_report(fault("\ud800"), {}) is not None


def test_the_newest_reports_are_kept_and_other_files_left_alone(folders):
    folders[0].mkdir(parents=True)
    other = folders[0] / "aaa.txt"
    other.touch()
    paths = [fault_report.write_report(fault(), {}) for _ in range(fault_report.MAX_REPORTS + 3)]
    assert sorted(folders[0].iterdir()) == [other, *paths[3:]]


def test_it_is_the_users_log_folder():
    log, temporary = fault_report._folders()
    assert "napari-compressed-transcriptomics" in str(log)
    assert temporary.is_dir()
