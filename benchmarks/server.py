"""A server of files on this machine, slow or failing as it is told."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class Server(ThreadingHTTPServer):
    """Waits `delay` seconds before each answer; while it `fails` each is an error."""

    delay, fails = 0.0, False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Files(SimpleHTTPRequestHandler):
    """Serves a folder's files, or parts of them."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        time.sleep(self.server.delay)
        path = Path(self.translate_path(self.path))
        if self.server.fails or not path.is_file():
            self.send_error(500 if self.server.fails else 404)
            return
        size, wanted = path.stat().st_size, self.headers.get("Range", "")
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else (size - int(last) if last else 0)
        stop = int(last) + 1 if first and last else size
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        with open(path, "rb") as file:
            file.seek(start)
            self.wfile.write(file.read(stop - start))

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def served(folder: Path, delay: float = 0.0) -> Iterator[Server]:
    """Serve a folder until the block ends."""
    with Server(("127.0.0.1", 0), partial(_Files, directory=folder)) as server:
        server.delay = delay
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
