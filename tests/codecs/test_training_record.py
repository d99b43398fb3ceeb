"""What a codec was fitted to is told by the hash of the values."""

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core import expression
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from small import named, small_expression


def test_values_are_hashed_once_and_not_for_a_codec_of_another_shape(monkeypatch):
    hashed, whole = [], expression.values_sha256
    monkeypatch.setattr(expression, "values_sha256", lambda of: hashed.append(of) or whole(of))
    data = small_expression()
    codec = fit_codec("pca", data, 2, device="cpu")  # with parts held out in turn
    assert reconstruct(codec, data).in_sample
    assert sum(of is data.values for of in hashed) == 1
    hashed.clear()
    assert not reconstruct(codec, named(data.values[:50])).in_sample
    assert not hashed
    assert not reconstruct(codec, small_expression(seed=1)).in_sample
    assert len(hashed) == 1
