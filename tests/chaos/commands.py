"""The commands that are disturbed, each small, and what their outputs hold."""

import csv
import gzip
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "sample_data"
_TABLE = str(SAMPLES / "synthetic_regions.csv")
_ATLAS = str(SAMPLES / "synthetic_regions_atlas.nii.gz")
_CHANGING = (
    "seconds",
    "command",
    "files",
    "versions",
    "model",
    "model_sha256",
    "source",
    "model_card",
)


@dataclass
class Command:
    """One command."""

    name: str
    arguments: Callable[[str, int], list[str]]
    """Takes the place of the output, and 0 or 1 for one of two results; returns arguments."""
    out: str = "out"
    """Name of the output, empty if there is none."""
    resumes: bool = False
    """Whether part of the output may be there after an end that was asked for or forced, which a
    later run completes."""
    request: dict = field(default_factory=dict)
    """More for `process.Zygote.run`."""


def make_commands(folder, run):
    """Return the commands, after making in `folder` what they read.

    Parameters
    ----------
    folder : Path
    run : callable
        Runs a command with these arguments.
    """
    results = [str(folder / name) for name in ("first", "second")]
    for result, size in zip(results, ("2", "3"), strict=True):
        run(["encode", _TABLE, "--model", "pca", "--latent", size, "--out", result])
    models = [str(folder / name) for name in ("one.safetensors", "two.safetensors")]
    for model, size in zip(models, ("2", "3"), strict=True):
        run(["train", _TABLE, "--codec", "pca", "--latent", size, "--out", model])
    targets = str(folder / "targets.csv")
    with open(_TABLE, encoding="utf-8") as table:
        rows = [line.split(",")[0] for line in table][1:]
    lines = [f"{row},{i % 7 / 7},{i % 5 / 3}\n" for i, row in enumerate(rows)]
    Path(targets).write_text("region,a,b\n" + "".join(lines))
    published, blobs = _published(folder / "published")

    def split(words, *more):
        named = {"table": _TABLE, "atlas": _ATLAS, "targets": targets}
        return [*(word.format(**named) for word in words.split()), *more]

    def seeded(words):
        return lambda out, which: [*split(words), "--seed", str(which), "--out", out]

    def more_sizes(words, jobs):
        """One comparison that the other goes on with."""
        sizes = ("2", "3")
        return lambda out, which: [
            *split(words, jobs, "--latent", *sizes[: which + 1]),
            "--out",
            out,
        ]

    train = "train {table} --codec autoencoder --hidden 16,8 --latent 2 --epochs 60 --patience 60"
    compare = "compare {table} --methods pca nmf --folds 2 --jobs"
    predict = (
        "predict {table} --targets {targets} --methods pca nmf --latent 2 --surrogates 50 "
        "--repeats 1"
    )
    coherence = (
        "coherence {table} --methods pca nmf --latent 2 --permutations 99 --labels-volume {atlas}"
    )

    def encode_model(out, which):
        return ["encode", _TABLE, "--model", models[which], "--out", out]

    def report(out, which):
        return ["report", results[which], "--out", out]

    def difference(out, which):
        return ["difference", results[which], results[1 - which], "--out", out]

    return [
        Command("info", lambda out, which: ["info", _TABLE], out=""),
        Command("encode pca", seeded("encode {table} --model pca --latent 2")),
        Command("encode model", encode_model),
        Command("train", seeded(train), "m.safetensors", resumes=True, request={"often": True}),
        Command("compare --jobs 1", more_sizes(compare, "1"), resumes=True),
        Command("compare --jobs 2", more_sizes(compare, "2"), resumes=True),
        Command("predict", seeded(predict), resumes=True),
        Command("coherence", seeded(coherence), resumes=True),
        Command("report", report, "report.html"),
        Command("difference", difference),
        Command("demo", lambda out, which: ["demo", "--no-viewer", "--out", out]),
        Command(
            "models import",
            lambda out, which: ["models", "import", str(published)],
            "published",
            request={"blobs": blobs},
        ),
    ]


def _published(folder):
    """Make files that stand in for the published weights; return their folder and ids."""
    from napari_compressed_transcriptomics.codecs.models.published import BLOB_IDS

    folder.mkdir()
    blobs = {}
    for number, name in enumerate(BLOB_IDS):
        content = f"{number}\n".encode() * 100_000
        (folder / name).write_bytes(content)
        head = f"blob {len(content)}\0".encode()
        blobs[name] = hashlib.sha1(head + content, usedforsecurity=False).hexdigest()
    return folder, blobs


def hidden(path):
    """Return what is beside or in an output that is no part of it: unfinished files and locks."""
    places = [path, path.parent] if path.is_dir() else [path.parent]
    found = [file for place in places if place.is_dir() for file in place.iterdir()]
    return sorted(file.name for file in found if file.name.startswith("."))


def content(path):
    """Return, by name, what the files of an output hold, without what differs each time."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file()]
        names = {str(file.relative_to(path)): file for file in files}
        return {n: _held(f) for n, f in sorted(names.items()) if not n.startswith(".")}
    return {path.name: _held(path)} if path.exists() else {}


def _held(path):
    data = path.read_bytes()
    if path.suffix == ".json":
        data = json.dumps(_steady(json.loads(data)), sort_keys=True).encode()
    elif path.suffix == ".csv":
        data = repr(rows(data)).encode()
    elif path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".safetensors":
        from safetensors.numpy import load

        data = repr(
            [(name, tensor.tobytes()) for name, tensor in sorted(load(data).items())]
        ).encode()
    return hashlib.sha256(data).hexdigest()


def _steady(value):
    if isinstance(value, dict):
        return {key: _steady(v) for key, v in value.items() if key not in _CHANGING}
    return [_steady(v) for v in value] if isinstance(value, list) else value


def rows(data):
    """Return the rows of a CSV, in order, without the times."""
    read = csv.DictReader(io.StringIO(data.decode()))
    return sorted(str([v for k, v in row.items() if k != "seconds"]) for row in read)


def refused(path):
    """Return why our readers refuse an output, or an empty string."""
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model
    from napari_compressed_transcriptomics.core.errors import UserError
    from napari_compressed_transcriptomics.io.writers.read_results import read_results
    from napari_compressed_transcriptomics.io.writers.results import RESULT_FILES

    try:
        if path.suffix == ".safetensors":
            load_model(path)
        elif any((path / name).exists() for name in RESULT_FILES):
            read_results(path)
        elif path.is_dir():
            _check_hashes(path)
    except UserError as error:
        return str(error)
    return ""


def _check_hashes(folder):
    """Raise a `UserError` where a record states other hashes than the files beside it have."""
    from napari_compressed_transcriptomics.core.errors import UserError

    for record in folder.glob("*.json"):
        stated = json.loads(record.read_text()).get("files", {})
        for name, told in stated.items():
            file = folder / name
            if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != told["sha256"]:
                raise UserError(f"{name} is not the one that {record.name} is of")


def is_part(path, after):
    """Return whether an output says by itself that it is part of one.

    Files that it does not name must be those of the complete one, `after`, not of an older one.
    """
    if path.suffix == ".safetensors":
        return True  # the best model so far, which training saves when it is interrupted
    records = {file.name: json.loads(file.read_text()) for file in path.glob("*.json")}
    named = {*records, *(name for record in records.values() for name in record.get("files", {}))}
    others = [name for name, held in content(path).items() if held != after.get(name)]
    partial = any(record.get("complete") is False for record in records.values())
    return partial and named.issuperset(others)


def clear(path):
    """Remove an output, and its checkpoints."""
    for file in path.parent.glob(f"{path.name}*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
