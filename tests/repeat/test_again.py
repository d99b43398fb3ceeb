"""A piece of work copied as a command and as Python: both give the same numbers, to the bit."""

import json
import shlex
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from commands import REGIONS, run
from figure_files import drawn
from napari_compressed_transcriptomics.codecs.recipes import TrainRequest
from napari_compressed_transcriptomics.figures.request import FigureRequest, Movie
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files.text import DelimitedText
from napari_compressed_transcriptomics.io.readers.targets import read_targets
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from napari_compressed_transcriptomics.repeat.compression import (
    compress_again,
    convert_again,
    train_again,
)
from napari_compressed_transcriptomics.repeat.figure import figure_again
from napari_compressed_transcriptomics.repeat.reading import command_reading
from napari_compressed_transcriptomics.repeat.studies import compare_again, predict_again
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.predict_request import PredictRequest


def table_of_genes(folder: Path, n_genes: int) -> Path:
    """The sample's table with fewer genes, beside what says where its regions lie."""
    table = DelimitedText(Path(REGIONS))
    path = folder / "a table.csv"  # names have spaces
    rows = [table.header, *(cells for _, cells in table.rows())]
    path.write_text("\n".join(",".join(cells[: n_genes + 1]) for cells in rows) + "\n")
    return path


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    """Everything done by commands, and by scripts that know nothing of this module."""
    folder = tmp_path_factory.mktemp("again")
    samples = Path(REGIONS).parent
    data = read_expression(
        table_of_genes(folder, 40),
        atlas=samples / "synthetic_regions_atlas.nii.gz",
        labels=samples / "synthetic_regions_labels.csv",
    )
    target = folder / "map.nii.gz"
    volume = data.parcellation.paint(data.values[:, 0])
    nib.save(nib.Nifti1Image(volume, data.parcellation.affine), target)

    def work(where: str):
        out = folder / where
        inputs, reading = command_reading(data.source)
        return {
            "compress": compress_again(
                CompressRequest(data, "pca", 3, seed=4, held_out=HeldOut("random", 3)),
                out / "compress",
            ),
            "train": train_again(
                TrainRequest(data, 2, max_epochs=3, hidden_sizes=(8, 4), seed=1),
                out / "model.safetensors",
            ),
            "compare": compare_again(
                CompareRequest(data, ("pca", "nmf"), (2, 3), ("random",), 3, n_jobs=1),
                out / "compare",
            ),
            "predict": predict_again(
                PredictRequest(data, read_targets([target], data), ("pca",), (2,), n_folds=3,
                               n_repeats=1, n_surrogates=19),
                out / "predict",
            ),
            "figure": figure_again(
                FigureRequest((f"gene:{data.genes[1]}",), n=2, low=0.3, dpi=60, letters=False),
                inputs, reading, out / "figure.png",
            ),
            "plot": figure_again(
                FigureRequest(("histogram",), view="plot", width_cm=9), [out / "compress"], {},
                out / "plot.svg",
            ),
            "movie": figure_again(
                FigureRequest(("rmse",), width_cm=4, dpi=60), [out / "compress"], {},
                out / "turn.gif", movie=Movie(3, 10),
            ),
            "convert": convert_again(data.source, out / "store.zarr", "float16"),
        }  # fmt: skip

    for repeat in work("command").values():
        assert run(*shlex.split(repeat.shell())[1:]) == 0
    for repeat in work("python").values():
        exec(compile(repeat.python, "script", "exec"), {"__name__": "__main__"})
    return folder


def numbers(path: Path) -> bytes:
    if path.suffix == ".svg":
        return drawn(path)
    if path.name.endswith(".nii.gz"):
        image = nib.load(path)
        return np.asarray(image.dataobj).tobytes() + image.affine.tobytes()
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("compress", ["latents.nii.gz", "error.nii.gz", "held_out_error.nii.gz", "latents.csv",
                      "gene_error.csv", "sample_error.csv", "density.csv"]),
        ("predict", ["prediction.csv", "predicted_samples.csv", "predicted_map.nii.gz"]),
        (".", ["model.safetensors", "figure.png", "plot.svg", "turn.gif"]),
    ],
)  # fmt: skip
def test_command_and_python_give_the_same_bits(again, name, files):
    for file in files:
        one, other = (again / how / name / file for how in ("command", "python"))
        assert numbers(one) == numbers(other), file


def test_comparisons_are_the_same_but_for_the_time_they_took(again):
    tables = [
        [cells for _, cells in DelimitedText(again / how / "compare" / "comparison.csv").rows()]
        for how in ("command", "python")
    ]
    header = DelimitedText(again / "python" / "compare" / "comparison.csv").header
    kept = [i for i, name in enumerate(header) if "seconds" not in name]
    one, other = ([[cells[i] for i in kept] for cells in table] for table in tables)
    assert one == other
    assert len(one) == 2 * 2 * 3


def test_stores_are_the_same(again):
    one, other = (read_expression(again / how / "store.zarr") for how in ("command", "python"))
    np.testing.assert_array_equal(np.asarray(one.values), np.asarray(other.values))


def test_results_carry_the_command_that_makes_them(again):
    for how in ("command", "python"):
        record = json.loads((again / how / "compress" / "summary.json").read_text())
        words = shlex.split(record["command"])
        assert words[:3] == ["compressed-transcriptomics", "encode", "../../a table.csv"]
        assert words[words.index("--out") + 1] == "."
        assert words[words.index("--latent") + 1] == "3"
        assert "--held-out" in words
    for folder, file in (("compare", "comparison.json"), ("predict", "prediction.json")):
        record = json.loads((again / "python" / folder / file).read_text())
        assert record["command"].startswith(f"compressed-transcriptomics {folder} ")
