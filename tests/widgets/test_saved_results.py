"""A command or a window saves, a fresh window goes on: every dock, from a folder alone."""

import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtTest import QTest

from clicking import choose_value, press
from commands import run
from data import TABLES, real_table
from napari_compressed_transcriptomics import open_result
from napari_compressed_transcriptomics.codecs.models.model_file import load_model
from napari_compressed_transcriptomics.io.files.nifti import write_volume
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.inspect.gene_maps import comparison
from napari_compressed_transcriptomics.widgets.saved.session_read import read_session
from napari_compressed_transcriptomics.widgets.saved.session_record import save_session
from napari_compressed_transcriptomics.widgets.saved.session_show import show_session
from napari_compressed_transcriptomics.widgets.shared.session import session
from napari_compressed_transcriptomics.widgets.workspace.pages import STEPS
from phantom import make_phantom


def encoded(*inputs: Path, out: Path) -> Path:
    """Encode on the command line."""
    options = ("--model", "pca", "--latent", 3, "--held-out", "--split", "random", "--folds", 2)
    assert run("encode", *inputs, *options, "--out", out) == 0
    return out


@pytest.fixture(scope="module")
def voxels(tmp_path_factory):
    """A result of voxels, in a folder beside its data."""
    folder = tmp_path_factory.mktemp("voxels")
    data = make_phantom()
    volume = data.parcellation.painting(data.values)
    write_volume(
        folder / "x.nii.gz", volume, data.parcellation.affine, kind="expression", provenance={}
    )
    (folder / "x.genes.txt").write_text("\n".join(data.genes))
    return encoded(folder / "x.nii.gz", out=folder / "result")


def wait_for(said, milliseconds=120_000):
    """Let the window work until something is said to be so."""
    for _ in range(milliseconds // 20):
        if said():
            return
        QTest.qWait(20)
    raise AssertionError("it did not happen")


def kinds(viewer):
    return [what.kind for layer in viewer.layers if (what := shown(layer))]


def through_every_dock(viewer, folder):
    """Open a result in a window with the main dock, and look at every page."""
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    viewer.open(folder, plugin=PLUGIN)
    work = session(viewer).work
    wait_for(lambda: work.data and "latents" in kinds(viewer))
    result = work.current_result
    wait_for(
        lambda: sorted(kinds(viewer)) == sorted(["expression", "rmse", "held_out_rmse", "latents"])
    )
    assert result.has_originals
    assert work.data[0].parcellation is result.expression.parcellation

    inspect = main.show_page("Inspect reconstruction")
    gene = result.expression.genes[1]
    comparison(viewer).show(result, gene)
    assert {"original", "reconstructed", "difference"} <= set(kinds(viewer))
    comparison(viewer).end()
    assert inspect.isVisible()
    session(viewer).look_at(result.expression.parcellation, 2)
    for page in chain.from_iterable(STEPS.values()):
        assert main.show_page(page.name).isVisible(), page.name
    compress = main.show_page("Compress")
    assert compress.bar.run.isEnabled()
    assert main.show_page("Compare methods").held_out.form.request().expression is work.data[0]
    assert main.show_page("Predict maps").results.features(work.data[0]) is not None
    return result


def test_voxels_through_every_dock(voxels, make_napari_viewer, tmp_path):
    viewer = make_napari_viewer(show=True)
    result = through_every_dock(viewer, voxels)
    save_results(result, tmp_path / "again")
    np.testing.assert_array_equal(open_result(tmp_path / "again").latents, result.latents)


def test_real_regions_through_every_dock(make_napari_viewer, tmp_path):
    table = real_table(tmp_path, *TABLES["ahba_schaefer100"])
    folder = encoded(table, out=tmp_path / "result")
    through_every_dock(make_napari_viewer(show=True), folder)


def saved_yesterday(viewer, data, path):
    """Compress, draw upon and save; return the latents."""
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    viewer.open(data, plugin=PLUGIN)
    compress = main.show_page("Compress")
    choose_value(compress.codec, "pca")
    choose_value(compress.latent_size, 2)
    wait_for(compress.bar.run.isEnabled)
    press(compress.bar.run)
    wait_for(lambda: session(viewer).work.results)
    attach(viewer).turns.finish()  # its layers come by turns
    of = viewer.layers[0]
    labels = np.zeros(of.data.shape[-3:], np.uint8)
    labels[1:3, 2, 2] = 1
    place = {"scale": of.scale[-3:], "translate": of.translate[-3:]}
    viewer.add_labels(labels, name="ROI", units=("mm",) * 3, axis_labels=("z", "y", "x"), **place)
    main.show_page("Latent space")
    said = save_session(viewer, path)
    assert said == ["1 result(s) that were not saved yet are in a_results, next to it"]
    return session(viewer).work.results[0].latents


_ELSEWHERE = """
import sys
from pathlib import Path
import numpy as np
from napari_compressed_transcriptomics.widgets.saved.session_read import read_session

found = read_session(Path(sys.argv[1]))
print(found.results[0].latents.tolist(), sum(map(np.count_nonzero, found.drawn.arrays.values())))
"""


def test_what_one_window_saved_another_goes_on_with(voxels, make_napari_viewer, tmp_path):
    """Compressed, drawn upon and saved by one, read by another process, opened by another."""
    for file in voxels.parent.glob("x*"):
        shutil.copy(file, tmp_path)
    path = tmp_path / "a.session.json"
    latents = saved_yesterday(make_napari_viewer(show=True), tmp_path / "x.nii.gz", path)
    command = [sys.executable, "-c", _ELSEWHERE, path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{latents.tolist()} 2\n"
    viewer = make_napari_viewer(show=True)
    viewer.open(path, plugin=PLUGIN)
    work = session(viewer).work
    wait_for(lambda: work.results and "ROI" in viewer.layers)
    np.testing.assert_array_equal(work.current_result.latents, latents)
    assert np.count_nonzero(viewer.layers["ROI"].data) == 2
    assert {"expression", "rmse", "latents"} <= set(kinds(viewer))
    wait_for(lambda: session(viewer).main is not None)
    assert session(viewer).main.page_in_front == "Latent space"
    for page in chain.from_iterable(STEPS.values()):
        assert session(viewer).main.show_page(page.name) is not None
    comparison(viewer).show(work.current_result, "TP53")
    assert "original" in kinds(viewer)


def test_originals_are_located(voxels, make_napari_viewer, tmp_path):
    work_folder = shutil.copytree(voxels.parent, tmp_path / "work")
    moved = tmp_path / "moved"
    moved.mkdir()
    for file in work_folder.glob("x*"):
        shutil.move(file, moved)
    viewer = make_napari_viewer()
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    viewer.open(work_folder / "result", plugin=PLUGIN)
    page, work = main.show_page("Open data"), session(viewer).work
    assert page.originals.isVisibleTo(page)
    assert "is not where it was" in page.originals.words.text()
    assert not page.originals.read.isVisibleTo(page)
    comparison(viewer).show(work.current_result, "TP53")
    assert "original" not in kinds(viewer)
    page.originals._start(moved / "x.nii.gz")
    wait_for(lambda: not page.originals.isVisibleTo(page))
    assert work.current_result.has_originals
    comparison(viewer).show(work.current_result, "TP53")
    assert "original" in kinds(viewer)


def test_a_model_is_offered_in_compress(voxels, make_napari_viewer):
    viewer = make_napari_viewer()
    viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    viewer.open(voxels / "model.safetensors", plugin=PLUGIN)
    compress = session(viewer).main.show_page("Compress")
    assert compress.codec.currentData() == "model"
    assert load_model(compress.model_path.text()).latent_size == 3
    assert not viewer.layers


def test_the_docks_and_the_page_in_front_are_so_again(make_napari_viewer, tmp_path):
    viewer, path = make_napari_viewer(show=True), tmp_path / "a.session.json"
    docks = {}
    for name in ("Compressed Transcriptomics", "Brain view", "Cortical surface"):
        docks[name], widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        QTest.qWait(50)
        if name == "Compressed Transcriptomics":
            for page in ("Compress", "Train autoencoder", "Open data"):
                widget.show_page(page)
            widget.go_to("Components")  # which is never made: there is no result
    docks["Brain view"].raise_()
    wait_for(lambda: in_front(viewer) == ["Brain view"])
    save_session(viewer, path)
    again = make_napari_viewer(show=True)
    assert not show_session(again, read_session(path))
    wait_for(lambda: in_front(again) == ["Brain view"])
    main = session(again).main
    assert main.page_in_front == "Components"
    assert set(main.made_pages()) == {"Compress", "Train autoencoder", "Open data"}


def in_front(viewer):
    """The docks that are seen, of those that are tabs."""
    return [
        title.rpartition(" (")[0]
        for title, widget in viewer.window.dock_widgets.items()
        if not widget.visibleRegion().isEmpty()
    ]
