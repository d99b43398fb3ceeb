"""What a comparison would come to, told before it is run."""

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import METHODS
from napari_compressed_transcriptomics.study.compare_outlook import outlook
from napari_compressed_transcriptomics.study.compare_request import CompareRequest, Fit, plan
from small import named, small_expression

DATA = small_expression()


def asked(expression=DATA, **settings):
    usual = {"methods": ("pca",), "latent_sizes": (2, 8), "splits": ("random",), "n_folds": 3}
    return CompareRequest(expression, **(usual | {"n_jobs": 1} | settings))


def test_fits_that_are_left_are_counted():
    assert outlook(asked()).cost.startswith("6 fits in 1 process")
    known = {Fit("pca", 2, "random", fold) for fold in (1, 2, 3)}
    assert outlook(asked(), known).cost.startswith("3 fits")
    assert outlook(asked(latent_sizes=(2,)), known).cost == "All of this is measured already."


def test_slow_methods_are_told():
    assert "minute" not in outlook(asked()).cost
    assert "up to a minute" in outlook(asked(methods=("residual",))).cost
    many = named(np.random.default_rng(0).uniform(0.3, 0.7, (1200, 20)))
    told = outlook(asked(many, methods=("autoencoder", "pca"))).cost
    assert "published autoencoder takes minutes on 1,200 samples" in told


def test_methods_that_cannot_take_part():
    seen = outlook(asked(methods=("tsne", "pca")))
    assert set(seen.impossible) <= {"tsne", "umap"}  # umap only where it is not installed
    assert "cannot reconstruct" in seen.impossible["tsne"]
    assert len(seen.notes) == 1
    assert seen.notes[0].startswith("t-SNE is left out for k = 2, 8: ")
    assert not seen.problem
    assert outlook(asked()).notes == ()  # of t-SNE nobody asked

    log2 = outlook(asked(named(DATA.values * 10), methods=("autoencoder",)))
    assert "values from" in log2.impossible["autoencoder"]
    assert log2.problem == "None of the methods chosen can take part."


def test_methods_that_learn_from_fewer_samples_are_told():
    """In the dock, and in the notes of every comparison."""
    request = asked(methods=("pca", "residual", "autoencoder"))
    (told,) = outlook(request).notes
    assert told.startswith("Published autoencoder learns from nine tenths")
    assert f"{told[1:-1]}" in " ".join(plan(request).notes)
    assert outlook(asked(methods=("pca", "residual"))).notes == ()
    many = named(np.random.default_rng(0).uniform(0.3, 0.7, (1800, 20)))
    (told,) = outlook(asked(many, methods=("pca", "residual"))).notes
    assert told.startswith("Residual autoencoder learns")


def test_problems_are_sentences():
    assert outlook(asked(methods=())).problem == "Choose a method."
    assert outlook(asked(n_folds=31)).problem.startswith("31 folds cannot be made of 60")
    assert "64 components" in outlook(asked(methods=tuple(METHODS), latent_sizes=(64,))).problem
