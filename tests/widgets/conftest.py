"""A viewer without a window, a small result to show in it, and what a person is asked and told."""

from threading import current_thread, main_thread

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from napari_compressed_transcriptomics.core.target import Target
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.predict import Prediction, Score
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from napari_compressed_transcriptomics.viewer import layer_content
from phantom import make_phantom
from real_window import Window
from small import compressed, small_expression


@pytest.fixture
def model():
    """Return a viewer model: layers, dims and camera, but no window."""
    return ViewerModel()


@pytest.fixture
def viewer(make_napari_viewer):
    """Return a viewer in its window."""
    return make_napari_viewer(show=True)


@pytest.fixture
def placed(monkeypatch):
    """Return a list that says, of each place of samples laid out, whether the window waited."""
    lay_out, found = layer_content._laid_out, []

    def laid_out(place):
        found.append(current_thread() is main_thread())
        return lay_out(place)

    monkeypatch.setattr(layer_content, "_laid_out", laid_out)
    return found


@pytest.fixture
def result(las):
    return compressed(las, 3)


@pytest.fixture(scope="module")
def comparison():
    """Two sizes of PCA, compared."""
    return compare_methods(
        CompareRequest(
            small_expression(), methods=("pca",), latent_sizes=(2, 3), splits=("random",),
            n_folds=2, n_jobs=1,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def prediction():
    """A map, predicted."""
    data = make_phantom()
    target = Target("one", np.random.default_rng(0).normal(size=data.n_samples))
    score = Score("one", "pca", 2, "ridge", "blocks", 0.5, 0.4, 0.6, 0.01, 0.02)
    request = PredictRequest(data, (target,), methods=("pca",), latent_sizes=(2,))
    return Prediction(request, (score,), {score.key: target.values + 0.1})


@pytest.fixture
def told():
    """What is notified meanwhile."""
    from napari.utils.notifications import notification_manager

    seen = []
    notification_manager.notification_ready.connect(seen.append)
    yield seen
    notification_manager.notification_ready.disconnect(seen.append)


@pytest.fixture
def answer(monkeypatch):
    """Return a function that answers dialogs for files, which belong to the desktop, from then on.

    It takes what is chosen there, or nothing for Cancel, and returns the first of it. Where one
    file is asked for several times, each is given in turn, and then the last.
    """

    def choose(*paths):
        chosen = [str(path) for path in paths]
        first = chosen[0] if chosen else ""
        in_turn = iter(chosen)
        answers = {
            "getSaveFileName": (first, ""),
            "getOpenFileNames": (chosen, ""),
            "getExistingDirectory": first,
        }
        for name, found in answers.items():
            monkeypatch.setattr(QFileDialog, name, lambda *_, found=found, **__: found)
        last = chosen[-1] if chosen else ""
        one = lambda *_, **__: (next(in_turn, last), "")  # noqa: E731
        monkeypatch.setattr(QFileDialog, "getOpenFileName", one)
        return paths[0] if paths else None

    return choose


@pytest.fixture
def window(request, make_napari_viewer):
    """The real window with a data set to show in it, of the name that the test's module gives."""
    return Window(make_napari_viewer(show=True), request.param)
