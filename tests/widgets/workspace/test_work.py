"""The session keeps the work: results outlive layers and docks, and one is current in all lists."""

import gc
import time
import warnings
import weakref
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QMessageBox

from clicking import choose_value, run
from napari_compressed_transcriptomics.codecs import fitting
from napari_compressed_transcriptomics.codecs.models.model_file import load_model
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE, result_line
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layers import error_layer
from napari_compressed_transcriptomics.widgets.back import back
from napari_compressed_transcriptomics.widgets.choose_gene import ChooseGene
from napari_compressed_transcriptomics.widgets.compare_results import CompareResults
from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.inspect.dock import InspectReconstruction
from napari_compressed_transcriptomics.widgets.predict_maps.computed_latents import ComputedLatents
from napari_compressed_transcriptomics.widgets.result_menu import ResultMenu
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from napari_compressed_transcriptomics.widgets.shared.session import session
from napari_compressed_transcriptomics.widgets.shared_genes import SharedGenes
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def results(brain):
    return [compressed(brain, k) for k in (2, 4)]


@pytest.fixture
def work(model):
    return session(model).work


def other_brain(brain, name="second brain"):
    labels = brain.parcellation
    return replace(brain, parcellation=Parcellation(labels.labels.copy(), labels.affine), name=name)


def kinds(model):
    return [shown(layer).kind for layer in model.layers]


def test_a_result_outlives_its_layers_and_can_be_shown_again(model, work, results, brain, qtbot):
    choice, menu = ResultChoice(model), ResultMenu(model)
    qtbot.addWidget(choice)
    qtbot.addWidget(menu)
    assert not menu.isEnabled()
    add_expression(model, brain)
    for result in results:
        add_result(model, result, Outputs())
    model.layers.clear()
    assert [choice.itemText(i) for i in range(choice.count())] == [
        f"{brain.name}: PCA k=2",
        f"{brain.name}: PCA k=4",
    ]
    choice.setCurrentIndex(0)
    assert work.current_result is results[0]
    menu.show_layers()
    assert kinds(model) == ["rmse", "latents"]
    assert shown(model.layers[0]).reconstruction is results[0]


def test_a_result_shown_again_hides_all_others(model, work, results, brain, qtbot):
    menu = ResultMenu(model)
    qtbot.addWidget(menu)
    for result in results:
        add_result(model, result, Outputs())
    menu.show_layers()
    assert [layer.visible for layer in model.layers] == [False, False, True, True]


def test_a_result_is_removed_with_its_layers_after_asking(model, work, results, qtbot, monkeypatch):
    menu, buttons = ResultMenu(model), QMessageBox.StandardButton
    qtbot.addWidget(menu)
    for result in results:
        add_result(model, result, Outputs())
    monkeypatch.setattr(QMessageBox, "question", lambda *_: buttons.No)
    menu.ask_and_remove()
    assert len(work.results) == 2
    monkeypatch.setattr(QMessageBox, "question", lambda *_: buttons.Yes)
    menu.ask_and_remove()
    assert work.results == [results[0]]
    assert work.current_result is results[0]
    assert all(shown(layer).reconstruction is results[0] for layer in model.layers)


def test_the_model_and_tables_of_any_result_can_be_saved(
    model, work, results, tmp_path, answer, qtbot
):
    menu = ResultMenu(model)
    qtbot.addWidget(menu)
    work.keep(results[0], {"seed": 7})
    work.keep(results[1], {"seed": 8})
    work.choose_result(results[0])
    assert "Saved" in (answer(tmp_path / "m.safetensors") and menu.save_model())
    assert load_model(tmp_path / "m.safetensors").latent_size == 2
    assert "Saved" in (answer(tmp_path / "r") and menu.save_results())
    assert '"seed": 7' in (tmp_path / "r" / "summary.json").read_text()


def test_data_and_result_follow_each_other_in_all_lists(model, work, results, brain, qtbot):
    second = other_brain(brain)
    genes = ChooseGene(model)
    lists = [LayerChoice(model), genes.layer, ResultChoice(model)]
    for widget in (lists[0], lists[2], genes):
        qtbot.addWidget(widget)
    first_layer, second_layer = add_expression(model, brain), add_expression(model, second)
    assert [widget.layer for widget in lists[:2]] == [second_layer] * 2  # the newest
    work.keep(results[0])
    assert [widget.layer for widget in lists[:2]] == [first_layer] * 2  # the result's data
    lists[0].setCurrentIndex(1)
    assert lists[1].layer is second_layer
    assert work.current_data is second
    other = compressed(second, 2)
    work.keep(other)
    lists[1].setCurrentIndex(0)
    assert lists[2].result is results[0]
    model.layers.remove(first_layer)
    assert work.data == [second]
    assert work.current_data is second


def test_a_second_run_replaces_the_layers_or_stays_beside(model, work, brain, qtbot):
    dock = Compress(model)
    qtbot.addWidget(dock)
    add_expression(model, brain)
    choose_value(dock.codec, "pca")
    for size in (2, 4):
        choose_value(dock.latent_size, size)
        run(dock.bar, qtbot)
    assert kinds(model) == ["expression", "rmse", "latents"]
    assert model.layers[-1].data.shape[0] == 4
    assert len(work.results) == 2
    choose_value(dock.again, "beside")
    run(dock.bar, qtbot)
    assert sorted(kinds(model)) == ["expression", *["latents"] * 2, *["rmse"] * 2]


def test_the_fit_counts_in_the_time_and_the_error_says_of_which_data(brain, monkeypatch):
    fit = fitting.fit_codec

    def slow(*args, **settings):
        time.sleep(0.3)
        return fit(*args, **settings)

    monkeypatch.setattr(fitting, "fit_codec", slow)
    result = compress(CompressRequest(brain, "pca", 2, device="cpu"))
    assert result.seconds > 0.3
    assert result.in_sample
    assert IN_SAMPLE in result_line(result)
    scaled = replace(brain, values=np.float32(brain.values * 0.9))
    assert IN_SAMPLE not in result_line(reconstruct(result.codec, scaled, device="cpu"))


def test_a_model_is_fitted_on_the_genes_shared_with_other_data(model, brain, qtbot):
    fewer = other_brain(brain.aligned_to(brain.genes[5:]), "fewer genes")
    dock = Compress(model)
    qtbot.addWidget(dock)
    add_expression(model, brain)
    assert not dock.genes.is_needed
    add_expression(model, fewer)
    dock.layer.setCurrentIndex(0)
    assert dock.genes.is_needed
    choose_value(dock.codec, "pca")
    dock.genes.setCurrentIndex(1)
    assert dock.genes.currentText() == "Shared with fewer genes"
    assert dock.request().expression.genes == fewer.genes
    run(dock.bar, qtbot)
    result = session(model).work.current_result
    assert result.codec.genes == fewer.genes
    assert result.expression.parcellation is brain.parcellation


def test_data_that_share_no_gene_say_so(model, brain, qtbot):
    strange = replace(other_brain(brain), genes=tuple(f"X{i}" for i in range(brain.n_genes)))
    genes = SharedGenes(model)
    qtbot.addWidget(genes)
    add_expression(model, strange)
    add_expression(model, brain)
    genes.setCurrentIndex(1)
    with pytest.raises(UserError, match="share no gene"):
        genes.of(brain)


def test_results_that_are_here_are_features_of_predictions(model, work, results, brain, qtbot):
    boxes = ComputedLatents(model)
    qtbot.addWidget(boxes)
    assert boxes.isHidden()
    add_expression(model, brain)
    for result in results:
        add(model, error_layer(result))
    assert [box.text() for box in boxes.boxes] == ["PCA k=2", "PCA k=4"]
    assert boxes.features(brain) == ()
    boxes.boxes[1].setChecked(True)
    (features,) = boxes.features(brain)
    assert features.name == "PCA k=4"
    np.testing.assert_allclose(features.values, results[1].latents)
    work.remove(results[0])
    assert [box.isChecked() for box in boxes.boxes] == [True]


def test_back_shows_what_was_seen_before(model, work, results, brain, qtbot):
    menu = ResultMenu(model)
    qtbot.addWidget(menu)
    expression = add_expression(model, brain)
    for result in results:
        add_result(model, result, Outputs(side_by_side=False))
    expression.visible = True
    before = [layer.visible for layer in model.layers]
    assert not model.canvas.grid.enabled
    work.choose_result(results[0])
    menu.show_layers()
    assert model.canvas.grid.enabled
    assert [layer.visible for layer in model.layers] != before
    back(model).go()
    assert [layer.visible for layer in model.layers] == before
    assert not model.canvas.grid.enabled
    assert not back(model).possible


def test_a_result_that_is_removed_frees_its_memory(model, work, brain, qtbot):
    docks = [make(model) for make in (Compress, InspectReconstruction, CompareResults)]
    for dock in docks:
        qtbot.addWidget(dock)
        dock.show()
    add_expression(model, brain)
    gone = []
    for k in (2, 3):
        result = compressed(brain, k)
        add_result(model, result, Outputs())
        gone.append(weakref.ref(result))
        del result
    work.remove(work.results[0])
    work.remove(work.results[0])

    def are_gone():
        gc.collect()
        return not any(one() for one in gone)

    qtbot.waitUntil(are_gone)


def test_counting_that_goes_with_its_dock_leaves_warnings_as_they_were(model, work, brain, qapp):
    before = warnings.showwarning

    def count():
        dock = InspectReconstruction(model)
        dock.show()
        add_expression(model, brain)
        for k in (2, 3):
            add_result(model, compressed(brain, k), Outputs())
        dock.close()

    count()
    assert QThreadPool.globalInstance().waitForDone(120_000)  # what is sent comes to nobody
    gc.collect()
    assert warnings.showwarning == before
