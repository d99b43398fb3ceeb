"""Figures of what was decoded from latents alone, from its folder; in the window, and again."""

import runpy
import shlex

import numpy as np
import pytest
from napari.components import ViewerModel

from commands import refused, run
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.decoded import decoded
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.export_figure import ExportFigure
from napari_compressed_transcriptomics.widgets.shared.result_layers import Outputs, add_result
from napari_compressed_transcriptomics.widgets.shared.session import session
from phantom import make_phantom
from small import compressed


@pytest.fixture
def alone():
    made = compressed(make_phantom(), 2)
    of = made.expression
    return decoded(made.codec, made.latents, of.parcellation, of.samples, name="published")


@pytest.fixture
def folder(alone, tmp_path):
    save_results(alone, tmp_path / "latents")
    return tmp_path / "latents"


def test_genes_and_components_are_drawn(folder, alone, capsys):
    (one,) = read_inputs([str(folder)])
    found = one.map("reconstructed:TP53")
    np.testing.assert_array_equal(found.values, alone.gene("TP53"))
    assert found.title == "TP53 decoded from latents"
    np.testing.assert_array_equal(one.map("component:2").values, alone.latents[:, 1])
    assert one.plot("latents") is not None
    with pytest.raises(UserError, match="latents has components 1 to 2, no '3'"):
        one.map("component:3")
    for what in ("rmse", "gene:TP53", "difference:TP53"):
        with pytest.raises(UserError, match=f"latents alone, so there is no {what} of it"):
            one.map(what)
    words = ("figure", folder, "--what", "density", "--out", folder.parent / "a.svg")
    assert "so there is no density of it; choose --what reconstructed" in refused(capsys, *words)


def test_the_window_copies_a_command_once_it_is_saved(qtbot, alone, tmp_path, monkeypatch):
    viewer = ViewerModel()
    add_result(viewer, alone, Outputs(gene="TP53"))
    dock = ExportFigure(viewer)
    qtbot.addWidget(dock)
    (layer,) = (one for one in viewer.layers if shown(one).gene == "TP53")
    dock.layer.setCurrentIndex(dock.layer.findData(layer))
    assert dock.request().what == ("reconstructed:TP53",)
    with pytest.raises(UserError, match="is decoded from latents; save this result first"):
        dock._again()
    save_results(alone, tmp_path / "latents")
    session(viewer).work.saved(alone, tmp_path / "latents")
    again = dock._again()
    monkeypatch.chdir(tmp_path)
    assert run(*shlex.split(again.shell())[1:]) == 0
    (drawn,) = tmp_path.glob("*.svg")
    content = drawn.read_bytes()
    drawn.unlink()
    (tmp_path / "again.py").write_text(again.python)
    runpy.run_path(str(tmp_path / "again.py"))
    assert drawn.read_bytes() == content
