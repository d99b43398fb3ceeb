"""What the monkey can do. Each action takes a `Monkey` and says, in a few words, what it did."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from npe2 import PluginManifest
from qtpy.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QListWidget,
    QTabBar,
    QWidget,
)

import napari_compressed_transcriptomics as package
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar

from .keys import ALT_KEYS, CONTROL_KEYS, KEYS

MANIFEST = PluginManifest.from_file(Path(package.__file__).with_name("napari.yaml"))
DOCKS = tuple(widget.display_name for widget in MANIFEST.contributions.widgets)
COMMANDS = ("show_error", "show_distance", "save_results")
_MAX_DOCKS, _MAX_LAYERS = 4, 14
_LEFT = Qt.MouseButton.LeftButton
_CLICKABLE = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QTabBar,
)
_NAMES = ("", "x", "脳 ö", "n" * 300, "a\nb", "<b>bold</b>", "synthetic_brain", "../x", "%s{}")


def open_dock(monkey):
    if len(monkey.open_docks()) >= _MAX_DOCKS:
        return close_dock(monkey)
    name = monkey.rng.choice(DOCKS)
    dock, widget = monkey.viewer.window.add_plugin_dock_widget(PLUGIN, name)
    monkey.docks.append((name, dock, widget))
    return f"opened {name}"


def close_dock(monkey):
    if not monkey.open_docks():
        return open_dock(monkey)
    name, dock, _ = monkey.docks.pop(monkey.rng.randrange(len(monkey.docks)))
    monkey.viewer.window.remove_dock_widget(dock)
    return f"closed {name}"


def float_dock(monkey):
    if not monkey.open_docks():
        return "no dock to float"
    name, dock, _ = monkey.rng.choice(monkey.docks)
    monkey.watch.doing = f"moving {name} out or in"
    dock.setFloating(not dock.isFloating())
    return f"moved {name} out or in"


def click(monkey):
    """Click somewhere on a field, a button or a list of one of the docks."""
    widgets = monkey.shown_in_docks(_CLICKABLE)
    if not widgets:
        return open_dock(monkey)
    widget = monkey.rng.choice(widgets)
    return _click_in(monkey, widget)


def _click_in(monkey, widget):
    target = widget.viewport() if hasattr(widget, "viewport") else widget
    at = monkey.place_in(target)
    words = f"click in {_words(widget)} at {at.x()}, {at.y()}"
    monkey.watch.doing = words
    double = monkey.rng.random() < 0.1
    (QTest.mouseDClick if double else QTest.mouseClick)(target, _LEFT, pos=at)
    monkey.close_popup()
    return words


def wheel(monkey):
    widgets = monkey.shown_in_docks(_CLICKABLE)
    widget = monkey.rng.choice([*widgets, *[monkey.canvas] * (not monkey.canvas_is_hidden())])
    at = QPointF(monkey.place_in(widget))
    way = monkey.rng.choice((-120, 120))
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, way), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)
    return f"wheel on {_words(widget)}"


def key(monkey):
    """Press a key where the keyboard is, or, with Alt or Control, a shortcut."""
    widget = QApplication.focusWidget() or monkey.viewer.window._qt_window
    keys, modifier = monkey.rng.choice(
        (
            (KEYS, Qt.KeyboardModifier.NoModifier),
            (KEYS, Qt.KeyboardModifier.ShiftModifier),
            (CONTROL_KEYS, Qt.KeyboardModifier.ControlModifier),
            (ALT_KEYS, Qt.KeyboardModifier.AltModifier),
        )
    )
    pressed = monkey.rng.choice(keys)
    words = f"{modifier.name} {pressed.name} in {_words(widget)}"
    monkey.watch.doing = words
    QTest.keyClick(widget, pressed, modifier)
    monkey.close_popup()
    return words


def text(monkey):
    """Type something into a field."""
    fields = monkey.shown_in_docks((QLineEdit, QAbstractSpinBox))
    if not fields:
        return open_dock(monkey)
    field = monkey.rng.choice(fields)
    typed = monkey.rng.choice(("", "2", "2 4", "0", "-1", "99999999999", "1e9", "SYN0001", "x y,z"))
    words = f"type {typed!r} into {_words(field)}"
    monkey.watch.doing = words
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, typed)
    QTest.keyClick(field, Qt.Key.Key_Return)
    return words


def run(monkey):
    """Press Run, or Cancel, of one of the docks."""
    bars = monkey.shown_in_docks((RunBar,))
    buttons = [button for bar in bars for button in (bar.run, bar.cancel) if button.isEnabled()]
    if not buttons:
        return open_dock(monkey)
    return _click_in(monkey, monkey.rng.choice(buttons))


def canvas_click(monkey):
    if monkey.canvas_is_hidden():
        return resize(monkey)
    at = monkey.place_in(monkey.canvas)
    QTest.mouseMove(monkey.canvas, at)
    QTest.mouseClick(monkey.canvas, _LEFT, pos=at)
    return f"click in the canvas at {at.x()}, {at.y()}"


def drag(monkey):
    """Drag in the canvas or, as a lasso is drawn, in a plot."""
    plots = monkey.shown_in_docks((FigureCanvasQTAgg,))
    targets = [*plots, *[monkey.canvas] * (not monkey.canvas_is_hidden())]
    if not targets:
        return resize(monkey)
    target = monkey.rng.choice(targets)
    start, *turns, end = (monkey.place_in(target) for _ in range(5))
    QTest.mousePress(target, _LEFT, pos=start)
    for place in (*turns, end):
        QTest.mouseMove(target, place)
    QTest.mouseRelease(target, _LEFT, pos=end)
    return f"drag in {_words(target)}"


def drop(monkey):
    """Drop one or two files on the window, or on a list of files."""
    paths = monkey.rng.sample(monkey.files, monkey.rng.choice((1, 1, 1, 2)))
    lists = monkey.shown_in_docks((QListWidget,))
    lists = [widget for widget in lists if widget.acceptDrops()]
    target = monkey.viewer.window._qt_viewer
    if lists and monkey.rng.random() < 0.4:
        target = monkey.rng.choice(lists)
    words = f"drop {', '.join(path.name for path in paths)} on {_words(target)}"
    monkey.watch.doing = words
    urls = QMimeData()
    urls.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, no_key = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    target.dropEvent(QDropEvent(QPointF(5, 5), copy, urls, _LEFT, no_key, QEvent.Type.Drop))
    return words


def open_sample(monkey):
    monkey.open_sample()
    return "opened the sample again"


def delete_layers(monkey):
    layers = monkey.viewer.layers
    if monkey.rng.random() < 0.1:
        layers.clear()
        return "deleted all layers"
    for layer in monkey.rng.sample(list(layers), min(len(layers), monkey.rng.choice((1, 1, 2)))):
        layers.remove(layer)
    return "deleted layers"


def rename_layer(monkey):
    layer = monkey.any_layer()
    layer.name = monkey.rng.choice(_NAMES)
    return f"renamed a layer to {layer.name!r}"


def reorder_layers(monkey):
    monkey.any_layer()
    layers = monkey.viewer.layers
    layers.move(monkey.rng.randrange(len(layers)), monkey.rng.randrange(len(layers) + 1))
    return "moved a layer"


def change_layer(monkey):
    layer, rng = monkey.any_layer(), monkey.rng
    how = rng.choice(("visible", "opacity", "select", "gamma", "colormap", "rendering", "paint"))
    if how == "visible":
        layer.visible = not layer.visible
    elif how == "opacity":
        layer.opacity = rng.random()
    elif how == "select":
        monkey.viewer.layers.selection = set(rng.sample(list(monkey.viewer.layers), 1))
    elif how == "gamma" and hasattr(layer, "gamma"):
        layer.gamma = rng.uniform(0.3, 2)
    elif how == "colormap" and hasattr(layer, "gamma"):
        layer.colormap = rng.choice(("gray", "viridis", "red"))
    elif how == "rendering" and hasattr(layer, "gamma"):
        layer.rendering = rng.choice(("mip", "minip", "translucent", "average", "iso"))
    elif how == "paint" and hasattr(layer, "paint"):
        layer.fill([0] * layer.ndim, rng.randrange(5))
        layer.undo()
    return f"changed {how} of {layer.name[:30]!r}"


def add_foreign_layer(monkey):
    rng, viewer = monkey.rng, monkey.viewer
    shape = rng.choice(((8, 9), (5, 8, 9), (2, 5, 8, 9), (2, 2, 5, 8, 9)))
    kind = rng.choice(("image", "labels", "points", "rgb"))
    if kind == "image":
        viewer.add_image(np.zeros(shape))
    elif kind == "labels":
        viewer.add_labels(np.ones(shape, int))
    elif kind == "points":
        viewer.add_points(np.zeros((3, len(shape))))
    else:
        viewer.add_image(np.zeros((8, 9, 3)), rgb=True)
    return f"added {kind} of {len(shape)} dimensions"


def duplicate_layer(monkey):
    layer = monkey.any_layer()
    data, attributes, kind = layer.as_layer_data_tuple()
    copy = type(layer).create(np.array(data), {**attributes, "name": f"{layer.name} copy"}, kind)
    monkey.viewer.layers.append(copy)
    return f"copied {layer.name[:30]!r}"


def turn(monkey):
    viewer, rng = monkey.viewer, monkey.rng
    buttons = viewer.window._qt_viewer.viewerButtons
    button = rng.choice(
        (
            buttons.ndisplayButton,
            buttons.rollDimsButton,
            buttons.transposeDimsButton,
            buttons.gridViewButton,
            buttons.resetViewButton,
        )
    )
    words = f"pressed {button.objectName() or button.toolTip()[:40]}"
    monkey.watch.doing = words
    QTest.mouseClick(button, _LEFT)
    return words


def step(monkey):
    dims = monkey.viewer.dims
    axis = monkey.rng.randrange(dims.ndim)
    dims.set_current_step(axis, monkey.rng.randrange(max(1, dims.nsteps[axis])))
    return f"moved the slider of axis {axis}"


def theme(monkey):
    monkey.viewer.theme = "light" if monkey.viewer.theme == "dark" else "dark"
    return f"theme {monkey.viewer.theme}"


def resize(monkey):
    size = monkey.rng.choice(((600, 400), (1000, 640), (1300, 900)))
    monkey.viewer.window.resize(*size)
    return f"window of {size}"


def command(monkey):
    """Choose one of our entries of the menus."""
    from napari._app_model import get_app_model

    name = monkey.rng.choice(COMMANDS)
    words = f"menu {name}"
    monkey.watch.doing = words
    get_app_model().commands.execute_command(f"{PLUGIN}.{name}").result()
    return words


ACTIONS = {
    click: 30,
    key: 14,
    text: 6,
    run: 8,
    wheel: 4,
    open_dock: 7,
    close_dock: 4,
    float_dock: 1,
    canvas_click: 6,
    drag: 6,
    drop: 4,
    open_sample: 2,
    delete_layers: 3,
    rename_layer: 2,
    reorder_layers: 2,
    change_layer: 5,
    add_foreign_layer: 1,
    duplicate_layer: 1,
    turn: 5,
    step: 4,
    theme: 1,
    resize: 1,
    command: 2,
}


def too_many(monkey):
    """Return whether layers are to be deleted before more come."""
    return len(monkey.viewer.layers) > _MAX_LAYERS


def _words(widget: QWidget) -> str:
    name = type(widget).__name__
    text = getattr(widget, "text", None)
    label = text() if callable(text) and isinstance(widget, QAbstractButton) else ""
    return f"{name} {label!r}" if label else name
