"""What stands in a dock's form: taken, given back, remembered for the next start."""

import json
import os

import pytest
from napari.components import ViewerModel

from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.shared.forms import form_values
from napari_compressed_transcriptomics.widgets.shared.forms.form_values import (
    FOLDER_VARIABLE,
    give_values,
    values_of,
)


@pytest.fixture
def make_compress(qtbot):
    """Return a function that makes a dock, which is closed as docks are."""

    def make():
        dock = Compress(ViewerModel())
        qtbot.addWidget(dock)
        return dock

    return make


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    form_values._at_start.cache_clear()
    yield tmp_path
    form_values._at_start.cache_clear()


def test_values_are_given_back(make_compress):
    dock = make_compress()
    dock.seed.setValue(7)
    dock.codec.setCurrentIndex(dock.codec.findData("pca"))
    dock.show_distance.setChecked(True)
    dock.model_path.setText("m.safetensors")
    other = make_compress()
    give_values(other, values_of(dock))
    assert values_of(other) == values_of(dock)
    assert other.seed.value() == 7


def test_what_does_not_fit_is_left(make_compress):
    dock = make_compress()
    before = values_of(dock)
    odd = {"seed": "x", "codec": "unheard of", "held_out": 3, "show_error": None, "nothing": 1}
    give_values(dock, odd | {"seed": 10**40, "latent_size": [2]})
    assert values_of(dock) == before


def test_docks_remember_between_starts_and_not_within(folder, make_compress):
    dock = make_compress()
    dock.seed.setValue(7)
    dock.again.setCurrentIndex(1)
    dock.model_path.setText("/home/somebody/m.safetensors")
    form_values.remember("Compress", dock)
    assert "somebody" not in (folder / "docks.json").read_text()
    assert make_compress().seed.value() == 0  # the same start
    form_values._at_start.cache_clear()
    again = make_compress()
    assert again.seed.value() == 7
    assert again.again.currentIndex() == 0  # as Preferences say


@pytest.mark.parametrize(
    "content", ["", "[", "[]", '{"Compress": 3}', '{"Compress": {"seed": []}}']
)
def test_a_damaged_file_is_passed_over(folder, content, make_compress):
    (folder / "docks.json").write_text(content)
    dock = make_compress()
    assert dock.seed.value() == 0
    form_values.remember("Compress", dock)


def test_a_codec_without_its_model_is_not_recalled(folder, make_compress):
    (folder / "docks.json").write_text(json.dumps({"Compress": {"codec": "model"}}))
    assert make_compress().codec.currentData() == "residual"


def test_tests_never_touch_the_settings_of_the_user():
    assert form_values.settings_file().is_relative_to(os.environ[FOLDER_VARIABLE])
