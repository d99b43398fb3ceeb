"""With how many threads numbers are computed, and that results do not tell."""

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from small import small_expression


@pytest.mark.parametrize("codec", ["residual", "autoencoder", "nmf"])
def test_regions_give_the_same_model_with_any_number_of_threads(codec):
    data = small_expression(n_samples=80, n_genes=1600)
    models = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            models.append(fit_codec(codec, data, 4, max_epochs=3))
        assert torch.get_num_threads() == threads
    first, second = (model.encode(data.values) for model in models)
    np.testing.assert_array_equal(first, second)
