"""The command `figure`: every map and plot of results, and one sentence for anything else."""

import json

import numpy as np
import pytest
from PIL import Image

from commands import BRAIN, files_below, refused, run
from data import TABLES, real_data
from napari_compressed_transcriptomics import read_expression
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.core.brain_space import NLIN6
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.writers.figure_inputs.input import Reading
from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.results import results_of, samples_of
from phantom import AFFINES, make_phantom
from small import compressed

SMALL = ("--dpi", 50, "--width-cm", 8)


@pytest.mark.parametrize("what", ["rmse", "component:3"])
@pytest.mark.parametrize("view", ["slices", "ortho"])
def test_maps_of_results(saved, tmp_path, what, view):
    out = tmp_path / "a.png"
    assert run("figure", saved, "--what", what, "--view", view, *SMALL, "--out", out) == 0
    with Image.open(out) as picture:
        assert picture.size[0] == round(8 / 2.54 * 50)
        assert len(np.unique(np.asarray(picture))) > 20


@pytest.mark.parametrize("what", ["density", "histogram", "genes", "latents"])
def test_plots_of_results(saved, tmp_path, what):
    out = tmp_path / "a.svg"
    assert run("figure", saved, "--what", what, *SMALL, "--out", out) == 0
    assert "</text>" in out.read_text()


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_settings_draw_the_same_bytes_again(saved, tmp_path, ending):
    first, again = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    how = ("--planes", "axial", "sagittal", "--mm", -10, 0, 20, "--title", "T", "--high", 0.2)
    assert run("figure", saved, *how, *SMALL, "--out", first, "--keep-paths") == 0
    assert run("figure", "--settings", f"{first}.json", "--out", again) == 0
    assert first.read_bytes() == again.read_bytes()
    record = json.loads((tmp_path / f"a.{ending}.json").read_text())
    assert record["figure"]["mm"] == [-10, 0, 20]
    assert len(record["source"]["results"]["sha256"]) == 64


def test_settings_of_other_results_are_refused(saved, result, tmp_path, capsys):
    folder = tmp_path / "r"
    save_results(result, folder)
    first = tmp_path / "a.svg"
    assert run("figure", folder, *SMALL, "--out", first) == 0
    save_results(result, folder, {"seed": 1})
    capsys.readouterr()
    words = refused(capsys, "figure", "--settings", f"{first}.json", "--out", tmp_path / "b.svg")
    assert "is not what the figure was drawn from" in words
    assert run("figure", saved, "--settings", f"{first}.json", "--out", tmp_path / "b.svg") == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--what", "nonsense"), "no map 'nonsense'"),
        (("--what", "component:9"), "components 1 to 3"),
        (("--what", "component:x"), "components 1 to 3"),
        (("--what", "gene:A1BG"), "has no gene 'A1BG'"),
        (("--what", "held-out"), "--held-out"),
        (("--what", "rmse", "density"), "is a plot"),
        (("--what", "regions"), "--atlas"),
        (("--what", "comparison"), "not a plot of results"),
        (("--mm", "nan"), "finite"),
        (("--mm", 500), "outside the brain"),
        (("--view", "ortho", "--place", 0, 0, 500), "outside the brain"),
        (("--view", "surface"), "another space"),
        (("--template",), "another space"),
        (("--view", "front"), "no view 'front'"),
        (("--dpi", 5), "dpi is 5"),
        (("--low", 1, "--high", 0), "lower number first"),
        (("--frames", 3), "--movie"),
        (("--settings", "nowhere.json"), "no file"),
        (("--model", "pca.safetensors"), "has a model of its own"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(saved, tmp_path, capsys, options, words):
    assert words in refused(capsys, "figure", saved, *options, "--out", tmp_path / "a.png")
    assert not files_below(tmp_path)


def test_names_that_cannot_be_written_are_refused(saved, tmp_path, capsys):
    assert ".png, .svg, .pdf" in refused(capsys, "figure", saved, "--out", tmp_path / "a.jpg")
    assert "--out" in refused(capsys, "figure", saved)
    other = tmp_path / "a.png.json"
    other.write_text('{"atlas": "mine.nii"}')
    assert "was not written by" in refused(capsys, "figure", saved, "--out", tmp_path / "a.png")
    gif = tmp_path / "a.png"
    assert ".gif, .mp4" in refused(capsys, "figure", saved, "--movie", gif)
    assert "nothing to draw" in refused(capsys, "figure", "--out", tmp_path / "b.png")


def test_a_movie_turns_once(saved, tmp_path):
    out = tmp_path / "turn.gif"
    small = ("--width-cm", 6, "--dpi", 50)
    assert run("figure", saved, "--movie", out, "--frames", 4, "--per-second", 10, *small) == 0
    with Image.open(out) as gif:
        assert (gif.n_frames, gif.info["loop"], gif.info["duration"]) == (4, 0, 100)
    assert json.loads((tmp_path / "turn.gif.json").read_text())["movie"]["frames"] == 4


def test_plots_do_not_turn_and_a_movie_shows_one_map(saved, tmp_path, capsys):
    movie = ("--movie", tmp_path / "turn.gif")
    for words, *given in (
        ("density is a plot, which cannot be a movie", saved, "--what", "density", *movie),
        ("A plot takes one input", saved, saved, "--what", "density", "--out", tmp_path / "a.svg"),
        ("A movie shows one map", saved, "--what", "rmse", "component:1", *movie),
        ("A movie shows one map", saved, saved, *movie),
    ):
        assert words in refused(capsys, "figure", *given)
    assert not list(tmp_path.iterdir())


def test_expression_is_drawn_as_a_model_reconstructs_it(tmp_path):
    brain = read_expression(BRAIN)
    result = compressed(brain, 2)
    model = save_model(result.codec, tmp_path / "m.safetensors")
    (one,) = read_inputs([BRAIN], Reading(model=str(model), space=NLIN6))
    gene = brain.genes[3]
    np.testing.assert_allclose(
        one.map(f"reconstructed:{gene}").values, result.gene(gene), atol=1e-5
    )
    np.testing.assert_allclose(one.map("rmse").values, result.rmse_samples, atol=1e-6)
    np.testing.assert_array_equal(one.map(f"gene:{gene}").values, brain.values[:, 3])
    assert one.plot("density") is not None
    assert one.check_mni() == ""
    (alone,) = read_inputs([BRAIN])
    with pytest.raises(UserError, match="synthetic_brain is expression alone; add --model MODEL"):
        alone.plot("density")


def test_expression_and_several_results(saved, tmp_path, capsys):
    out = tmp_path / "a.svg"
    assert run("figure", BRAIN, "--what", "gene:SYN0001", *SMALL, "--out", out) == 0
    assert "SYN0001 expression" in out.read_text()
    capsys.readouterr()
    assert "alone" in refused(capsys, "figure", BRAIN, "--what", "rmse", "--out", out)
    assert "no gene" in refused(capsys, "figure", BRAIN, "--what", "gene:NO", "--out", out)
    assert run("figure", saved, saved, *SMALL, "--slices", 2, "--out", out) == 0
    assert out.read_text().count("result: RMSE") == 2
    capsys.readouterr()
    assert "not both" in refused(capsys, "figure", saved, BRAIN, "--out", out)


@pytest.mark.parametrize("affine", AFFINES)
def test_samples_of_a_folder_are_the_voxels_or_regions_that_were_compressed(affine):
    voxels = make_phantom(AFFINES[affine])
    again = samples_of(results_of(compressed(voxels, 2)))
    np.testing.assert_array_equal(again.labels, voxels.parcellation.labels)


def test_reconstructed_genes_of_a_folder_are_those_of_its_model(tmp_path):
    table, atlas, labels = map(real_data, TABLES["ahba_schaefer100"])
    folder = tmp_path / "r"
    how = ("--atlas", atlas, "--labels", labels, "--model", "pca", "--latent", 2, "--device", "cpu")
    assert run("encode", table, *how, "--out", folder, "--keep-paths") == 0
    (one,) = read_inputs([str(folder)], Reading())
    original, made = one.map("gene:CARTPT"), one.map("reconstructed:CARTPT")
    difference = one.map("difference:CARTPT")
    np.testing.assert_allclose(made.values - original.values, difference.values, atol=1e-6)
    assert one.check_mni() == ""
    regions = samples_of(one.results)
    assert regions.n_samples == 114
    assert run("figure", folder, "--view", "surface", *SMALL, "--out", tmp_path / "s.png") == 0
    assert run("figure", folder, "--what", "regions", *SMALL, "--out", tmp_path / "p.pdf") == 0


def test_a_folder_draws_reconstructions_with_the_model_in_it_and_without_data(tmp_path, capsys):
    """Not fitted again: there is nothing to fit to."""
    result, folder = compressed(make_phantom(), 2), tmp_path / "r"
    save_results(result, folder)
    (one,) = read_inputs([str(folder)], Reading())
    made = one.map("reconstructed:TP53")
    np.testing.assert_array_equal(made.values, result.gene("TP53"))
    assert made.original is None
    np.testing.assert_array_equal(one.map("distance").values, result.novelty.distance)
    out = tmp_path / "a.png"
    assert run("figure", folder, "--what", "reconstructed:TP53", *SMALL, "--out", out) == 0
    capsys.readouterr()
    for what in ("gene:TP53", "difference:TP53"):
        words = refused(capsys, "figure", folder, "--what", what, "--out", out)
        assert "not where its record says" in words
