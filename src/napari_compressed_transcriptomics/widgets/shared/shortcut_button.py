"""A button that a key presses, too."""

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QPushButton, QShortcut, QWidget


def shortcut_button(parent: QWidget, label: str, keys: str, tip: str) -> QPushButton:
    """Return a button whose key works wherever the focus is in the window.

    A `QShortcut` acts at once, and again while the key is held; the button's own waits.

    Parameters
    ----------
    parent : QWidget
        While it can be seen, the key works.
    label, tip : str
        On the button, and in its tooltip, which tells the key.
    keys : str
        As Qt writes it, ``Alt+Home``.
    """
    button = QPushButton(label)
    sequence = QKeySequence(keys)
    shown = sequence.toString(QKeySequence.SequenceFormat.NativeText)
    button.setToolTip(f"{tip} ({shown})")
    QShortcut(sequence, parent).activated.connect(button.click)
    return button
