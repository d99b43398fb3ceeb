"""Vertices on the command line: what info says, results by hemisphere, surfaces that do not fit."""

import json

from napari_compressed_transcriptomics.cli import main
from vertices import N, expression_on_vertices, write_gifti_maps, write_surface


def test_info_and_encode_of_vertices(tmp_path, capsys):
    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    assert main(["info", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "1,244 vertices x 4 genes" in told
    assert "surface   fsaverage3, 642 left and 642 right vertices" in told
    assert main(["info", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples_are"] == "vertices"

    out = tmp_path / "out"
    assert main(["encode", str(folder), "--model", "pca", "--latent", "2", "--out", str(out)]) == 0
    assert (out / "latents_hemi-L.func.gii").is_file()
    assert (out / "error_hemi-R.func.gii").is_file()
    assert json.loads((out / "summary.json").read_text())["surface"]["left"] == N
    assert main(["report", str(out), "--out", str(tmp_path / "report.html")]) == 0
    capsys.readouterr()

    surface = write_surface(tmp_path / "lh.mid.surf.gii", [[-30, 0, 0], [-20, 1, 0], [-50, 0, 9]])
    assert main(["info", str(folder), "--surface", str(surface)]) == 2
    assert "3 vertices and the data have 642" in capsys.readouterr().err
    assert main(["info", str(folder), "--ids", "id"]) == 2
    assert "takes no ids" in capsys.readouterr().err


def test_results_tell_how_their_vertices_were_read(tmp_path, capsys):
    import numpy as np
    import pandas as pd

    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.repeat.reading import command_reading, read_again
    from vertices import write_labels

    values = expression_on_vertices()[:N]
    inside = (values != 0).any(axis=1)
    table = tmp_path / "cortex.csv"
    pd.DataFrame(values[inside]).rename(columns=lambda i: f"G{i}").to_csv(table)
    mask = write_labels(tmp_path / "mask.shape.gii", inside)
    read = read_expression(table, vertices_of=[mask], hemisphere="left")
    python = read_again(read.source)
    assert f"vertices_of=['{mask}']" in python
    assert "hemisphere='left'" in python
    _, options = command_reading(read.source)
    assert options["vertices-of"] == [mask]
    assert options["hemisphere"] == "left"
    arguments = ["info", str(table), "--vertices-of", str(mask), "--hemisphere", "left"]
    assert main(arguments) == 0
    assert f"{np.count_nonzero(inside)} vertices x 4 genes" in capsys.readouterr().out
