"""A sample of the same form as the real ones, made of small files, and a server that has it."""

from pathlib import Path

from napari_compressed_transcriptomics.io.files.cache import CACHE_VARIABLE
from napari_compressed_transcriptomics.io.readers.samples import real
from published import Server, blob_id

_FILES = Path(__file__).parent.parent / "sample_data"
NAMES = ("synthetic_regions.csv", "synthetic_regions_atlas.nii.gz", "synthetic_regions_labels.csv")
CONTENT = {name: (_FILES / name).read_bytes() for name in NAMES}
SAMPLE = real.RealSample(
    "small",
    "Small regions",
    "Somebody's terms.",
    tuple(
        real.RemoteFile(name, f"someone/things/0123/{name}", blob_id(data), len(data))
        for name, data in CONTENT.items()
    ),
)


def serving(monkeypatch, cache):
    """Return a server to be entered; the small sample is the only one there is, and not here."""
    server = Server(dict(CONTENT))
    monkeypatch.setenv(real.MIRROR_VARIABLE, server.address)
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    monkeypatch.setattr(real, "SAMPLES", {SAMPLE.key: SAMPLE})
    return server
