"""Keys that the monkey presses: none that ends the program or takes the whole screen."""

from qtpy.QtCore import Qt


def _keys(names):
    return [Qt.Key[f"Key_{name}"] for name in names.split()]


KEYS = _keys(
    "Down Up Left Right Tab Backtab Return Escape Space Home End PageUp PageDown Delete Backspace "
    "A G Z 0 1 9 Minus"
)
CONTROL_KEYS = _keys("Z A F 1 4 G E T")
ALT_KEYS = _keys("PageUp PageDown A D R C S 1")
