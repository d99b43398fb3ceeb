"""The Compress widget, driven by clicks: one job, progress, cancel, one visible error."""

import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from clicking import choose_value, finish, press, run
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models import published
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets import compress as module
from napari_compressed_transcriptomics.widgets.compress import Compress, Outputs, add_result


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def widget(viewer, brain, qtbot):
    made = Compress(viewer)
    qtbot.addWidget(made)
    add_expression(viewer, brain)
    choose_value(made.codec, "pca")
    made.show()
    return made


def kinds(viewer):
    return [shown(layer).kind for layer in viewer.layers]


@pytest.mark.parametrize("codec", ["pca", "autoencoder", "residual"])
def test_run_adds_latents_and_error(codec, widget, viewer, brain, qtbot, monkeypatch):
    if codec != "pca":
        shorter = module.CompressRequest
        monkeypatch.setattr(
            module, "CompressRequest", lambda **given: shorter(**given, max_epochs=3)
        )
    choose_value(widget.codec, codec)
    choose_value(widget.latent_size, 4)
    widget.show_gene.setChecked(True)
    run(widget.bar, qtbot)
    assert kinds(viewer) == ["expression", "gene", "rmse", "latents"]
    stack = viewer.layers[-1]
    assert stack.data.shape[0] == 4
    result = shown(stack).reconstruction
    assert result.codec.id == codec
    np.testing.assert_array_equal(
        np.nan_to_num(shown(viewer.layers[2]).values), result.rmse_samples
    )
    assert f"RMSE {result.rmse:.4f}" in widget.result.text()
    assert f"{brain.n_samples:,} samples" in widget.result.text()
    assert viewer.canvas.grid.enabled
    assert widget.bar.run.isEnabled()
    assert not widget.bar.cancel.isEnabled()


def test_samples_not_seen_are_measured_where_asked(widget, viewer, qtbot):
    assert not widget.held_out.isChecked()
    assert not widget.held_out_cost.isVisible()
    widget.held_out.setChecked(True)
    assert widget.held_out_cost.isVisible()
    assert "about 5 times the fit" in widget.held_out_cost.text()
    run(widget.bar, qtbot)
    assert kinds(viewer) == ["expression", "rmse", "held_out_rmse", "latents"]
    layer = viewer.layers[2]
    found = shown(layer).reconstruction.held_out
    assert layer.name.endswith("held-out RMSE")
    assert layer.colormap.name == "inferno"
    np.testing.assert_array_equal(shown(layer).values, found.rmse_samples)
    told = f"held-out RMSE {found.rmse:.4f}, "
    assert told in widget.result.text()
    assert "times the fitted (5 folds, blocks, buffer " in widget.result.text()


def test_of_models_that_are_there_already_it_cannot_be_measured(widget):
    widget.held_out.setChecked(True)
    for codec in ("model", "published"):
        choose_value(widget.codec, codec)
        assert not widget.held_out.isEnabled()
        assert "cannot be repeated here" in widget.held_out.toolTip()
        assert not widget.held_out_cost.isVisible()
    assert widget.request().held_out is None
    choose_value(widget.codec, "pca")
    assert widget.request().held_out is not None


def test_separate_layers_without_side_by_side_show_one_at_a_time(widget, viewer, qtbot):
    choose_value(widget.latent_size, 4)
    for box in (widget.separate, widget.side_by_side, widget.show_error):
        press(box) if box.isEnabled() else None
    widget.separate.setChecked(True)
    widget.side_by_side.setChecked(False)
    widget.show_error.setChecked(False)
    run(widget.bar, qtbot)
    assert kinds(viewer) == ["expression", *["component"] * 4]
    assert [layer.visible for layer in viewer.layers] == [False, True, False, False, False]


def test_a_second_click_starts_no_second_job(widget, viewer, qtbot):
    press(widget.bar.run)
    first = widget.bar.job
    press(widget.bar.run)
    widget._start()
    assert widget.bar.job is first
    finish(widget.bar, qtbot)
    assert kinds(viewer).count("latents") == 1


def test_cancel_ends_within_a_block_and_adds_nothing(widget, viewer, qtbot, monkeypatch):
    closed = threading.Event()

    def endless(request, report):
        try:
            for done in range(10**9):
                threading.Event().wait(0.005)
                report(Progress("Training", done, 10**9, values={"validation": 0.5}))
        finally:
            closed.set()

    monkeypatch.setattr(module, "compress", endless)
    press(widget.bar.run)
    qtbot.waitUntil(lambda: "Training" in widget.bar.status.text())
    assert widget.bar.progress.isVisible()
    press(widget.bar.cancel)
    finish(widget.bar, qtbot)
    assert closed.is_set()
    assert kinds(viewer) == ["expression"]
    assert "Cancelled" in widget.bar.status.text()
    assert widget.bar.run.isEnabled()


def test_the_layer_may_vanish_while_the_job_runs(widget, viewer, brain, qtbot):
    press(widget.bar.run)
    viewer.layers.clear()
    finish(widget.bar, qtbot)
    assert kinds(viewer) == ["rmse", "latents"]
    assert shown(viewer.layers[0]).expression is brain


def test_closing_the_viewer_ends_the_job(brain, qtbot, monkeypatch):
    import napari

    closed = threading.Event()

    def endless(request, report):
        try:
            while True:
                threading.Event().wait(0.005)
                report(Progress("Training", 0, 1))
        finally:
            closed.set()

    monkeypatch.setattr(module, "compress", endless)
    viewer = napari.Viewer(show=False)  # the fixture for viewers does not let go of them
    add_expression(viewer, brain)
    _, widget = viewer.window.add_plugin_dock_widget(
        "napari-compressed-transcriptomics", "Compress"
    )
    press(widget.bar.run)
    qtbot.waitUntil(lambda: widget.bar.status.text() == "Training")
    viewer.close()
    qtbot.waitUntil(closed.is_set)


def test_run_is_off_with_the_reason_when_there_is_nothing_to_run_on(qtbot, viewer):
    widget = Compress(viewer)
    qtbot.addWidget(widget)
    assert not widget.bar.run.isEnabled()
    assert "Open an expression volume" in widget.bar.status.text()
    viewer.add_image(np.zeros((3, 4, 5)), name="T1")
    assert not widget.bar.run.isEnabled()
    assert "T1" in widget.bar.status.text()
    assert "carries no genes" in widget.bar.status.text()


def test_files_are_chosen_in_dialogs(widget, answer, told, monkeypatch, tmp_path):
    answer()
    for button in (widget.browse, widget.from_folder):
        press(button)
    assert widget.model_path.text() == ""
    choose_value(widget.codec, "model")
    path = answer(tmp_path / "m.safetensors")
    press(widget.browse)
    assert widget.model_path.text() == str(path)
    choose_value(widget.codec, "published")
    answer(tmp_path)
    press(widget.from_folder)
    assert "holds none of" in told.pop().message
    taken = lambda folder, cache: ["a.pt", "b.pt"] if folder == str(tmp_path) else []  # noqa: E731
    monkeypatch.setattr(published, "import_files", taken)
    press(widget.from_folder)
    assert widget.bar.status.text() == "Took 2 published files."


def test_sizes_that_the_data_cannot_carry_are_off_with_the_reason(widget):
    model = widget.latent_size.model()
    fits = [bool(model.item(row).flags() & Qt.ItemFlag.ItemIsEnabled) for row in range(7)]
    assert fits == [True] * 5 + [False] * 2  # 40 genes carry 32 components
    assert "40" in model.item(6).toolTip()
    assert widget.latent_size.currentData() == 8


def test_a_saved_model_runs_and_a_missing_one_says_so(widget, viewer, brain, qtbot, tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(fit_codec("pca", brain, 2, device="cpu"), path)
    choose_value(widget.codec, "model")
    assert not widget.bar.run.isEnabled()
    assert "model file" in widget.bar.status.text()
    widget.model_path.setText(str(path))
    run(widget.bar, qtbot)
    assert viewer.layers[-1].data.shape[0] == 2

    widget.model_path.setText(str(tmp_path / "gone.safetensors"))
    run(widget.bar, qtbot)
    assert "gone.safetensors" in widget.bar.status.text()
    assert kinds(viewer).count("latents") == 1
    assert not widget.result.text()  # nothing stale


def test_the_request_is_what_the_form_says(widget, brain):
    choose_value(widget.latent_size, 16)
    choose_value(widget.device.combo, "cpu")
    widget.seed.setValue(5)
    request = widget.request()
    assert request.expression is brain
    assert (request.codec, request.latent_size, request.device, request.seed) == (
        "pca", 16, "cpu", 5,
    )  # fmt: skip
    assert request.block_bytes == 64 * 2**20
    assert request.scheduler is None
    widget.cluster.setText(" tcp://10.0.0.5:8786 ")
    assert widget.request().scheduler == "tcp://10.0.0.5:8786"


def test_the_device_line_says_which_and_why(widget, qtbot):
    choose_value(widget.device.combo, "cpu")
    qtbot.waitUntil(lambda: widget.device.line.text().startswith("CPU"))
    choose_value(widget.device.combo, "cuda")
    qtbot.waitUntil(lambda: "CUDA" in widget.device.line.text())


def test_same_seed_same_layers(brain, viewer):
    from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress

    request = CompressRequest(brain, latent_size=2, device="cpu", max_epochs=2, seed=3)
    one, two = (add_result(viewer, compress(request), Outputs())[-1] for _ in range(2))
    np.testing.assert_array_equal(one.data, two.data)
