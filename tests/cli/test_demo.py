"""The window of the demo: it stays for who looks at it, else there are pictures of it."""

from types import SimpleNamespace

from napari_compressed_transcriptomics.cli.demo import driving, window
from phantom import make_phantom
from small import compressed


def test_on_a_screen_that_nobody_sees_pictures_are_written(
    make_napari_viewer, qtbot, monkeypatch, tmp_path, capsys
):
    monkeypatch.setenv("VIRTUAL_DISPLAY", "1")
    viewer, shown = make_napari_viewer(), []

    def settle():
        qtbot.waitUntil(lambda: viewer.dims.ndim == 4)  # layers are added one by one
        shown.append((viewer.dims.ndisplay, viewer.dims.order))

    monkeypatch.setattr("napari.Viewer", lambda title: viewer)
    monkeypatch.setattr(window, "settle", settle)
    window.show(compressed(make_phantom(), 2), tmp_path / "new")
    names = ("axial", "coronal", "sagittal", "3d")
    paths = [tmp_path / "new" / f"{name}.png" for name in names]
    assert capsys.readouterr().out.splitlines() == list(map(str, paths))
    orders = (0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2), (0, 1, 2, 3)
    assert shown == list(zip((2, 2, 2, 3), orders, strict=True))
    pictures = {path.read_bytes() for path in paths}
    assert len(pictures) == 4
    assert not hasattr(viewer.window, "_qt_window")  # it was closed


def test_who_looks_at_it_has_the_window_and_no_pictures(monkeypatch, tmp_path):
    monkeypatch.delenv("VIRTUAL_DISPLAY", raising=False)
    ran = []
    monkeypatch.setattr("napari.Viewer", lambda title: SimpleNamespace(title=title))
    monkeypatch.setattr("napari.run", lambda: ran.append(True))
    monkeypatch.setattr(window, "_fill", lambda viewer, result: ran.append(viewer.title))
    window.show(None, tmp_path)
    assert ran == ["Compressed Transcriptomics demo", True]
    assert not list(tmp_path.iterdir())


def test_a_press_lasts_until_the_work_has_ended_and_notices_are_gone(monkeypatch):
    bar, log = SimpleNamespace(job=None), []
    bar.run = SimpleNamespace(click=lambda: setattr(bar, "job", 3))

    def draw():
        log.append(bar.job)
        bar.job = bar.job - 1 or None

    monkeypatch.setattr(driving, "draw", draw)
    monkeypatch.setattr(driving.time, "sleep", lambda _: None)
    monkeypatch.setattr(driving, "settle", lambda seconds: log.append(f"settled {seconds} s"))
    driving.press(bar)
    assert log == [3, 2, 1, "settled 5 s"]
