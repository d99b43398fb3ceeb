"""Distance to training data: right about unseen samples, others, files, scales and cutoffs."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from data import real_data
from napari_compressed_transcriptomics.codecs import fitting
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.model_file import load_model, save_model
from napari_compressed_transcriptomics.codecs.pca import PCA
from napari_compressed_transcriptomics.codecs.training_distribution import scale_problem
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.progress import Stop, silent, stopping
from napari_compressed_transcriptomics.reconstruction import training_distance
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named, small_expression

pytestmark = pytest.mark.usefixtures("one_thread")

CODECS = ("pca", "autoencoder", "residual", "nmf", "kernel-pca")
WHOLE = small_expression(n_samples=600)
TRAINING, UNSEEN = named(WHOLE.values[::2]), named(WHOLE.values[1::2])


@pytest.fixture(scope="module", params=CODECS)
def codec(request):
    # 3, as non-negative factors need one for the mean
    return fit_codec(request.param, TRAINING, 3, max_epochs=12, device="cpu")


def share(codec, values):
    return reconstruct(codec, named(values), device="cpu").novelty.share


def test_of_unseen_samples_about_the_stated_share_is_outside(codec):
    found = reconstruct(codec, UNSEEN, device="cpu").novelty
    assert 0 < found.share < 0.12  # the autoencoder knows how it does on 30 others only
    assert (found.latents > 1).mean() < 0.06
    assert share(codec, TRAINING.values) < 0.06


def test_nearly_all_of_other_data_is_outside(codec):
    shuffled = np.random.default_rng(0).permuted(UNSEEN.values, axis=1)
    assert share(codec, shuffled) > 0.9
    assert share(codec, UNSEEN.values + 0.15) > 0.9
    assert share(codec, UNSEEN.values * 0.5) > 0.9


@pytest.mark.parametrize("codec_id", ["pca", "kernel-pca"])
def test_of_many_samples_one_part_is_held_out(codec_id, monkeypatch):
    monkeypatch.setattr(fitting, "MAX_TO_REPEAT", 200)
    monkeypatch.setattr(fitting, "MAX_TO_LEARN", 150)
    assert 0 < share(fit_codec(codec_id, TRAINING, 3), UNSEEN.values) < 0.12


@pytest.mark.parametrize("n", [3, 4])
def test_samples_fewer_than_would_be_held_out_in_turn_are_fitted(n):
    few = WHOLE.subset(np.arange(n))
    learned = fit_codec("pca", few, 1, device="cpu").training_distribution
    assert_array_equal(np.isfinite(learned.cutoffs), True)


def test_stop_ends_fits_that_are_repeated_and_keeps_the_model():
    seen = []
    stages = ("Fitting kernel PCA", "Measuring the training data")
    report = stopping(lambda p: seen.append(p.stage), lambda: stages[1] in seen)
    codec = fit_codec("kernel-pca", TRAINING, 3, device="cpu", report=report)
    assert seen.count(stages[0]) <= seen.index(stages[1])  # none after it
    assert codec.training_distribution is not None


def real_regions():
    """Return the values of a real table, 80 regions."""
    path = real_data("expr/ahba_dk82_r0.6.csv")
    table = np.genfromtxt(path, delimiter=",", skip_header=1)[:, 1:]
    return table[np.isfinite(table).all(axis=1)]


def test_where_a_model_has_learned_its_few_samples_by_heart():
    """16 components of 60 regions: without a correction half of unseen regions are outside."""
    table = real_regions()
    rows = np.random.default_rng(1).permutation(len(table))
    codec = fit_codec("pca", named(table[rows[20:]]), 16)
    naive = np.quantile(reconstruct(codec, named(table[rows[20:]])).rmse_samples, 0.975)
    unseen = reconstruct(codec, named(table[rows[:20]]))
    assert (unseen.rmse_samples > naive).mean() > 0.3
    assert unseen.novelty.share <= 0.2
    assert unseen.notes == ()
    assert share(codec, np.random.default_rng(0).permuted(table, axis=1)) > 0.95


@pytest.mark.parametrize(("codec_id", "k"), [("pca", 16), ("kernel-pca", 8)])
def test_few_unseen_regions_are_called_outside(codec_id, k):
    """About 5 % are; with kernel PCA's errors on its own samples it was 18 %."""
    table, outside = real_regions(), 0
    for part in np.array_split(np.random.default_rng(0).permutation(len(table)), 5):
        codec = fit_codec(codec_id, named(np.delete(table, part, axis=0)), k)
        outside += np.count_nonzero(reconstruct(codec, named(table[part])).novelty.outside)
    assert outside / len(table) < 0.1


def test_the_distance_is_that_of_mahalanobis():
    codec = fit_codec("pca", TRAINING, 2)
    result = reconstruct(codec, UNSEEN)
    training = codec.encode(TRAINING.values).astype(float)
    offset = result.latents - training.mean(0)
    inverse = np.linalg.inv(np.cov(training.T))
    expected = np.sqrt(np.einsum("ij,jk,ik->i", offset, inverse, offset))
    assert_allclose(
        result.novelty.latents * codec.training_distribution.cutoffs[0], expected, rtol=0.02
    )
    assert_allclose(
        result.novelty.error * codec.training_distribution.cutoffs[1],
        result.rmse_samples,
        rtol=1e-6,
    )
    assert_array_equal(
        result.novelty.distance, np.maximum(result.novelty.latents, result.novelty.error)
    )


def test_a_component_that_is_never_used_tells_nothing():
    fitted = fit_codec("pca", TRAINING, 2)
    unused = np.zeros((1, 40))
    codec = PCA(np.concatenate([fitted.components, unused]), fitted.genes, fitted.gene_means)
    codec.repeats = None  # a fit repeated would use it
    codec.training_distribution = fitting.learn_distribution(codec, TRAINING, "cpu")
    assert 0 < reconstruct(codec, UNSEEN).novelty.share < 0.09


def test_it_travels_with_the_model(codec, tmp_path):
    path = save_model(codec, tmp_path / "model.safetensors")
    there, here = (reconstruct(c, UNSEEN, device="cpu").novelty for c in (load_model(path), codec))
    assert_array_equal(there.distance, here.distance)


def test_of_an_old_file_it_is_not_known(tmp_path):
    old = load_model(Path(__file__).parent / "fixtures" / "pca_v1.safetensors")
    result = reconstruct(old, named(np.full((4, 12), 0.5) + np.eye(4, 12)))
    assert result.novelty is None
    assert result.notes == ()
    again = load_model(save_model(old, tmp_path / "again.safetensors"))
    assert again.training_distribution is None


def test_a_file_with_half_of_it_is_refused(tmp_path):
    codec = fit_codec("pca", TRAINING, 2)
    codec.training_distribution = replace(codec.training_distribution, whitening=np.eye(3))
    path = save_model(codec, tmp_path / "model.safetensors")
    with pytest.raises(UserError, match=r"model.safetensors: .*reference.whitening .*\(3, 3\)"):
        load_model(path)


def test_a_warning_says_how_much_of_the_brain_is_outside():
    codec = fit_codec("pca", TRAINING, 2)
    values = UNSEEN.values[:40].copy()
    values[:4] = np.random.default_rng(0).permuted(values[:4], axis=1)
    few = named(values)
    assert reconstruct(codec, few).notes == ()
    labels = few.parcellation.labels.repeat(np.where(np.arange(40) < 4, 20, 1), axis=0)
    large = replace(few, parcellation=Parcellation(labels, np.eye(4)))
    result = reconstruct(codec, large)
    part, outside = result.novelty.share, result.novelty.outside.sum()
    assert part == pytest.approx(80 / 116, abs=0.05)
    (note,) = result.notes
    assert f"{part:.1%} of the brain ({outside} of 40 samples)" in note


@pytest.mark.parametrize(
    "change",
    [lambda x: 12 * x + 2, lambda x: (x - 0.5) * 10, lambda x: x / 10, lambda x: x + 3],
    ids=["log2", "z", "small", "shifted"],
)
@pytest.mark.parametrize("codec_id", ["pca", "residual"])
def test_another_scale_is_told_in_a_sentence_with_both(codec_id, change):
    other = named(change(UNSEEN.values))
    (note,) = reconstruct(fit_codec(codec_id, TRAINING, 2, max_epochs=1), other).notes
    assert "another scale" in note
    said = [float(number) for number in re.findall(r"-?\d+\.\d+", note)]
    both = [np.percentile(values, [1, 99]) for values in (other.values, TRAINING.values)]
    assert_allclose(said, np.ravel(both), atol=0.03)
    back = fit_codec(codec_id, other, 2, max_epochs=1)
    assert "another scale" in reconstruct(back, UNSEEN).notes[0]


def test_values_that_a_model_was_fitted_to_are_not_read_again_for_their_scale(monkeypatch):
    codec = fit_codec("pca", TRAINING, 2)
    asked = []
    monkeypatch.setattr(training_distance, "scale_problem", lambda *_: asked.append(1) or "")
    assert not reconstruct(codec, TRAINING).notes
    assert not asked
    reconstruct(codec, UNSEEN)
    assert asked


def test_a_narrower_range_is_no_other_scale():
    """Voxel-wise data keep to 0.3..0.7 where regions reach from 0 to 1."""
    codec = fit_codec("pca", named((TRAINING.values - 0.5) * 2 + 0.5), 2)
    assert not scale_problem(codec.training_distribution, UNSEEN)


def test_stopping_while_it_is_learned_does_not_lose_the_model():
    stages = []

    def learning():
        return stages[-1:] == ["Measuring the training data"]

    report = stopping(lambda progress: stages.append(progress.stage), learning)
    codec = fit_codec("residual", TRAINING, 2, max_epochs=3, report=report)
    assert codec.training_distribution is not None
    with pytest.raises(Stop):  # earlier, where there is nothing to keep, it ends the work
        fit_codec("pca", TRAINING, 2, report=stopping(silent, lambda: True))


def test_what_cannot_be_measured_is_told_and_the_model_kept(monkeypatch):
    messages = []

    def no_memory(*_):
        raise UserError("Memory ran out")

    monkeypatch.setattr(PCA, "decode", no_memory)
    codec = fit_codec("pca", TRAINING, 2, report=lambda p: messages.append(p.message))
    assert codec.training_distribution is None
    assert "Memory ran out; the model has no distance to training data" in messages


def test_of_many_samples_some_are_enough(monkeypatch):
    every = fit_codec("pca", TRAINING, 2).training_distribution
    monkeypatch.setattr(fitting, "MAX_SAMPLES", 150)
    some = fit_codec("pca", TRAINING, 2).training_distribution
    assert_allclose(some.cutoffs, every.cutoffs, rtol=0.15)
