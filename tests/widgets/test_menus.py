"""Commands of napari's menus: what they ask, and what becomes of the answer."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog, QMessageBox

from napari_compressed_transcriptomics import _menus, _sample_data
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets import real_samples
from napari_compressed_transcriptomics.widgets.saved.session_menu import ask_where
from napari_compressed_transcriptomics.widgets.shared.session import session
from viewing import add

pytestmark = pytest.mark.usefixtures("qapp")


def test_the_result_of_the_selected_layer_is_shown_and_saved(model, result, told, answer, tmp_path):
    for command in (_menus.show_reconstruction_error, _menus.save_results):
        command(model)
        assert "There is no compression yet" in told.pop().message
    add(model, *layers.latent_layers(result))
    _menus.show_reconstruction_error(model)
    error = model.layers[-1]
    assert shown(error).reconstruction is result
    np.testing.assert_array_equal(shown(error).values, result.rmse_samples)
    answer()
    _menus.save_results(model)
    assert session(model).work.folder_of(result) is None
    assert not told
    session(model).work.keep(result, {"seed": 7})
    folder = answer(tmp_path / "mine")
    _menus.save_results(model)
    assert [one.message for one in told] == [f"Saved to {folder}"]
    assert session(model).work.folder_of(result) == folder
    assert json.loads((folder / "summary.json").read_text())["parameters"] == {"seed": 7}


def test_a_session_is_saved_where_the_dialog_says(model, result, told, answer, tmp_path):
    answer()
    _menus.save_session(model)
    assert not told
    save_results(result, tmp_path / "r")
    session(model).work.keep(result)
    session(model).work.saved(result, tmp_path / "r")
    answer(tmp_path / "mine")
    _menus.save_session(model)
    path = tmp_path / "mine.session.json"
    assert told[0].message == f"Saved {path}"
    assert json.loads(path.read_text())["results"]


@pytest.mark.parametrize("wants", [True, False])
def test_files_of_a_session_that_are_gone_are_asked_for(monkeypatch, answer, tmp_path, wants):
    buttons, asked = QMessageBox.StandardButton, []

    def question(parent, title, words, *_):
        asked.append(words)
        return buttons.Yes if wants else buttons.No

    monkeypatch.setattr(QMessageBox, "question", question)
    answer(tmp_path)
    missing = [Path("b") / "two", Path("a") / "one", Path("a") / "two"]
    assert ask_where(missing) == (tmp_path if wants else None)
    assert asked[0].startswith("Not where it was: one, two. Locate the folder that holds it now")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    assert ask_where(missing) is None


@pytest.mark.parametrize("key", ["ahba_dk82", "ahba_schaefer100", "receptor_genes_2mm"])
def test_a_real_sample_opens_in_its_dock_or_without_a_window_is_read(key, las, monkeypatch):
    opened = []
    monkeypatch.setattr(real_samples, "open_sample", lambda viewer, key: opened.append(key))
    window = SimpleNamespace(window=object())
    monkeypatch.setattr(_sample_data, "prepare_viewer", lambda: window)
    assert getattr(_sample_data, key)() == []
    assert opened == [key]

    def sample(key):
        opened.append(f"read {key}")
        return SimpleNamespace(read=lambda folder: las)

    monkeypatch.setattr(_sample_data, "prepare_viewer", lambda: None)
    monkeypatch.setattr("napari_compressed_transcriptomics.io.readers.samples.real.sample", sample)
    ((data, _, kind),) = getattr(_sample_data, key)()
    assert opened[1:] == [f"read {key}"]
    assert (kind, data.shape) == ("image", las.parcellation.labels.shape[::-1])
