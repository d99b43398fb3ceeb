"""Sessions keep the comparison and the prediction that the docks show."""

import json
import shutil

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_compressed_transcriptomics import read_expression
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.writers.comparison import save_comparison
from napari_compressed_transcriptomics.io.writers.reopen.studies import SavedComparison
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layers import samples_layer
from napari_compressed_transcriptomics.viewer.prediction_layers import show_prediction
from napari_compressed_transcriptomics.widgets.saved.session_read import read_session
from napari_compressed_transcriptomics.widgets.saved.session_record import save_session
from napari_compressed_transcriptomics.widgets.saved.session_show import show_session
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import make_phantom
from small import small_expression

pytestmark = pytest.mark.usefixtures("qapp")
NOT_SAVED = "The {}, which was not saved yet, is in a_results, next to it"


@pytest.fixture
def viewer(comparison, prediction):
    viewer = ViewerModel()
    work = session(viewer).work
    work.keep_study("comparison", comparison)
    work.keep_study("prediction", prediction)
    return viewer


@pytest.fixture
def data(tmp_path):
    """The phantom, read from a file, so that it can be read again."""
    phantom, file = make_phantom(), tmp_path / "x.nii.gz"
    volume = phantom.parcellation.painting(phantom.values)
    write_volume(file, volume, phantom.parcellation.affine, kind="expression", provenance={})
    return read_expression(file)


def opened(path):
    """The work of a fresh viewer with a session, how often docks were told, and what is said."""
    viewer, told = ViewerModel(), []
    work = session(viewer).work
    work.study_opened.connect(lambda: told.append(1))
    notes = show_session(viewer, read_session(path))
    return work, len(told), notes


def test_what_was_not_saved_is_saved_beside_and_shown_again(
    viewer, comparison, prediction, tmp_path
):
    path = tmp_path / "a.session.json"
    assert save_session(viewer, path) == [
        NOT_SAVED.format("comparison"),
        NOT_SAVED.format("prediction"),
    ]
    assert str(tmp_path) not in path.read_text()
    assert save_session(viewer, path) == []  # it lies there now
    moved = tmp_path / "moved"
    moved.mkdir()
    for part in (path, tmp_path / "a_results"):
        shutil.move(part, moved)
    work, n_told, notes = opened(moved / path.name)
    assert (n_told, notes) == (1, [])
    assert [s.fit for s in work.comparison.scores] == [s.fit for s in comparison.scores]
    (score,) = work.prediction.scores
    wanted = prediction.predicted(prediction.scores[0])
    np.testing.assert_allclose(work.prediction.predicted(score), wanted, rtol=1e-5)


def test_a_folder_where_one_lies_is_named(viewer, comparison, tmp_path):
    save_comparison(comparison, tmp_path / "mine")
    work = session(viewer).work
    work.keep_study("comparison", comparison, tmp_path / "mine")
    assert save_session(viewer, tmp_path / "a.session.json") == [NOT_SAVED.format("prediction")]
    work, _, _ = opened(tmp_path / "a.session.json")
    assert isinstance(work.comparison, SavedComparison)
    assert work.comparison.folder == tmp_path / "mine"
    shutil.rmtree(tmp_path / "mine")
    work, _, notes = opened(tmp_path / "a.session.json")
    assert work.comparison is None
    assert work.prediction is not None
    assert len(notes) == 1
    assert notes[0].startswith("The comparison is left out: ")


def test_another_comparison_is_no_part_of_what_lies_there(viewer, prediction, tmp_path):
    """One that was made after the session was saved gets a folder of its own."""
    path = tmp_path / "a.session.json"
    save_session(viewer, path)
    other = compare_methods(
        CompareRequest(
            small_expression(seed=1), methods=("pca",), latent_sizes=(2,), splits=("random",),
            n_folds=2, n_jobs=1,
        )
    )  # fmt: skip
    session(viewer).work.keep_study("comparison", other)
    assert save_session(viewer, path) == [NOT_SAVED.format("comparison")]
    assert opened(path)[0].comparison.folder.name == "comparison_2"


def test_maps_of_a_prediction_are_shown_again(viewer, prediction, tmp_path):
    (score,) = prediction.scores
    shown_first = show_prediction(viewer, prediction, score)
    shown_first[0].contrast_limits, shown_first[2].colormap = (-1, 2), "magma"
    path = tmp_path / "a.session.json"
    assert not [note for note in save_session(viewer, path) if note.startswith("Not kept")]
    again = ViewerModel()
    assert show_session(again, read_session(path)) == []
    for layer, before in zip(again.layers, shown_first, strict=True):
        assert (layer.name, layer.colormap.name) == (before.name, before.colormap.name)
        assert shown(layer).kind == shown(before).kind
        np.testing.assert_allclose(layer.contrast_limits, before.contrast_limits, rtol=1e-6)
        np.testing.assert_allclose(layer.data, before.data, rtol=1e-5)
        np.testing.assert_array_equal(layer.affine.affine_matrix, before.affine.affine_matrix)
    target, predicted, _ = again.layers
    target.contrast_limits = (-3, 3)
    assert tuple(predicted.contrast_limits) == (-3, 3)
    reopened = session(again).work.prediction
    show_prediction(again, reopened, reopened.scores[0])
    assert len(again.layers) == 3  # those that are there


def test_maps_that_are_of_no_result_are_kept_by_their_numbers(viewer, data, tmp_path):
    """A difference, one component of a method, a map of an earlier prediction."""
    add_expression(viewer, data)
    values = np.random.default_rng(1).normal(size=data.n_samples)
    values[3] = np.nan
    for kind, center in (("error_difference", 0.0), ("component", 0.5), ("target", None)):
        made, attributes, _ = samples_layer(data, values, kind, kind, center=center)
        viewer.add_image(made, **attributes)
    path = tmp_path / "a.session.json"
    assert not [note for note in save_session(viewer, path) if note.startswith("Not kept")]
    again = ViewerModel()
    assert show_session(again, read_session(path)) == []
    assert [layer.name for layer in again.layers] == [layer.name for layer in viewer.layers]
    for layer, before in zip(again.layers, viewer.layers, strict=True):
        np.testing.assert_array_equal(layer.data, before.data)
        assert tuple(layer.contrast_limits) == tuple(before.contrast_limits)
        assert layer.colormap.name == before.colormap.name
        assert shown(layer).kind == shown(before).kind
        assert shown(layer).centers == shown(before).centers
        assert shown(layer).parcellation is session(again).work.data[0].parcellation
    np.testing.assert_array_equal(shown(again.layers[2]).values, values)


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (1, {"samples": "99"}),
        (1, {"of": {"data": 7}}),
        (1, {"kind": "labels"}),
        (2, {"prediction": ["another"]}),
        (2, {"kind": "rmse"}),
    ],
)
def test_records_of_maps_that_are_damaged_are_left_out(
    viewer, prediction, data, number, change, tmp_path
):
    add_expression(viewer, data)
    made, attributes, _ = samples_layer(data, np.ones(data.n_samples), "target", "earlier")
    viewer.add_image(made, **attributes)
    show_prediction(viewer, prediction, prediction.scores[0])
    path = tmp_path / "a.session.json"
    save_session(viewer, path)
    record = json.loads(path.read_text())
    record["layers"][number] |= change
    path.write_text(json.dumps(record))
    again = ViewerModel()
    name = viewer.layers[number].name
    assert show_session(again, read_session(path)) == [
        f"{name} is left out: it is damaged in a.session.json"
    ]
    assert len(again.layers) == 4
