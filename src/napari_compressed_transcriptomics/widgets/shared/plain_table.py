"""How all tables of the docks look and behave."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView


def plain_table(table: QTableView, column: int, order: Qt.SortOrder) -> QHeaderView:
    """Let one row be chosen, and a click on a title sort; return the header.

    Parameters
    ----------
    table : QTableView
        With its model.
    column, order
        By which column it is sorted at first, and how.
    """
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)  # Tab goes on to the next field
    table.setShowGrid(False)
    table.setWordWrap(False)
    rows, header = table.verticalHeader(), table.horizontalHeader()
    assert rows is not None
    assert header is not None
    rows.hide()
    rows.setDefaultSectionSize(table.fontMetrics().height() + 6)
    header.setHighlightSections(False)
    header.setSortIndicator(column, order)
    table.setSortingEnabled(True)
    return header
