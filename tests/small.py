"""Small expression data for tests that need no anatomy."""

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression, Parcellation


def small_expression(n_samples=60, n_genes=40, seed=0, noise=0.02) -> Expression:
    """Values around 0.5 from two smooth factors, one voxel a sample."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, n_genes))
    values = 0.5 + 0.1 * np.tanh(factors) + noise * rng.normal(size=(n_samples, n_genes))
    return named(values)


def curved(n_samples=120, n_genes=30, seed=0):
    """Samples on a parabola, which no line comes close to, and a little noise."""
    rng = np.random.default_rng(seed)
    first, second = np.linalg.qr(rng.normal(size=(n_genes, 2)))[0].T
    along = rng.uniform(-1, 1, (n_samples, 1))
    noise = 0.01 * rng.normal(size=(n_samples, n_genes))
    return named(3 + along * first + (along**2 - 1 / 3) * second + noise)


def named(values) -> Expression:
    """Make an Expression of a matrix, with made-up names and places."""
    n_samples, n_genes = values.shape
    return Expression(
        np.asarray(values, np.float32),
        tuple(f"GENE{i}" for i in range(n_genes)),
        tuple(f"region {i}" for i in range(n_samples)),
        Parcellation.from_mask(np.ones((n_samples, 1, 1), bool), np.diag([8.0, 8, 8, 1])),
        name="small",
    )


def compressed(expression, k=2, codec="pca", **settings):
    """Fit a codec and measure how well it gives the data back."""
    from napari_compressed_transcriptomics.codecs.fitting import fit_codec
    from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

    fitted = fit_codec(codec, expression, k, device="cpu", **settings)
    return reconstruct(fitted, expression, device="cpu")


def same(one, other):
    """Check that two codecs have the same tensors, to the bit."""
    for name, tensor in one.tensors().items():
        np.testing.assert_array_equal(tensor, other.tensors()[name], err_msg=name)
