"""Coherence of several methods: tables, what is absent and why, cancelling, cost."""

from dataclasses import replace

import numpy as np
import pytest

from napari_compressed_transcriptomics.core import memory
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import stopping
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.study.coherence import coherence
from napari_compressed_transcriptomics.study.coherence_of_methods import (
    CoherenceRequest,
    cost_sentence,
    measure_coherence,
)
from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents

pytestmark = pytest.mark.usefixtures("fewer_fitted")


@pytest.fixture(scope="module")
def brain():
    return synthetic_brain(voxel_mm=16, n_genes=20)


@pytest.fixture(scope="module")
def atlas(brain):
    return RegionVolume.of_samples(synthetic_regions(brain, 12))


def measure(**settings):
    settings = {"n_permutations": 19, **settings}
    return measure_coherence(CoherenceRequest(**settings))


def test_rows_of_every_method_and_size(brain, atlas, fewer_fitted, quick_kernel_pca):
    measured = measure(
        expression=brain, methods=("pca", "kernel-pca"), latent_sizes=(2, 3), regions=atlas
    )
    table = measured.table()
    found = table.groupby(["method", "latent_size", "measure"]).size().to_dict()
    for method in ("pca", "kernel-pca"):
        for k in (2, 3):
            assert found[method, k, "regions"] == k + 1  # with one for all
            assert found[method, k, "moran"] == found[method, k, "symmetry"] == k
    of_regions = table["measure"] == "regions"
    assert table.loc[of_regions, "p"].between(0.05, 1).all()
    assert table.loc[~of_regions, "p"].isna().all()  # any smooth symmetric map has these
    (note,) = measured.notes
    assert "synthetic_brain does not tell cortex from subcortex" in note
    assert measured.complete
    assert measured.records["pca 2"]["data"] == brain.name
    assert measured.records["pca 2"]["compartments"] == {"brain": brain.n_samples}


def test_compartments_of_a_label_volume_are_kept(brain, atlas):
    """Latents that are the compartments and nothing else show no anatomy beyond them."""
    hemispheres = replace(atlas, labels=np.where(atlas.labels > 6, 2, atlas.labels > 0), names={})
    side = hemispheres.of(brain.parcellation).of_sample
    values = side[:, None] + np.random.default_rng(0).normal(0, 0.01, (brain.n_samples, 1))
    latents = NamedLatents("mine", "mine", values, brain.parcellation)
    measured = measure(latents=(latents,), regions=hemispheres, compartments=hemispheres)
    assert measured.rows[0][2][0].value > 0.99
    assert measured.rows[0][2][0].p == 1
    assert "mine does not tell" not in " ".join(measured.notes)
    assert measured.request.parameters()["compartments"] == atlas.name
    far = replace(atlas, affine=atlas.affine + 900 * np.eye(4, k=3))
    with pytest.raises(UserError, match="do not overlap"):
        measure(latents=(latents,), regions=hemispheres, compartments=far)


def test_latents_at_hand_are_measured_as_they_are(brain, atlas):
    values = brain.values[:, :2]
    latents = NamedLatents("mine", "mine", values, brain.parcellation)
    measured = measure(latents=(latents,), regions=atlas, seed=3)
    expected = coherence(values, brain.parcellation, atlas.of(brain.parcellation), 19, 3)
    assert measured.rows == (("mine", 2, expected),)


def test_p_values_of_umap_are_called_somewhat_too_small(brain, atlas):
    values = np.random.default_rng(0).normal(size=(brain.n_samples, 1))
    said = {}
    for name in ("umap", "pca"):
        latents = NamedLatents(name, name, values, brain.parcellation)
        said[name] = " ".join(measure(latents=(latents,), regions=atlas).notes)
        assert not measure(latents=(latents,)).notes[0].startswith("p-values")
    assert "p-values of UMAP are somewhat too small" in said["umap"]
    assert "too small: of simulated" not in said["pca"]


def test_regions_of_one_sample_each_are_absent_and_it_says_why(brain, atlas):
    table = synthetic_regions(brain, 12)
    own = measure(expression=table, methods=("pca",), regions=RegionVolume.of_samples(table))
    assert set(own.table()["measure"]) == {"moran", "symmetry"}
    assert "no region of" in own.notes[0]
    assert "lobes" in own.notes[0]
    halves = np.where(np.indices(atlas.labels.shape)[0] > 5, 1, 2)
    coarse = RegionVolume(halves, atlas.affine, name="halves")
    assert "regions" in set(
        measure(expression=table, methods=("pca",), regions=coarse).table()["measure"]
    )
    assert "no regions were given" in measure(expression=brain, methods=("pca",)).notes[0]


def test_cancelled_it_keeps_the_methods_done(brain):
    seen = []
    request = CoherenceRequest(expression=brain, methods=("pca", "kernel-pca"), n_permutations=19)
    measured = measure_coherence(
        request, stopping(seen.append, lambda: seen[-1].stage.startswith("kernel PCA"))
    )
    assert [row[0] for row in measured.rows] == ["pca"]
    assert not measured.complete
    assert "1 of 2" in measured.notes[-1]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"seed": 2**32}, "seed 4294967296"),
        ({}, "no latents to measure"),
        ({"methods": ("pca",)}, "open expression"),
        ({"expression": "brain", "methods": ("magic",)}, "'magic'"),
        ({"expression": "brain", "methods": ("pca",), "n_permutations": 9}, "from 19 to"),
        ({"expression": "brain", "methods": ("pca",), "n_permutations": 10**12}, "to 1,000,000"),
        ({"expression": "brain", "methods": ("pca",), "regions": "far"}, "do not overlap"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_makes_no_sense_is_refused_at_once(settings, says, brain, atlas):
    far = RegionVolume(atlas.labels, atlas.affine + 900 * np.eye(4, k=3), name="far")
    settings = {k: {"brain": brain, "far": far}.get(v, v) for k, v in settings.items()}
    with pytest.raises(UserError, match=says):
        measure_coherence(CoherenceRequest(**settings))


def test_permutations_that_memory_does_not_hold(brain, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**8)
    with pytest.raises(UserError, match="samples for p-values needs"):
        measure_coherence(
            CoherenceRequest(expression=brain, methods=("pca",), n_permutations=10**6)
        )


def test_cost_is_said(brain):
    words = cost_sentence(CoherenceRequest(expression=brain, methods=("pca",), latent_sizes=(2, 4)))
    assert words.startswith("after fitting 2 codec(s), measures with 999 surrogates take about")
