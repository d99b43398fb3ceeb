import pytest
import torch

from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core import device
from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_auto_prefers_cuda_then_mps_then_cpu(monkeypatch, no_gpu):
    assert resolve_device("auto").name == resolve_device(None).name == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto").name == "mps"
    monkeypatch.setattr(device, "_cuda", lambda: (True, "CUDA: a card"))
    assert resolve_device("auto") == device.Device("cuda", "CUDA: a card")
    assert resolve_device("mps").name == "mps"
    assert resolve_device("cpu").name == "cpu"


def test_reason_tells_how_to_get_the_gpu(monkeypatch, no_gpu):
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "built without CUDA" in resolve_device("auto").reason
    assert "pytorch.org" in resolve_device("auto").reason
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert "driver" in resolve_device("auto").reason


@pytest.mark.parametrize("wanted", ["cuda", "mps"])
def test_absent_device_gives_the_cpu_and_says_so(no_gpu, wanted):
    found = resolve_device(wanted)
    assert found.name == "cpu"
    assert found.fallback
    assert f"{wanted.upper()} was asked for" in found.reason


def test_absent_device_is_noted_in_the_result(no_gpu):
    from small import small_expression

    data = small_expression()
    codec = fit_codec("pca", data, 2, device="cuda")
    result = reconstruct(codec, data, device="cuda")
    assert result.device == "cpu"
    assert "CUDA was asked for" in result.notes[0]
    assert reconstruct(codec, data).notes == ()


def test_unknown_device():
    with pytest.raises(UserError, match="tpu"):
        resolve_device("tpu")
