"""How many clicks lead, from a window with the main dock, to what people come for."""

import nibabel as nib
import pandas as pd
import pytest

from clicking import finish, press
from napari_compressed_transcriptomics.core.synthetic import synthetic_regions
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets import compress as compress_dock
from napari_compressed_transcriptomics.widgets.shared.session import session


class Person:
    """Clicks, and counts."""

    def __init__(self, main, answer):
        self.main, self._answer, self.clicks = main, answer, 0

    @property
    def page(self):
        return self.main.stack.currentWidget()

    def press(self, button):
        assert button.isVisible()
        assert button.isEnabled()
        self.clicks += 1
        press(button)

    def press_and_choose(self, button, *paths):
        """Press a button, and in each of the desktop's dialogs that come then a file and Open."""
        self._answer(*paths)
        self.press(button)
        self.clicks += 2 * len(paths)

    def counted(self):
        """Return how many clicks there were since the last time."""
        found, self.clicks = self.clicks, 0
        return found


@pytest.fixture
def person(make_napari_viewer, answer, monkeypatch):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1024, 700)
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    request = compress_dock.CompressRequest
    quickly = lambda **given: request(**given | {"latent_size": 2}, max_epochs=2)  # noqa: E731
    monkeypatch.setattr(compress_dock, "CompressRequest", quickly)
    return Person(main, answer)


def kinds(viewer):
    return [what.kind for layer in viewer.layers if layer.visible and (what := shown(layer))]


def test_own_table_to_latents_worst_region_and_autoencoder_against_pca(
    person, brain, tmp_path, qtbot
):
    table, main = synthetic_regions(brain, 30), person.main
    viewer, work = main._viewer, session(main._viewer).work
    ids = pd.RangeIndex(1, 31, name="id")
    pd.DataFrame(table.values, ids, table.genes).to_csv(tmp_path / "mine.csv")
    (tmp_path / "elsewhere").mkdir()
    atlas = nib.Nifti1Image(table.parcellation.labels, table.parcellation.affine)
    nib.save(atlas, tmp_path / "elsewhere" / "labels.nii.gz")

    files = tmp_path / "mine.csv", tmp_path / "elsewhere" / "labels.nii.gz"
    person.press_and_choose(person.page.forms["Open expression table"], *files)
    form = person.page
    qtbot.waitUntil(form.compress.isEnabled)
    person.press(form.compress)
    finish(person.page.bar, qtbot)
    assert kinds(viewer) == ["expression", "rmse", "latents"]
    assert person.counted() == 6  # four of them for the two files

    person.press(main.steps["Check"])
    person.press(person.page.tabs.currentWidget().worst)
    assert session(viewer).pick.sample == work.current_result.rmse_samples.argmax()
    assert person.counted() == 2

    person.press(main.steps["Compare"])
    person.press(person.page.with_pca.run)
    finish(person.page.with_pca, qtbot)
    assert kinds(viewer) == ["rmse", "rmse", "error_difference"]
    assert person.counted() == 2

    person.press(person.page.held_out)
    assert person.page.held_out.bar.run.isVisible()
    assert {"residual", "pca"} <= set(person.page.held_out.form.methods.checked)
    assert person.counted() == 1  # another, on Compare, fits and draws


def test_a_sample_to_latents_is_two(person, qtbot):
    person.press(person.page.samples["synthetic_regions"])
    person.press(person.page.compress)
    finish(person.page.bar, qtbot)
    assert kinds(person.main._viewer)[-2:] == ["rmse", "latents"]
    assert person.counted() == 2
