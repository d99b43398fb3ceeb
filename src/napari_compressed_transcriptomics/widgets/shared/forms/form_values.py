"""The values of a dock's form: taken, given back, and remembered between starts."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QTabWidget,
    QWidget,
)

FOLDER_VARIABLE = "COMPRESSED_TRANSCRIPTOMICS_SETTINGS"
"""Environment variable: the folder of the file that docks remember their values in."""
_FILE = "docks.json"
_KINDS = (QCheckBox, QSpinBox, QDoubleSpinBox, QComboBox, QLineEdit, QTabWidget)
_DEEPEST = 4


def values_of(form: QWidget, texts: bool = True) -> dict[str, Any]:
    """Return what stands in the fields of a form, JSON-safe, by the names of its attributes.

    Fields of fields are named with a dot between; lists whose entries come with the data, such as
    those of layers and results, are left out, as are names that begin with ``_``.

    Parameters
    ----------
    form : QWidget
    texts : bool
        Also lines of text, and which tab is in front.
    """
    found: dict[str, Any] = {}
    for name, field in _fields(form):
        if isinstance(field, QCheckBox):
            found[name] = field.isChecked()
        elif isinstance(field, QSpinBox | QDoubleSpinBox):
            found[name] = field.value()
        elif isinstance(field, QComboBox):
            data = field.currentData()
            if isinstance(data, str | int | float):
                found[name] = data
        elif isinstance(field, QLineEdit) and texts and not field.isReadOnly():
            found[name] = field.text()
        elif isinstance(field, QTabWidget) and texts:
            found[name] = field.currentIndex()
    return found


def give_values(form: QWidget, values: dict[str, Any]) -> None:
    """Put values into the fields of a form; what does not fit, or is not there, is left as it is.

    Twice, as some fields offer what others allow.
    """
    for _ in range(2):
        for name, field in _fields(form):
            if name in values:
                with suppress(TypeError, ValueError, OverflowError):
                    _give(field, values[name])


def _give(field: QWidget, value: Any) -> None:
    if isinstance(field, QCheckBox) and isinstance(value, bool):
        field.setChecked(value)
    elif isinstance(field, QSpinBox) and type(value) in (int, float):
        field.setValue(int(value))
    elif isinstance(field, QDoubleSpinBox) and type(value) in (int, float):
        field.setValue(float(value))
    elif isinstance(field, QComboBox) and isinstance(value, str | int | float):
        index = field.findData(value)
        if index >= 0:
            field.setCurrentIndex(index)
    elif isinstance(field, QLineEdit) and isinstance(value, str):
        field.setText(value)
    elif isinstance(field, QTabWidget) and type(value) is int:
        field.setCurrentIndex(value)


def _fields(form: QWidget, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, QWidget]]:
    """Yield the fields of a form with their names, those of its parts, too."""
    for name, part in vars(form).items():
        if name.startswith("_") or depth > _DEEPEST:
            continue
        parts = part.items() if isinstance(part, dict) else [("", part)]
        for key, widget in parts:
            whole = f"{prefix}{name}{f'.{key}' if key else ''}"
            if isinstance(widget, _KINDS):
                yield whole, widget
            if isinstance(widget, QWidget):
                yield from _fields(widget, f"{whole}.", depth + 1)


# Between starts


def settings_file() -> Path:
    """Return where values are remembered: in the user's settings, or where a variable says."""
    if chosen := os.environ.get(FOLDER_VARIABLE):
        return Path(chosen) / _FILE
    from platformdirs import user_config_path

    from napari_compressed_transcriptomics.io.files.cache import PACKAGE

    return user_config_path(PACKAGE, appauthor=False) / _FILE


@cache
def _at_start(file: Path) -> dict[str, Any]:
    """Return what was remembered when this process began; nothing where it cannot be read."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def recall(name: str, form: QWidget, without: tuple[str, ...] = ()) -> None:
    """Put into a form what stood in it when the program ran last.

    Parameters
    ----------
    name : str
        Of the dock.
    form : QWidget
    without : tuple of str
        Fields that are set elsewhere.
    """
    values = _at_start(settings_file()).get(name)
    if isinstance(values, dict):
        give_values(form, {key: value for key, value in values.items() if key not in without})


def remember(name: str, form: QWidget) -> None:
    """Remember what stands in a form, other than text; where that fails nothing is said."""
    file = settings_file()
    _at_start(file)  # what was there before this process wrote to it
    values = values_of(form, texts=False)
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(file.read_text("utf-8")) if file.is_file() else {}
        if not isinstance(known, dict) or known.get(name) == values:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps({**known, name: values}, indent=1) + "\n", "utf-8")
        new.replace(file)
