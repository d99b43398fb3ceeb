"""Two windows of one program leave each other's pictures alone."""

from qtpy.QtGui import QOpenGLContext

from clicking import settle
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.picture import canvas_in
from phantom import make_phantom


def at_once(viewer):
    with attach(viewer).at_once():
        viewer.layers[0].visible = False


def test_what_one_tells_opengl_is_not_told_of_the_other(make_napari_viewer, monkeypatch):
    """Textures and programs have the same numbers in both."""
    viewers = [make_napari_viewer(show=True) for _ in range(2)]
    for viewer in viewers:
        add_expression(viewer, make_phantom())
    settle()
    first, second = (canvas_in(viewer.window._qt_window) for viewer in viewers)
    told_of = []
    monkeypatch.setattr(
        second.context, "finish", lambda: told_of.append(QOpenGLContext.currentContext())
    )
    for act in (at_once, lambda viewer: viewer.layers.clear()):
        first.set_current()
        act(viewers[1])
        assert told_of == [second.native.context()]
        told_of.clear()
