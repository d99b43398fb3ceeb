"""Buttons that ask for a file or folder: what is chosen is used, and Cancel changes nothing."""

import pytest
from napari.components import ViewerModel

from clicking import press
from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets import real_samples
from napari_compressed_transcriptomics.widgets.convert import Convert
from napari_compressed_transcriptomics.widgets.open_data.start import OpenData
from napari_compressed_transcriptomics.widgets.saved import originals
from napari_compressed_transcriptomics.widgets.saved.result import open_saved_result
from real_samples import CONTENT, SAMPLE


@pytest.fixture
def opened(monkeypatch):
    """What is opened as by napari."""
    paths = []
    monkeypatch.setattr(
        ViewerModel, "open", lambda self, path, plugin: paths.append((path, plugin)), raising=False
    )
    return paths


def test_data_are_opened_by_our_reader(model, qtbot, answer, opened, tmp_path):
    dock = OpenData(model)
    qtbot.addWidget(dock)
    for button in (dock.file, dock.folder):
        answer()
        press(button)
        assert not opened
        path = answer(tmp_path)
        press(button)
        assert opened.pop() == (str(path), PLUGIN)


def test_what_is_converted_and_where_to(model, qtbot, answer, tmp_path):
    dock = Convert(model)
    qtbot.addWidget(dock)
    source = tmp_path / "maps.zip"
    source.touch()
    for button, path in ((dock.source.folder, tmp_path), (dock.source.file, source)):
        dock.source.line.clear()
        answer()
        press(button)
        assert dock.source.path is None
        answer(path)
        press(button)
        assert dock.source.path == path
    assert dock.target.text() == str(tmp_path / "maps.zarr")
    answer()
    press(dock.save_as)
    assert dock.target.text() == str(tmp_path / "maps.zarr")
    for chosen in ("brain", "brain.zarr"):
        answer(tmp_path / chosen)
        press(dock.save_as)
        assert dock.target.text() == str(tmp_path / "brain.zarr")
    dock.source.set_path(tmp_path / "nowhere")
    assert f"There is no {tmp_path / 'nowhere'}; choose another" in dock.bar.status.text()


def test_originals_are_located(model, result, qtbot, answer, monkeypatch, tmp_path):
    save_results(result, tmp_path / "r")
    open_saved_result(model, tmp_path / "r")
    form = originals.Originals(model)
    qtbot.addWidget(form)
    asked = []

    def read(viewer, result, path):
        asked.append(path)
        return originals.Job(lambda report: None, "Reading")

    monkeypatch.setattr(originals, "read_originals", read)
    for action in form.locate.menu().actions():
        answer()
        action.trigger()
        assert not asked
        path = answer(tmp_path)
        action.trigger()
        assert asked.pop() == path
        assert form.words.text() == "Reading…"
        assert not form.locate.isEnabled()


def test_files_of_a_sample_are_taken_from_a_folder(model, qtbot, answer, monkeypatch, tmp_path):
    monkeypatch.setattr(real_samples, "SAMPLES", {SAMPLE.key: SAMPLE})
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    dock = real_samples.RealSamples(model)
    qtbot.addWidget(dock)
    answer()
    press(dock.from_folder)
    assert dock.bar.run.text() == "Fetch and open"
    folder = answer(tmp_path / "mine")
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    press(dock.from_folder)
    assert dock.bar.run.text() == "Open"
    assert "Already on this computer" in dock.terms.text()
