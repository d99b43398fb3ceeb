"""Mesa and Triton each bring an LLVM: where Mesa's is loaded, PyTorch works without Triton."""

import sys
from types import ModuleType

import pytest

from napari_compressed_transcriptomics.viewer.window import mesa_and_triton
from napari_compressed_transcriptomics.viewer.window.worker import Worker

MESA = "7f00-7f01 r-xp 00000000 08:01 42   /usr/lib/x86_64-linux-gnu/libLLVM.so.19.1\n"
NVIDIA = "7f00-7f01 r-xp 00000000 08:01 42   /usr/lib/x86_64-linux-gnu/libGLX_nvidia.so.0\n"


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Give a function that says what is loaded; Triton can be imported, and is not yet."""
    (tmp_path / "triton.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "triton", raising=False)
    monkeypatch.setattr(mesa_and_triton, "MAPS", tmp_path / "maps")
    yield (tmp_path / "maps").write_text
    sys.modules.pop("triton", None)


@pytest.mark.usefixtures("qapp")
def test_beside_mesa_it_cannot_be_imported(loaded):
    loaded(MESA)
    Worker(int).start()  # as all work in the window does
    with pytest.raises(ImportError):
        import triton  # noqa: F401


def test_else_it_can(loaded):
    mesa_and_triton.leave_out_triton()  # where nothing tells what is loaded
    loaded(NVIDIA)
    mesa_and_triton.leave_out_triton()
    import triton  # noqa: F401


def test_where_it_was_imported_before_mesa_it_stays(loaded):
    sys.modules["triton"] = before = ModuleType("triton")
    loaded(MESA)
    mesa_and_triton.leave_out_triton()
    assert sys.modules["triton"] is before
