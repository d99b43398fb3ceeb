"""Files of the published form, a web server that can misbehave, and what is in the cache."""

import csv
import hashlib
import io
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from packaging.version import Version

from faults import refusal
from napari_compressed_transcriptomics.codecs.models.published import (
    BLOB_IDS,
    load_published,
    weights_folder,
)
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import AutoencoderNetwork
from small import small_expression

needs_safe_torch = pytest.mark.skipif(
    Version(torch.__version__) < Version("2.6"), reason="this PyTorch may not open .pt files"
)
SAMPLE = "sample_data.csv"
HTML = b"<!DOCTYPE html><html><body>Please log in to the network</body></html>"


class Malicious:
    """Touches a file when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (os.system, (f"touch {self.target}",))


def weights(n_genes=40, latent_size=2, sizes=(12, 8)):
    """A network with random weights, and its state dict as PyTorch writes it."""
    generator = torch.Generator().manual_seed(latent_size)
    network = AutoencoderNetwork.seeded(n_genes, latent_size, sizes, generator)
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    return network.eval(), file.getvalue()


def sample_table(genes, values):
    """The table as published: a counter without a header, ``id``, then the genes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["", "id", *genes])
    writer.writerows([i, i + 1, *row] for i, row in enumerate(np.round(values, 6).tolist()))
    return text.getvalue().encode()


def blob_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `files`, each request first meeting the next of that file's `faults`.

    A fault is a status such as 404, or one of: ``cut`` (half of what is left), ``wrong`` (a bit
    flipped), ``html``, ``slow`` (in pieces over a second), ``no_range``, ``endless``.
    """

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files, self.faults, self.requests = files, {}, []
        self.address = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        self.server.requests.append((name, start))
        faults = self.server.faults.get(name)
        fault = faults.pop(0) if faults else None
        content = self.server.files.get(name)
        if isinstance(fault, int) or content is None:
            self.send_error(fault or 404)
            return
        if start >= len(content):
            self.send_error(416)
            return
        if fault == "html":
            start, content = 0, HTML
        elif fault == "wrong":
            content = bytes([content[0] ^ 1]) + content[1:]
        elif fault == "no_range":
            start = 0
        body = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(2**40 if fault == "endless" else len(body)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "slow":
            for part in np.array_split(np.frombuffer(body, np.uint8), 20):
                self.wfile.write(part.tobytes())
                time.sleep(0.05)
        else:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


DATA = small_expression()
TWO, EIGHT = (f"autoencode_abagen_{k}_components.pt" for k in (2, 8))
NETWORK, WEIGHTS = weights()
FILES = {
    TWO: WEIGHTS,
    EIGHT: weights(latent_size=8)[1],
    SAMPLE: sample_table(DATA.genes, DATA.values),
}


def publish(monkeypatch, files):
    for name, content in files.items():
        monkeypatch.setitem(BLOB_IDS, name, blob_id(content))


def refused(*words, call=lambda: load_published(2)):
    message = refusal(call)
    for word in words:
        assert word in message
    return message


def in_cache():
    folder = weights_folder()
    names = os.listdir(folder) if folder.exists() else []
    return sorted(name for name in names if not name.endswith(".lock"))
