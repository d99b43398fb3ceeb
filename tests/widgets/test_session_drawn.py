"""Layers drawn by hand, and others in no file, are as they were in a session that is opened."""

import json
import shutil

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import PluginManager
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.saved import session_drawn
from napari_compressed_transcriptomics.widgets.saved.session_read import read_session
from napari_compressed_transcriptomics.widgets.saved.session_record import save_session
from napari_compressed_transcriptomics.widgets.saved.session_show import show_session

pytestmark = pytest.mark.usefixtures("qapp")
MM = {"units": ("mm",) * 3, "axis_labels": ("z", "y", "x")}
TURNED = {"affine": [[2, 0, 0, 5], [0, 0, -2, 3], [0, 2, 0, 4], [0, 0, 0, 1]]}
PLACE = ("scale", "translate", "rotate", "affine")
LOOK = ("name", "opacity", "visible", "blending", "units", "axis_labels")


def roi():
    """A mask of a whole brain in 2 mm with a small region."""
    labels = np.zeros((91, 109, 91), np.int64)
    labels[40:44, 50, 60:63], labels[45, 51, 61] = 3, 400
    return labels


def draw(viewer):
    rng = np.random.default_rng(0)
    viewer.add_labels(roi(), name="ROI", opacity=0.3, **TURNED, **MM)
    viewer.add_points(
        rng.normal(size=(60, 3)), name="peaks", size=rng.uniform(1, 4, 60), scale=(2, 2, 2),
        symbol=["x", "disc"] * 30, face_color=rng.uniform(size=(60, 4)), text="of",
        features={"t": rng.normal(size=60), "of": ["a"] * 60}, **MM,
    )  # fmt: skip
    viewer.add_shapes(
        [rng.normal(size=(n, 3)) for n in (4, 7)], shape_type=["polygon", "path"], name="outline",
        edge_width=[1, 2], edge_color=["red", "blue"], visible=False, **MM,
    )  # fmt: skip
    faces = np.array([[0, 1, 2]])
    viewer.add_surface((np.eye(3), faces, np.arange(3.0)), name="mesh", colormap="magma", **MM)
    viewer.add_image(
        rng.normal(size=(4, 5, 6)).astype(np.float32), name="smoothed", colormap="red",
        contrast_limits=(-1, 2), rotate=[[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]], **MM,
    )  # fmt: skip
    viewer.add_vectors(rng.normal(size=(3, 2, 3)), name="arrows", edge_color="green", **MM)


def opened(path):
    viewer = ViewerModel()
    return viewer, show_session(viewer, read_session(path))


@pytest.fixture(scope="module")
def kept(tmp_path_factory, qapp):
    viewer = ViewerModel()
    draw(viewer)
    path = tmp_path_factory.mktemp("drawn") / "a.session.json"
    assert save_session(viewer, path) == []
    return viewer, path


@pytest.fixture
def copy(kept, tmp_path):
    return shutil.copytree(kept[1].parent, tmp_path / "copy") / "a.session.json"


def test_each_is_as_it_was(kept):
    drawn, path = kept
    viewer, told = opened(path)
    assert told == []
    assert [type(layer) for layer in viewer.layers] == [type(layer) for layer in drawn.layers]
    for found, layer in zip(viewer.layers, drawn.layers, strict=True):
        state, expected = found.as_layer_data_tuple()[1], layer.as_layer_data_tuple()[1]
        for name in PLACE:
            assert_allclose(state[name], expected[name], atol=1e-12)
        assert {name: state[name] for name in LOOK} == {name: expected[name] for name in LOOK}
    of, was = viewer.layers, drawn.layers
    assert_array_equal(of["ROI"].data, roi())
    assert of["ROI"].data.dtype == roi().dtype
    for name in ("data", "size", "face_color", "border_color"):
        assert_array_equal(getattr(of["peaks"], name), getattr(was["peaks"], name))
    assert list(of["peaks"].symbol) == list(was["peaks"].symbol)
    assert_allclose(of["peaks"].features["t"], was["peaks"].features["t"])
    assert list(of["peaks"].text.values) == ["a"] * 60
    assert_array_equal(np.concatenate(of["outline"].data), np.concatenate(was["outline"].data))
    assert of["outline"].shape_type == ["polygon", "path"]
    assert_allclose(of["outline"].edge_color, was["outline"].edge_color)
    assert_array_equal(of["mesh"].data[0], np.eye(3))
    assert of["mesh"].colormap.name == "magma"
    assert_array_equal(of["smoothed"].data, was["smoothed"].data)
    assert of["smoothed"].contrast_limits == [-1, 2]
    assert of["smoothed"].colormap.name == "red"
    assert_array_equal(of["arrows"].data, was["arrows"].data)


def test_what_is_kept_is_small(kept):
    assert kept[1].with_name("a_layers.safetensors").stat().st_size < 20_000


def test_what_was_drawn_moves_with_the_session_and_is_found(copy):
    assert opened(copy)[1] == []
    there = copy.parent.parent / "there"
    there.mkdir()
    shutil.move(copy.with_name("a_layers.safetensors"), there)
    assert [path.name for path in read_session(copy).places.missing] == ["a_layers.safetensors"]
    viewer = ViewerModel()
    assert show_session(viewer, read_session(copy, look_in=there)) == []
    assert len(viewer.layers) == 6


def test_numbers_of_another_session_or_cut_short_are_said(copy, kept):
    file = copy.with_name("a_layers.safetensors")
    content = file.read_bytes()
    file.write_bytes(content[:-8])
    viewer, told = opened(copy)
    assert not viewer.layers
    assert len(told) == 1
    assert "Layers drawn by hand are left out: a_layers.safetensors is not a complete" in told[0]
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert "is of another session, or has changed" in opened(copy)[1][0]


def test_odd_entries_are_left_out(copy):
    record = json.loads(copy.read_text())
    first, second, third, *_ = (entry["drawn"] for entry in record["layers"])
    first["attributes"]["box"]["shape"] = [10**6] * 3
    second["type"], third["key"] = "_dims", "99"
    copy.write_text(json.dumps(record))
    viewer, told = opened(copy)
    assert len(viewer.layers) == 3
    assert told == [
        f"{name} is left out: it is damaged in a.session.json"
        for name in ("ROI", "peaks", "outline")
    ]


def test_too_many_numbers_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr(session_drawn, "MOST_BYTES", 1000)
    viewer = ViewerModel()
    draw(viewer)
    (note,) = save_session(viewer, tmp_path / "a.session.json")
    assert "too many: peaks" in note
    assert "save them as files, open these, and save the session again" in note


def test_a_session_without_drawings_takes_the_file_of_the_last_one_away(copy):
    save_session(ViewerModel(), copy)
    assert not copy.with_name("a_layers.safetensors").exists()


def test_what_was_painted_into_a_files_labels_is_kept(tmp_path):
    atlas = np.zeros((5, 6, 7), np.int16)
    atlas[2:4, 3, 2:5] = 7
    path, affine = tmp_path / "dseg.nii.gz", np.diag([-2, 2, 2, 1])
    write_volume(path, atlas, affine, kind="labels", provenance={})
    PluginManager.instance().discover()  # which a window does
    viewer = ViewerModel()
    (layer,) = viewer.open(path, plugin=PLUGIN)
    assert layer.as_layer_data_tuple()[2] == "labels"
    layer.data[3, 3, 1] = 9
    save_session(viewer, tmp_path / "a.session.json")
    again, told = opened(tmp_path / "a.session.json")
    assert told == []
    assert again.layers[0].metadata.keys() == layer.metadata.keys()
    assert_array_equal(again.layers[0].data, layer.data)
    path.unlink()
    again, _ = opened(tmp_path / "a.session.json")
    assert_array_equal(again.layers[0].data, layer.data)


def test_the_surface_is_shown_again_and_volumes_come_back(brain, tmp_path):
    viewer = ViewerModel()
    add_expression(viewer, brain)
    (layer,) = (layer for layer in viewer.layers if shown(layer))
    surface_view(viewer).show(layer, "pial", "dorsal")
    assert not layer.visible
    assert save_session(viewer, tmp_path / "a.session.json") == []
    assert surface_view(viewer).shows == (layer, "pial", "dorsal")
    again, told = opened(tmp_path / "a.session.json")
    assert told == []
    source, *how = surface_view(again).shows
    assert (shown(source).gene, *how) == (shown(layer).gene, "pial", "dorsal")
    assert not source.visible
    surface_view(again).leave()
    assert source.visible
