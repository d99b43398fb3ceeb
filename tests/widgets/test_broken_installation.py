"""What the window says of broken installations: PyTorch that cannot be loaded, two Qt bindings."""

import sys
from types import ModuleType

import pytest
from qtpy import API_NAME

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.viewer.window.notices import sentence, user_errors_shown
from napari_compressed_transcriptomics.viewer.window.qt_bindings import require_one_qt
from napari_compressed_transcriptomics.widgets.shared.device_choice import DeviceChoice

WITHOUT = "torch is not installed: run pip install torch, then restart"


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


def test_without_torch_the_line_of_devices_says_so(no_torch, qtbot):
    choice = DeviceChoice()
    qtbot.addWidget(choice)
    qtbot.waitUntil(lambda: choice.line.text() == WITHOUT)


def test_without_torch_a_notification_says_so_without_a_traceback(no_torch, told):
    with user_errors_shown():
        import torch  # noqa: F401
    (notification,) = told
    assert notification.message == WITHOUT
    assert not hasattr(notification, "exception")


def test_in_one_line(no_torch):
    with pytest.raises(ImportError) as caught:
        import torch  # noqa: F401
    assert sentence(caught.value) == WITHOUT


def test_bugs_are_not_hidden():
    with pytest.raises(ZeroDivisionError), user_errors_shown():
        raise ZeroDivisionError


def test_figures_are_not_made_by_another_qt(monkeypatch):
    require_one_qt()
    for name in ("PyQt6", "PySide6", "PyQt5"):
        monkeypatch.delitem(sys.modules, f"{name}.QtCore", raising=False)
    other = "PySide6" if API_NAME == "PyQt6" else "PyQt6"
    monkeypatch.setitem(sys.modules, f"{other}.QtCore", ModuleType(other))
    with pytest.raises(UserError, match=rf"napari runs on {API_NAME}, but {other} is loaded, too"):
        require_one_qt()
    if API_NAME == "PyQt6":  # which matplotlib takes first: nothing is wrong
        monkeypatch.setitem(sys.modules, "PyQt6.QtCore", ModuleType("PyQt6"))
        require_one_qt()
