"""The README's five steps in the real window, by the installed package, with data served locally.

    python five_steps.py FOLDER OUT

FOLDER holds, under any names, the files of the sample of 82 regions; they are served from here as
their sources do, found by their Git blob ids. The seconds of each step are printed, and the window
and the report come to OUT. Run by `wheel_test.py --real FOLDER` in a fresh environment.
"""

import hashlib
import os
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from napari_compressed_transcriptomics.io.readers.samples.real import MIRROR_VARIABLE, SAMPLES

KEY, GENE = "ahba_dk82", "CALB1"
PLUGIN = "napari-compressed-transcriptomics"


def served(folder: Path) -> dict[str, bytes]:
    """Return the content of the sample's files by the path at which each is asked for."""
    wanted = {file.blob_id: f"/{file.path}" for file in SAMPLES[KEY].files}
    sizes = {file.n_bytes for file in SAMPLES[KEY].files}
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size in sizes:
            content = path.read_bytes()
            blob_id = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            if blob_id in wanted:
                found[wanted[blob_id]] = content
    if len(found) < len(wanted):
        raise SystemExit(f"{folder} holds {len(found)} of the {len(wanted)} files of {KEY}")
    return found


def source_of(content: dict[str, bytes]) -> ThreadingHTTPServer:
    """Start a server that has these files."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = content.get(self.path)
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(folder: Path, out: Path) -> None:
    """Go through the steps; any fault ends in an exception."""
    start = time.monotonic()
    server = source_of(served(folder))
    os.environ[MIRROR_VARIABLE] = f"http://127.0.0.1:{server.server_port}/"
    os.environ[CACHE_VARIABLE] = tempfile.mkdtemp()
    os.environ["COMPRESSED_TRANSCRIPTOMICS_SETTINGS"] = tempfile.mkdtemp()  # forms are as new

    import napari

    from napari_compressed_transcriptomics.cli.demo.driving import picture, press, settle
    from napari_compressed_transcriptomics.viewer.layer_content import shown

    def done(step: str) -> None:
        print(f"{time.monotonic() - start:5.1f} s  {step}", flush=True)

    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    _, main_dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    settle()
    done("window and main dock")
    real = main_dock.show_page("Real samples")
    real.offer(KEY)
    real.accept.click()
    press(real.bar)
    (layer,) = viewer.layers
    done(f"1. fetched and opened: {shown(layer).expression.name}")
    genes = main_dock.show_page("Choose gene").genes
    genes.search.setText(GENE)
    genes.search.returnPressed.emit()
    settle()
    assert GENE in layer.name, layer.name
    done(f"2. {layer.name}")
    compress = main_dock.show_page("Compress")
    press(compress.bar)
    assert len(viewer.layers) >= 3, viewer.layers
    done(f"3. compressed: {compress.result.text()}")
    out.mkdir(parents=True, exist_ok=True)
    picture(viewer, out / "first.png")
    compress.held_out.setChecked(True)
    press(compress.bar)
    done(f"4. measured on held-out samples: {compress.result.text()}")
    main_dock.show_page("Inspect reconstruction")
    settle(4)
    picture(viewer, out / "checked.png")
    done(f"5. checked; the window is in {out}")
    server.shutdown()
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
