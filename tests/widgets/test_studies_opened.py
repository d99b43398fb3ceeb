"""Comparisons and predictions that were opened or made, as figures and as what repeats these."""

from dataclasses import replace

import pytest

from commands import REGIONS
from napari_compressed_transcriptomics import read_expression
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size
from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars
from napari_compressed_transcriptomics.figures.request import FigureRequest
from napari_compressed_transcriptomics.io.files.files import source_of
from napari_compressed_transcriptomics.io.writers.comparison import save_comparison
from napari_compressed_transcriptomics.io.writers.figure import FigureRecord
from napari_compressed_transcriptomics.io.writers.prediction import save_prediction
from napari_compressed_transcriptomics.widgets.figure_subjects import plot_again, plot_of
from napari_compressed_transcriptomics.widgets.saved.open import open_saved
from napari_compressed_transcriptomics.widgets.shared.session import session

pytestmark = pytest.mark.usefixtures("qapp")


def record(what):
    return FigureRecord(FigureRequest(what=(what,), view="plot"))


@pytest.fixture
def work(model):
    return session(model).work


@pytest.fixture(scope="module")
def regions():
    return read_expression(REGIONS)


def test_what_was_opened_is_shown_and_its_folder_is_known(
    model, work, comparison, prediction, tmp_path
):
    save_comparison(comparison, tmp_path / "compared")
    save_prediction(prediction, tmp_path / "predicted")
    told = []
    work.study_opened.connect(lambda: told.append((work.comparison, work.prediction)))
    open_saved(model, tmp_path / "compared")
    assert [score.fit for score in work.comparison.scores] == [s.fit for s in comparison.scores]
    open_saved(model, tmp_path / "predicted")
    assert work.prediction.scores == prediction.scores
    assert told == [(work.comparison, None), (work.comparison, work.prediction)]
    for what, name in (("comparison", "compared"), ("prediction", "predicted")):
        assert work.studies_in[what] == tmp_path / name
        again = plot_again(work, record(what), "out.svg")
        (command,) = again.commands
        assert command.name == "figure"
        assert command.inputs == (tmp_path / name,)
    subject = plot_of(work, record("comparison"))
    assert subject.name == "compared comparison"
    folder = tmp_path / "compared"
    assert subject.record.source == {"comparison": source_of(folder / "comparison.json")}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("m.safetensors", r"m\.safetensors is a model; open expression and choose it in Compress"),
        ("notes.txt", r"notes\.txt holds nothing that this program saved; choose another"),
    ],
)
def test_what_no_dock_can_show_is_said(model, result, tmp_path, name, words):
    from napari_compressed_transcriptomics.codecs.models.model_file import save_model

    save_model(result.codec, tmp_path / "m.safetensors")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=words):
        open_saved(model, tmp_path / name)


def test_a_comparison_that_was_made_is_plotted_and_made_again_first(work, comparison, regions):
    made = replace(comparison, request=replace(comparison.request, expression=regions))
    work.keep_study("comparison", made)
    subject = plot_of(work, record("comparison"))
    assert subject.name == "synthetic_regions comparison"
    assert subject.record.source == regions.source
    drawn = subject.plot(None)
    assert (drawn.func, drawn.args) == (error_by_size, (made.scores,))
    compare, figure = plot_again(work, record("comparison"), "out.svg").commands
    assert (compare.name, figure.name) == ("compare", "figure")
    assert figure.inputs == (compare.settings["out"],)


def test_a_prediction_that_was_made_is_plotted_and_made_again_first(
    work, prediction, regions, tmp_path
):
    (tmp_path / "one.csv").write_text("region,one\n")
    (target,) = prediction.request.targets
    target = replace(target, source={"target": source_of(tmp_path / "one.csv")})
    request = replace(prediction.request, expression=regions, targets=(target,))
    made = replace(prediction, request=request)
    work.keep_study("prediction", made)
    subject = plot_of(work, record("prediction"))
    assert subject.name == "synthetic_regions prediction"
    drawn = subject.plot(None)
    assert (drawn.func, drawn.args) == (utility_bars, (made,))
    predict, figure = plot_again(work, record("prediction"), "out.svg").commands
    assert (predict.name, figure.name) == ("predict", "figure")
    assert figure.inputs == (predict.settings["out"],)
