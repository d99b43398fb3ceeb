"""The "?" of docks: it opens the page about what is seen."""

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton

from napari_compressed_transcriptomics.widgets.convert import Convert
from napari_compressed_transcriptomics.widgets.shared import help as shared_help
from napari_compressed_transcriptomics.widgets.workspace.dock import Workspace


@pytest.fixture
def opened(monkeypatch):
    pages = []
    monkeypatch.setattr(
        shared_help.QDesktopServices, "openUrl", lambda url: pages.append(url.toString())
    )
    return pages


def test_a_dock_of_its_own_has_a_button_and_a_key(qtbot, opened):
    dock = Convert(ViewerModel())
    qtbot.addWidget(dock)
    (button,) = (b for b in dock.findChildren(QToolButton) if b.text() == "?")
    button.click()
    qtbot.keyPress(dock, Qt.Key.Key_F1)
    assert opened == [shared_help.DOCUMENTATION + "howto/large-data/"] * 2


def test_the_main_dock_has_one_for_the_page_in_front(qtbot, opened):
    main = Workspace(ViewerModel())
    qtbot.addWidget(main)
    page = main.show_page("Convert to store")
    assert page._top.isHidden()
    main.help.click()
    main.show_page("Open data").first.click()
    addresses = "howto/large-data/", "tutorials/first_brain/"
    assert opened == [shared_help.DOCUMENTATION + address for address in addresses]
