"""Changes of safetensors files: models and checkpoints of training."""

import json
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from .change import EVERYTHING, Change
from .mutate_json import ODD
from .mutate_raw import of_bytes

_LENGTHS = (0, 1, 2**63, 2**64 - 1, 100 * 2**20)
_METADATA: tuple[Any, ...] = (
    *({}, {"a": 1}, [], None),
    *({"format_version": "99"}, {"format_version": "²"}, {"format_version": "2"}),
)
_ENTRIES = {
    "dtype": ("BF16", "F8_E4M3", "F64", "I64", "BOOL", "F16", "X", 5),
    "shape": ([], [0], [-1], [2**40, 2**40], [1], "x", [1.5], None),
    "data_offsets": ([0, 0], [0, 2**60], [-4, 4], [8, 4], "x", [0], None),
}
_TEXTS = (
    *("null", "[]", "{}", "1", '"x"', "x", "", "[" * 3000, "NaN", '["a","a"]', "[null]", "true"),
    *('{"latent_size": 2}', '{"latent_size": 1e300}', '"abcdefghijkl"', '{"versions": 3}'),
    *('{"n_samples": "x"}', '{"n_samples": 5, "data_sha256": 7}', '{"published_file": [1]}'),
    *('{"settings": 5, "n_samples": 3}', '{"train_rmse": "x"}', '{"published_file": "a"}'),
)
_WORDS = (
    *("", "nmf", "residual", "autoencoder", "umap", "tsne", "pca", "autoencoder-notebook"),
    *("../x", "0", "1", "3", "²", "9" * 5000, "kernel-pca"),
)


def _parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    n = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + n]), data[8 + n :]


def _write(path: Path, header: dict[str, Any], body: bytes) -> None:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def _header_length(path: Path, rng: Random) -> Change:
    data = path.read_bytes()
    right = int.from_bytes(data[:8], "little")
    length = rng.choice((*_LENGTHS, len(data), len(data) - 8, right + 1, right - 1))
    path.write_bytes(length.to_bytes(8, "little") + data[8:])
    return Change(f"a header of {length} bytes")


def _header(path: Path, rng: Random) -> Change:
    header, body = _parts(path.read_bytes())
    if rng.random() < 0.3:
        header["__metadata__"] = rng.choice(_METADATA)
        said = f"metadata {header['__metadata__']}"
    else:
        tensor = rng.choice([name for name in header if name != "__metadata__"])
        field = rng.choice(list(_ENTRIES))
        header[tensor][field] = rng.choice(_ENTRIES[field])
        said = f"{tensor}: {field} {header[tensor][field]}"
    _write(path, header, body)
    return Change(said)


def _signed(path: Path, metadata: dict[str, str], tensors: dict[str, np.ndarray]) -> None:
    """Write with a digest that fits: what a faulty or hostile writer would leave."""
    from safetensors.numpy import save

    from napari_compressed_transcriptomics.codecs.models.model_file import digest

    tensors = {name: np.array(tensor, order="C") for name, tensor in tensors.items()}
    metadata["sha256"] = digest(metadata, tensors)
    data = save(tensors, metadata)
    path.write_bytes(data)


def _loaded(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    from safetensors.numpy import load

    data = path.read_bytes()
    return _parts(data)[0]["__metadata__"], load(data)


def _signed_metadata(path: Path, rng: Random) -> Change:
    metadata, tensors = _loaded(path)
    name = rng.choice(sorted(set(metadata) - {"sha256"}))
    if name in ("codec", "format_version", "checkpoint_version"):
        metadata[name] = rng.choice(_WORDS)
    elif rng.random() < 0.5:
        metadata[name] = rng.choice(_TEXTS)
    else:
        content = json.loads(metadata[name])
        keys = list(content) if isinstance(content, dict) else list(range(len(content)))
        content[rng.choice(keys)] = rng.choice([odd for odd in ODD if odd != "\ud800"])
        metadata[name] = json.dumps(content)
    _signed(path, metadata, tensors)
    return Change(f"signed: {name} = {metadata[name][:60]}", EVERYTHING)


def _signed_tensor(path: Path, rng: Random) -> Change:
    metadata, tensors = _loaded(path)
    name = rng.choice(sorted(tensors))  # they come in no order
    tensor = tensors[name]
    real = tensor.dtype.kind == "f"
    edits = {
        "of float64": tensor.astype(np.float64),
        "of float16": tensor.astype(np.float16),
        "of int8": tensor.astype(np.int8),
        "of NaN": np.full_like(tensor, np.nan if real else 0),
        "of zeros": np.zeros_like(tensor),
        "of 1e38": np.full_like(tensor, 1e38 if real else 1),
        "cut": tensor[..., :-1] if tensor.ndim else tensor,
        "flat": tensor.reshape(-1),
        "doubled": np.concatenate([tensor.reshape(-1)] * 2),
    }
    said = rng.choice([*edits, "missing", "joined by another"])
    if said == "missing":
        del tensors[name]
    elif said == "joined by another":
        tensors["extra"] = np.zeros(3, np.float32)
    else:
        tensors[name] = edits[said]
    _signed(path, metadata, tensors)
    return Change(f"signed: tensor {name} {said}", EVERYTHING)


MUTATORS = (
    *[of_bytes()] * 4,
    _header_length,
    *[_header] * 2,
    *[_signed_metadata] * 4,
    *[_signed_tensor] * 3,
)
