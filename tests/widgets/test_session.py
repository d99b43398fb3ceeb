"""Sessions: what is open, in a small file, and a viewer as it was from it."""

import json
import shutil

import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import PluginManager

from napari_compressed_transcriptomics import read_expression
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.reconstruction.decoded import decoded
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.inspect.gene_maps import comparison
from napari_compressed_transcriptomics.widgets.saved import session_menu
from napari_compressed_transcriptomics.widgets.saved.result import open_saved_result
from napari_compressed_transcriptomics.widgets.saved.session_read import check_session, read_session
from napari_compressed_transcriptomics.widgets.saved.session_record import save_session
from napari_compressed_transcriptomics.widgets.saved.session_show import show_session
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import make_phantom
from small import compressed

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(scope="module")
def kept(tmp_path_factory, qapp):
    """The folder of a session with data, two results of which none was saved, and layers."""
    folder = tmp_path_factory.mktemp("kept")
    data, file = make_phantom(), folder / "x.nii.gz"
    volume = data.parcellation.painting(data.values)
    write_volume(file, volume, data.parcellation.affine, kind="expression", provenance={})
    (folder / "x.genes.txt").write_text("\n".join(data.genes))
    viewer = ViewerModel()
    data = read_expression(file)
    add_expression(viewer, data)
    layers.show_gene(viewer.layers[0], "NAT1")
    for k in (2, 3):
        result = compressed(data, k)
        for make in (layers.error_layer, lambda r: layers.gene_layer(r, "TP53")):
            made, attributes, _ = make(result)
            viewer.add_image(made, **attributes)
        for made, attributes, _ in layers.latent_layers(result):
            viewer.add_image(made, **attributes)
    made, attributes, _ = layers.composite_layer(result, (0, None, 2))
    viewer.add_image(made, **attributes)
    viewer.add_points([[0, 0, 0]], name="drawn by hand")
    levels = [np.ones((n, n, n), int) for n in (8, 4)]
    viewer.add_labels(levels, name="in levels", multiscale=True, visible=False)
    viewer.layers[1].visible = False
    viewer.layers[2].opacity = 0.5
    session(viewer).work.choose_result(session(viewer).work.results[0])
    attach(viewer).show_side_by_side()
    viewer.dims.set_point(viewer.dims.ndim - 3, -2)
    notes = save_session(viewer, folder / "a.session.json")
    state = [_state(layer) for layer in viewer.layers if shown(layer)]
    return folder, notes, state, viewer.dims.point


def _state(layer):
    what = shown(layer)
    limits = None if what.kind == "composite" else tuple(np.round(layer.contrast_limits, 5))
    return (
        layer.name, what.kind, what.gene, layer.visible, layer.opacity, limits,
        np.nansum(np.abs(what.values)).round(4),
    )  # fmt: skip


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept[0], tmp_path / "copy")


def opened(path):
    viewer = ViewerModel()
    return viewer, show_session(viewer, read_session(path))


def test_the_viewer_is_as_it_was(kept):
    folder, notes, state, point = kept
    assert notes == [
        "2 result(s) that were not saved yet are in a_results, next to it",
        "Not kept, as their numbers are computed when needed or too many: in levels; save them as "
        "files, open these, and save the session again",
    ]
    viewer, told = opened(folder / "a.session.json")
    assert not told
    assert [_state(layer) for layer in viewer.layers if shown(layer)] == state
    assert "drawn by hand" in viewer.layers
    assert viewer.canvas.grid.enabled
    np.testing.assert_allclose(viewer.dims.point, point)
    work = session(viewer).work
    assert [result.codec.latent_size for result in work.results] == [2, 3]
    assert all(result.has_originals for result in work.results)
    assert work.current_result is work.results[0]
    assert work.current_data is work.data[0]
    assert (
        len(
            {id(one.expression.parcellation) for one in work.results}
            | {id(work.data[0].parcellation)}
        )
        == 1
    )


def test_the_file_is_small_and_tells_of_no_machine(kept):
    text = (kept[0] / "a.session.json").read_text()
    assert len(text) < 20_000
    assert str(kept[0]) not in text


def test_a_session_moves_with_its_files(folder):
    viewer, told = opened(folder / "a.session.json")
    assert not told
    assert len(viewer.layers) == 9


@pytest.fixture
def moved(folder):
    """The session alone; its data and results lie deep in another folder, beside others."""
    there = folder.parent / "there" / "deep"
    there.mkdir(parents=True)
    for path in (*folder.glob("x.*"), folder / "a_results"):
        shutil.move(path, there)
    decoy = folder.parent / "there" / "a"
    decoy.mkdir()
    (decoy / "x.nii.gz").write_bytes(b"of the same name")
    return folder / "a.session.json"


def test_what_was_moved_is_found_in_a_folder_by_name_and_hash(moved):
    missing = read_session(moved).places.missing
    assert {path.name for path in missing} == {
        "x.nii.gz", *(path.name for path in moved.parents[1].glob("there/deep/a_results/*"))
    }  # fmt: skip
    viewer = ViewerModel()
    assert not show_session(viewer, read_session(moved, look_in=moved.parents[1] / "there"))
    assert len(viewer.layers) == 9
    assert all(result.has_originals for result in session(viewer).work.results)


def test_the_folder_of_what_was_moved_is_asked_for(moved, monkeypatch, qtbot):
    asked = []

    def ask(missing):
        asked.append(len(missing))
        return moved.parents[1] / "there"

    monkeypatch.setattr(session_menu, "ask_where", ask)
    viewer = ViewerModel()
    session_menu.open_session(viewer, moved)
    qtbot.waitUntil(lambda: len(viewer.layers) == 9)
    assert asked == [3]


def test_a_session_of_windows_is_found_by_its_names(moved):
    """Its paths are read on another system."""
    record = json.loads(moved.read_text())
    for entry in record["results"]:
        entry["path"] = "D:\\study\\" + entry["path"].replace("/", "\\")
    moved.write_text(json.dumps(record))
    viewer = ViewerModel()
    assert not show_session(viewer, read_session(moved, look_in=moved.parents[1] / "there"))
    assert len(session(viewer).work.results) == 2


def test_files_that_are_gone_are_named_and_the_rest_is_shown(folder):
    (folder / "x.nii.gz").unlink()
    shutil.rmtree(min((folder / "a_results").iterdir()))
    viewer, told = opened(folder / "a.session.json")
    assert len(told) == 2
    assert "A result is left out" in told[0]
    assert "is left out" in told[1]
    work = session(viewer).work
    assert len(work.results) == 1
    assert not work.data
    assert len(viewer.layers) == 5


def test_a_result_that_was_saved_anew_is_told(folder):
    results = sorted((folder / "a_results").iterdir())
    shutil.rmtree(results[0])
    shutil.copytree(results[1], results[0])
    _, told = opened(folder / "a.session.json")
    assert any("was saved again after the session" in note for note in told)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"format_version": 9}, "has session format 9, this program reads up to 1; update"),
        ({"kind": "x"}, "is not a saved session"),
        ({"layers": 3}, "is damaged"),
        ({"docks": [3]}, "is damaged"),
    ],
)
def test_other_files_are_refused(folder, change, match):
    path = folder / "a.session.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=match):
        check_session(path)


def test_odd_entries_are_left_out(folder):
    path = folder / "a.session.json"
    record = json.loads(path.read_text())
    record["layers"][1] = {"result": 99, "kind": "rmse", "look": {"name": "lost"}}
    record["layers"][2]["kind"] = "unheard of"
    record["camera"] = record["dims"] = 3
    path.write_text(json.dumps(record))
    viewer, told = opened(path)
    assert len(viewer.layers) == 7
    assert told == [
        f"{name} is left out: it is damaged in a.session.json"
        for name in ("lost", record["layers"][2]["look"]["name"])
    ]


def test_components_apart_and_a_gene_beside_its_reconstruction(folder):
    data, viewer = read_expression(folder / "x.nii.gz"), ViewerModel()
    result = compressed(data, 3)
    add_expression(viewer, data)
    for made, attributes, _ in layers.latent_layers(result, separate=True)[1:]:
        viewer.add_image(made, **attributes)
    comparison(viewer).show(result, "TP53")
    state = sorted(_state(layer) for layer in viewer.layers)
    kinds = {"expression", "component", "original", "reconstructed", "difference"}
    assert {kind for _, kind, *_ in state} == kinds
    save_session(viewer, folder / "b.session.json")
    viewer, told = opened(folder / "b.session.json")
    assert not told
    assert sorted(_state(layer) for layer in viewer.layers) == state


def test_a_file_that_is_not_what_it_was_is_left_out(tmp_path):
    path, viewer = tmp_path / "map.nii.gz", ViewerModel()
    data = make_phantom()
    volume = data.parcellation.paint(data.values[:, 0])
    write_volume(path, volume, data.parcellation.affine, kind="image", provenance={})
    PluginManager.instance().discover()  # which a window does
    (layer,) = viewer.open(path, plugin=PLUGIN)
    save_session(viewer, tmp_path / "a.session.json")
    again, told = opened(tmp_path / "a.session.json")
    assert not told
    np.testing.assert_array_equal(again.layers[layer.name].data, layer.data)
    found = read_session(tmp_path / "a.session.json")
    write_volume(path, volume + 1, data.parcellation.affine, kind="image", provenance={})
    assert show_session(ViewerModel(), found) == [
        f"{layer.name} is left out: {path} has changed since the session was saved"
    ]
    path.unlink()
    assert show_session(ViewerModel(), found) == [
        f"{layer.name} is left out: {path} is not there any more"
    ]


def test_decoded_latents_are_kept_without_errors(tmp_path):
    made = compressed(make_phantom(), 2)
    of = made.expression
    alone = decoded(made.codec, made.latents, of.parcellation, of.samples, name="published")
    viewer = ViewerModel()
    add_result(viewer, alone, Outputs(gene="TP53"))
    names = [layer.name for layer in viewer.layers]
    save_session(viewer, tmp_path / "a.session.json")
    viewer, told = opened(tmp_path / "a.session.json")
    assert not told
    assert [layer.name for layer in viewer.layers] == names
    assert {shown(layer).kind for layer in viewer.layers} == {"latents", "gene"}
    (again,) = session(viewer).work.results
    assert not again.has_errors
    other = ViewerModel()
    open_saved_result(other, session(viewer).work.folder_of(again))
    assert "latents" in [shown(layer).kind for layer in other.layers]
