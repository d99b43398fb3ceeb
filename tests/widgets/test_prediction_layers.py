"""What layers of a prediction are called."""

import pytest

from napari_compressed_transcriptomics.codecs.registry import GENES, METHODS
from napari_compressed_transcriptomics.study.predict import Score
from napari_compressed_transcriptomics.study.predict_request import PredictRequest
from napari_compressed_transcriptomics.viewer.prediction_layers import layer_names


@pytest.mark.parametrize("method", [*METHODS, GENES])
def test_names_of_layers_fit_above_a_third_of_a_canvas(method):
    score = Score("5HT2a_ALT_HC19_and_more", method, 16, "ridge", "blocks", 0.5, 0.4, 0.6, 0.01)
    names = layer_names(score, PredictRequest(None, ()))
    assert max(map(len, names)) <= 34
    assert all(name.startswith("5HT") and name.count("…") == 1 for name in names[1:])
    assert layer_names(score._replace(target="D1"), PredictRequest(None, ()))[0] == "D1 target"
