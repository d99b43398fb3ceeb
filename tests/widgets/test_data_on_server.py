"""Data on a server that answers late, or not at all: the window goes on meanwhile."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.server import served
from napari.components import ViewerModel

from clicking import choose, click_row, end_threads, press, settle, show_tab, stand_alone, type_into
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import LazyValues
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.store import ColumnsOfServer
from napari_compressed_transcriptomics.io.writers.store import convert
from napari_compressed_transcriptomics.reconstruction.sample_profile import samples_by_error
from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.choose_gene import ChooseGene
from napari_compressed_transcriptomics.widgets.color_choice import ORIGINAL
from napari_compressed_transcriptomics.widgets.compare_methods.latent_scatters import LatentScatters
from napari_compressed_transcriptomics.widgets.compress import Outputs, add_result
from napari_compressed_transcriptomics.widgets.inspect.dock import InspectReconstruction
from napari_compressed_transcriptomics.widgets.latent_space import LatentSpace
from napari_compressed_transcriptomics.widgets.saved.session_read import read_session
from napari_compressed_transcriptomics.widgets.saved.session_record import save_session
from napari_compressed_transcriptomics.widgets.saved.session_show import show_session
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import make_phantom
from small import compressed

PLUGIN = "napari-compressed-transcriptomics"
FAILURE = UserError("The server of brain failed; try again later")


class Slow:
    """A `Matrix` whose values come once it may `answer`; while it `fails` with an error."""

    name, sha256, limits, rows_together = "brain", "", None, 64
    fails = False

    def __init__(self, values):
        self.values, self.shape = values, values.shape
        self.answer, self.asked = threading.Event(), []
        self.answer.set()

    def read_rows(self, first, last, into=None):
        assert self.answer.wait(60)
        if self.fails:
            raise FAILURE
        return self.values[first:last]

    def read_columns(self, columns):
        self.asked.append(int(columns[0]))
        assert self.answer.wait(60)
        if self.fails:
            raise FAILURE
        return self.values[:, columns]


@pytest.fixture
def server(las):
    made = Slow(las.values)
    yield made
    made.answer.set()
    end_threads()


def test_a_store_is_opened_while_the_window_goes_on(las, tmp_path, make_napari_viewer, qtbot, told):
    viewer = make_napari_viewer()
    convert(las, tmp_path / "brain.zarr")
    with served(tmp_path) as files:
        address = f"{files.address}/brain.zarr"
        assert viewer.open(address, plugin=PLUGIN) == []
        assert not viewer.layers
        assert "brain.zarr" in str(viewer.status)
        qtbot.waitUntil(lambda: len(viewer.layers) > 0)
        files.fails = True
        [layer] = viewer.layers
        np.testing.assert_array_equal(shown(layer).values, las.values[:, 0])
        assert not told
        viewer.open(address, plugin=PLUGIN)
        qtbot.waitUntil(lambda: len(told) > 0)
    assert "brain.zarr" in told[0].message
    assert len(viewer.layers) == 1


@pytest.fixture
def remote(las, server):
    return replace(las, values=LazyValues(ColumnsOfServer(server)))


@pytest.fixture
def saved(las, tmp_path):
    """A session with a gene of a store, whose server still runs."""
    convert(las, tmp_path / "brain.zarr")
    with served(tmp_path) as files:
        viewer = ViewerModel()
        data = read_expression(f"{files.address}/brain.zarr")
        layers.show_gene(add_expression(viewer, data), "NAT1")
        save_session(viewer, tmp_path / "a.session.json")
        yield files, tmp_path / "a.session.json"


def test_genes_of_a_session_come_before_the_window_shows_them(las, saved, model):
    files, path = saved
    found = read_session(path)
    files.fails = True
    assert not show_session(model, found)
    np.testing.assert_array_equal(shown(model.layers[0]).values, las.values[:, las.column("NAT1")])


def test_a_gene_of_a_session_whose_server_fails_is_left_out(saved, model, monkeypatch):
    def read_columns(matrix, columns):
        raise FAILURE

    with monkeypatch.context() as patch:
        patch.setattr(ColumnsOfServer, "read_columns", read_columns)
        found = read_session(saved[1])
    [note] = show_session(model, found)  # the server is not asked again
    assert "NAT1 is left out: The server of brain failed; try again later" in note
    assert not model.layers


def test_the_newest_gene_is_shown_when_it_is_there(las, remote, server, model, qtbot):
    dock = stand_alone(ChooseGene(model), qtbot)
    layer = add_expression(model, remote)
    server.answer.clear()
    for gene in ("NA", "TP53", "NAT1"):
        dock.genes.choose(gene)
        settle()  # nobody waits
    assert shown(layer).gene == las.genes[0]
    assert "NAT1 from the server" in str(model.status)
    server.answer.set()
    qtbot.waitUntil(lambda: shown(layer).gene == "NAT1")
    np.testing.assert_array_equal(shown(layer).values, las.values[:, las.column("NAT1")])
    assert server.asked == [0, las.column("NA"), las.column("NAT1")]
    dock.genes.choose("NA")  # is there already
    assert shown(layer).gene == "NA"


def test_a_gene_that_is_here_is_not_replaced_by_one_that_comes_late(
    las, remote, server, model, qtbot
):
    dock = stand_alone(ChooseGene(model), qtbot)
    layer = add_expression(model, remote)
    dock.genes.choose("NA")
    qtbot.waitUntil(lambda: shown(layer).gene == "NA")
    server.answer.clear()
    dock.genes.choose("TP53")
    dock.genes.choose(las.genes[0])
    assert shown(layer).gene == las.genes[0]
    server.answer.set()
    end_threads()
    assert shown(layer).gene == las.genes[0]


def test_a_server_that_fails_is_told_once_and_asked_again(remote, server, model, qtbot, told):
    dock = stand_alone(ChooseGene(model), qtbot)
    layer = add_expression(model, remote)
    server.fails = True
    dock.genes.choose("NA")
    qtbot.waitUntil(lambda: len(told) > 0)
    end_threads()
    assert [notice.message for notice in told] == ["The server of brain failed; try again later"]
    assert "choose it again" in str(model.status)
    server.fails = False
    click_row(dock.genes.table, dock.genes.model.row("NA"))
    qtbot.waitUntil(lambda: shown(layer).gene == "NA")


def test_a_comparison_waits_for_its_original(las, remote, server, make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    result = replace(compressed(las, 2), expression=remote)
    add_result(viewer, result, Outputs(latents=False))
    dock = stand_alone(InspectReconstruction(viewer), qtbot)
    tab = dock.tabs.widget(1)
    dock.tabs.setCurrentWidget(tab)
    server.answer.clear()
    tab.genes.choose("NA")
    settle()
    assert not any(shown(layer).kind == "original" for layer in viewer.layers)
    server.answer.set()
    qtbot.waitUntil(lambda: any(shown(layer).kind == "original" for layer in viewer.layers))
    [layer] = [layer for layer in viewer.layers if shown(layer).kind == "original"]
    np.testing.assert_array_equal(shown(layer).values, las.values[:, las.column("NA")])


def test_a_sample_that_cannot_be_read_says_why_in_its_place(
    las, remote, server, make_napari_viewer, qtbot, told
):
    viewer = make_napari_viewer()
    result = replace(compressed(las, 2), expression=remote)
    add_result(viewer, result, Outputs(latents=False))
    dock = stand_alone(InspectReconstruction(viewer), qtbot)
    tab = show_tab(dock.tabs, "Sample")
    server.fails = True
    press(tab.worst)
    note = tab.profile.note
    qtbot.waitUntil(lambda: note.text() == "The server of brain failed; try again later.")
    assert "RMSE" in tab.facts.text()
    server.fails = False
    press(tab.better)
    qtbot.waitUntil(lambda: not note.text())
    assert not [notice for notice in told if "Error" in type(notice).__name__]


def test_the_genes_of_a_sample_are_shown_when_they_are_there(
    las, remote, server, make_napari_viewer, qtbot
):
    viewer = make_napari_viewer()
    result = replace(compressed(las, 2), expression=remote)
    add_result(viewer, result, Outputs(latents=False))
    tab = show_tab(stand_alone(InspectReconstruction(viewer), qtbot).tabs, "Sample")
    server.answer.clear()
    names = [las.samples[sample] for sample in samples_by_error(result)[:2]]
    for button, name in zip((tab.worst, tab.better), names, strict=True):
        press(button)
        settle()  # nobody waits
        assert name in tab.facts.text()
        assert tab.profile.note.text() == f"Reading from the server of {las.name}…"
    drawn = []
    tab.profile.show_plot = lambda plot, why="": drawn.append(plot)
    server.answer.set()
    end_threads()
    settle()
    [plot] = drawn  # of the sample that is looked at, not of the one before
    assert plot.args[0].name == names[1]
    np.testing.assert_array_equal(plot.args[0].original, las.values[samples_by_error(result)[1]])
    server.answer.clear()
    press(tab.worst)
    session(viewer).look_at(make_phantom().parcellation, 0)
    server.answer.set()
    end_threads()
    assert drawn[1:] == [None, None]  # of other data nothing is shown


def test_scatters_of_methods_get_the_colours_of_a_gene_when_it_is_there(
    las, remote, server, model, qtbot
):
    latents = compressed(las, 2).latents
    named = NamedLatents("pca", "PCA", latents, las.parcellation)
    dialog = LatentScatters(model, stand_alone(ChooseGene(model), qtbot))
    server.answer.clear()
    dialog.show_latents([named], remote)
    type_into(dialog.color.gene, "NA")
    qtbot.waitUntil(lambda: not dialog._soon.isActive())
    drawn = []
    dialog.section.show_plot = lambda plot, note="": drawn.append(plot)
    server.answer.set()
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn[-1].args[1].title == "NA, expression"


def test_points_get_the_colours_of_a_gene_when_it_is_there(
    las, remote, server, make_napari_viewer, qtbot
):
    viewer = make_napari_viewer()
    result = replace(compressed(las, 2), expression=remote)
    add_result(viewer, result, Outputs(latents=False))
    dock = stand_alone(LatentSpace(viewer), qtbot)
    before = dock._coloring.title
    server.answer.clear()
    choose(dock.color, ORIGINAL)
    type_into(dock.color.gene, "NA")
    assert dock._coloring.title == before
    server.answer.set()
    qtbot.waitUntil(lambda: dock._coloring.title == "NA, original expression")
