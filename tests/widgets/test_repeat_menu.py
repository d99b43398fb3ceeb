"""What docks copy: commands that the command line takes, Python that gives the window's numbers."""

import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from clicking import choose_value, run
from commands import REGIONS
from figure_files import drawn
from napari_compressed_transcriptomics.cli.command_line import command_parser
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.study.latents_of_methods import LatentsRequest, fit_latents
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.widgets.compare_methods.coherence_section import (
    CoherenceSection,
)
from napari_compressed_transcriptomics.widgets.compare_methods.held_out_tab import HeldOutTab
from napari_compressed_transcriptomics.widgets.compare_methods.latents_tab import LatentsTab
from napari_compressed_transcriptomics.widgets.components.component_table import ComponentTable
from napari_compressed_transcriptomics.widgets.compress import Compress
from napari_compressed_transcriptomics.widgets.convert import Convert
from napari_compressed_transcriptomics.widgets.export_figure import ExportFigure
from napari_compressed_transcriptomics.widgets.open_data.volumes import OpenVolumes
from napari_compressed_transcriptomics.widgets.predict_maps.dock import PredictMaps
from napari_compressed_transcriptomics.widgets.real_samples import RealSamples
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.session import session
from napari_compressed_transcriptomics.widgets.train import Train


@pytest.fixture
def viewer():
    made = ViewerModel()
    add_expression(made, read_expression(REGIONS))
    return made


def command_of(bar):
    """The arguments of what *Copy as command* copies, as the command line takes them."""
    bar.repeat.copy_command.trigger()
    lines = QApplication.clipboard().text().splitlines()
    assert bar.status.text().startswith("Copied the command"), bar.status.text()
    return [command_parser().parse_args(shlex.split(line)[1:]) for line in lines]


def python_of(bar):
    bar.repeat.copy_python.trigger()
    return QApplication.clipboard().text()


def test_compressing_again_in_python_gives_the_numbers_of_the_window(
    viewer, qtbot, tmp_path, monkeypatch
):
    dock = Compress(viewer)
    qtbot.addWidget(dock)
    choose_value(dock.codec, "pca")
    choose_value(dock.latent_size, 4)
    dock.seed.setValue(3)
    (asked,) = command_of(dock.bar)
    assert (asked.command, asked.input) == ("encode", [REGIONS])
    assert (asked.model, asked.latent) == ("pca", 4)
    assert (asked.seed, asked.block_memory) == (3, 64)
    script = python_of(dock.bar)
    run(dock.bar, qtbot)
    monkeypatch.chdir(tmp_path)
    there = {"__name__": "__main__"}
    exec(script, there)
    here = session(viewer).work.current_result
    np.testing.assert_array_equal(there["result"].latents, here.latents)
    np.testing.assert_array_equal(there["result"].rmse_samples, here.rmse_samples)
    assert (asked.out / "summary.json").is_file()

    # Of that result
    table = ComponentTable(viewer, ResultChoice(viewer))
    qtbot.addWidget(table)
    (asked,) = command_of(table.bar)
    assert (asked.component_genes, asked.model) == (True, "pca")
    figure = ExportFigure(viewer)
    qtbot.addWidget(figure)
    rmse = next(i for i in range(figure.layer.count()) if "RMSE" in figure.layer.itemText(i))
    figure.layer.setCurrentIndex(rmse)
    encode, draw = command_of(figure.bar)
    assert (encode.command, draw.command, draw.input) == ("encode", "figure", [str(encode.out)])
    assert draw.what == ["rmse"]
    compile(python_of(figure.bar), "figure", "exec")
    figure.bar.repeat.save.trigger()
    assert "two commands" in figure.bar.status.text()
    figure.frames.setValue(2)
    for view, ending in (("density", "svg"), ("regions", "svg"), ("turn", "gif")):
        choose_value(figure.view, view)
        figure.width_cm.setValue(5)
        subject = figure.subject()
        there, read = tmp_path / f"here.{ending}", drawn if ending == "svg" else Path.read_bytes
        expected = read(subject.save(there))
        encode, draw = command_of(figure.bar)
        assert (draw.movie if view == "turn" else draw.out).suffix == f".{ending}"
        exec(python_of(figure.bar), {"__name__": "__main__"})
        assert read(draw.movie or draw.out) == expected, view
    choose_value(figure.view, "slices")
    session(viewer).work.saved(here, tmp_path / "kept")
    (draw,) = command_of(figure.bar)  # of the model that lies there
    assert (draw.command, draw.input) == ("figure", [str(tmp_path / "kept")])


def test_every_dock_copies_a_command(viewer, qtbot, tmp_path, answer):
    train = Train(viewer)
    held_out = HeldOutTab(viewer, LayerChoice(viewer))
    predict = PredictMaps(viewer)
    convert = Convert(viewer)
    volumes = OpenVolumes(viewer)
    samples = RealSamples(viewer)
    figure = ExportFigure(viewer)
    target = tmp_path / "map.csv"
    target.write_text("region,map\n")
    predict.targets.files.take([target])
    convert.source.set_path(REGIONS)
    convert.target.setText(str(tmp_path / "x.zarr"))
    volumes.source.set_path(tmp_path)
    for dock, name in (
        (train, "train"), (held_out, "compare"), (predict, "predict"), (convert, "convert"),
        (volumes, "info"), (figure, "figure"),
    ):  # fmt: skip
        qtbot.addWidget(dock)
        (asked,) = command_of(dock.bar)
        assert asked.command == name
        compile(python_of(dock.bar), name, "exec")
        answer(tmp_path / "s.toml")
        dock.bar.repeat.save.trigger()
        assert tomllib.loads((tmp_path / "s.toml").read_text())["command"] == name
    qtbot.addWidget(samples)
    (asked,) = command_of(samples.bar)
    assert asked.accept_terms


def test_what_no_command_does_is_said(viewer, brain, qtbot):
    latents = LatentsTab(viewer, LayerChoice(viewer))
    qtbot.addWidget(latents)
    latents.bar.repeat.copy_command.trigger()
    assert "no command for this" in latents.bar.status.text()
    assert "fit_latents(request)" in python_of(latents.bar)
    add_expression(viewer, brain)  # a synthetic one, of no file
    dock = Compress(viewer)
    qtbot.addWidget(dock)
    choose_value(dock.codec, "pca")
    dock.bar.repeat.copy_command.trigger()
    assert "comes from no file" in dock.bar.status.text()
    assert "synthetic_brain(" in python_of(dock.bar)


def test_coherence_of_latents_is_measured_again_with_regions_of_files(viewer, qtbot):
    data = session(viewer).work.current_data
    fitted = fit_latents(LatentsRequest(data, ("pca", "nmf"), (2,)))
    section = CoherenceSection(viewer, lambda: fitted.latents)
    qtbot.addWidget(section)
    (asked,) = command_of(section.bar)
    assert (asked.command, asked.methods, asked.latent) == ("coherence", ["pca", "nmf"], [2])
    compile(python_of(section.bar), "coherence", "exec")
    drawn = viewer.add_labels(np.ones((24, 29, 24), int), name="drawn")
    section.regions.setCurrentIndex(section.regions.findText(drawn.name))
    section.bar.repeat.copy_command.trigger()
    assert "was drawn or changed in the window" in section.bar.status.text()
