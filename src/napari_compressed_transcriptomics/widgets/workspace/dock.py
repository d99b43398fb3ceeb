"""The main dock: one choice of data and result, and a page for each step of work."""

from functools import partial
from typing import Any

from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QWidget,
)

from napari_compressed_transcriptomics.widgets.back import back
from napari_compressed_transcriptomics.widgets.result_menu import ResultMenu
from napari_compressed_transcriptomics.widgets.shared.dock import Dock, open_dock
from napari_compressed_transcriptomics.widgets.shared.help import help_button
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.layouts import form, row, stack
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.session import session

from .missing import Missing
from .pages import STEPS, Page, step_of

_COLUMNS = 4


class Workspace(Dock):
    """Leads through the work; pages are made when they are first shown."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        # else napari keeps what is below a page empty, and the page scrolls
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._session = session(napari_viewer)
        self._session.main = self
        self._pages: dict[str, QWidget] = {}
        self.data = LayerChoice(napari_viewer)
        self.results = ResultChoice(napari_viewer)
        self.menu = ResultMenu(napari_viewer)
        self.steps = {step: QPushButton(step) for step in STEPS}
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.back = QToolButton()
        self.back.setText("←")
        self.back.setToolTip("Back: show the layers that were seen before")
        self.tear_off = QToolButton()
        self.tear_off.setText("↗")
        self.tear_off.setToolTip("Open this page in a dock of its own, too")
        self.help = help_button(lambda: self._page.dock)
        self.missing = Missing(napari_viewer)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.missing)
        self._arrange()
        work = self._session.work
        for changed in (work.data_changed, work.results_changed):
            changed.connect(self._show)
        self._back = back(napari_viewer)
        self.back.clicked.connect(self._back.go)
        self._back.changed.connect(self._offer_back)
        self._offer_back()
        self.tabs.currentChanged.connect(self._show)
        self.missing.wanted.connect(self.show_page)
        self.tear_off.clicked.connect(
            lambda: open_dock(self._viewer, self._page.name, as_page=False)
        )
        self._go("Data")

    def _arrange(self) -> None:
        grid, group = QGridLayout(), QButtonGroup(self)
        grid.setSpacing(3)
        for i, (step, button) in enumerate(self.steps.items()):
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.clicked.connect(partial(self._go, step))
            group.addButton(button)
            grid.addWidget(button, *divmod(i, _COLUMNS))
        chosen = form(("Data", self.data), ("Result", row((self.results, 1), self.menu)))
        # Beside the last step, so that tabs have the whole width of a dock.
        grid.addLayout(row(self.back, self.tear_off, self.help), *divmod(len(self.steps), _COLUMNS))
        stack(self, chosen, grid, self.tabs, (self.stack, 1), margins=4)

    @property
    def _page(self) -> Page:
        """The page in front."""
        pages = STEPS[self._step]
        return pages[max(self.tabs.currentIndex(), 0)]

    def has_page(self, name: str) -> bool:
        """Tell whether there is a page of that name (`Page.name`)."""
        return step_of(name) is not None

    @property
    def page_in_front(self) -> str:
        """The `Page.name` of the page that is chosen, also where what it needs is missing."""
        return self._page.name

    def made_pages(self) -> dict[str, QWidget]:
        """Return the pages that were made, by `Page.name`."""
        return dict(self._pages)

    def go_to(self, name: str) -> None:
        """Go to a page, which is made once what it needs is there."""
        step = step_of(name)
        assert step is not None
        self._go(step, name)

    def show_page(self, name: str) -> QWidget:
        """Go to a page, make it if it is not there yet, and return it."""
        self.go_to(name)
        return self._made(self._page)

    def _offer_back(self) -> None:
        self.back.setEnabled(self._back.possible)

    def _go(self, step: str, name: str | bool = "") -> None:
        """Go to a step, and to a page of it: the first where none is named."""
        self._step = step
        self.steps[step].setChecked(True)
        pages = STEPS[step]
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for page in pages:
            self.tabs.addTab(page.tab)
        names = [page.name for page in pages]
        self.tabs.setCurrentIndex(names.index(name) if name in names else 0)
        self.tabs.blockSignals(False)
        self._show()

    def _show(self) -> None:
        """Show the page in front, or what is missing for it."""
        page = self._page
        lacks = self.missing.of(page.needs)
        self.stack.setCurrentWidget(self.missing if lacks else self._made(page))

    def _made(self, page: Page) -> QWidget:
        if page.name not in self._pages:
            made = page.make(self._viewer)
            made.be_page()
            self._pages[page.name] = made
            self.stack.addWidget(made)
        return self._pages[page.name]

    def end_work(self) -> None:
        """End what runs on any page, and be the main dock no longer."""
        if self._session.main is self:
            self._session.main = None
        super().end_work()
