"""Model files: written and read as safetensors, checked before they are trusted."""

import hashlib
import json
from pathlib import Path

import numpy as np

from .codec import Codec, codec_class
from .errors import UserError
from .novelty import Reference
from .provenance import versions
from .state_dict import load_state_dict
from .tensors import check_finite

FORMAT_VERSION = 2
"""2 added what the training data look like to the model, see `novelty.Reference`."""

LONGEST_HEADER = 100 * 2**20  # as safetensors itself allows


def save_model(codec: Codec, path: str | Path) -> Path:
    """Write a codec to a ``.safetensors`` file, all of it or nothing.

    The file's metadata (strings, as the format has it) are ``format_version``, ``codec``, and
    as JSON ``config``, ``genes``, ``training`` and ``versions``; ``sha256`` is over all of
    these and the tensors.

    Raises
    ------
    UserError
        If the name does not end in ``.safetensors`` or the file cannot be written there.
    """
    from safetensors.numpy import save

    from napari_compressed_transcriptomics.io.atomic import replacing

    path = Path(path)
    if path.suffix != ".safetensors":
        raise UserError(f"{path.name} is no name for a model file; let it end in .safetensors")
    learned = codec.tensors() | (codec.reference.tensors() if codec.reference else {})
    tensors = {name: np.array(array, order="C") for name, array in learned.items()}
    metadata = {
        "format_version": str(FORMAT_VERSION),
        "codec": codec.id,
        "config": json.dumps(codec.config()),
        "genes": json.dumps(codec.genes),
        "training": json.dumps(codec.training),
        "versions": json.dumps(versions()),
    }
    metadata["sha256"] = digest(metadata, tensors)
    with replacing(path) as temporary:
        Path(temporary).write_bytes(save(tensors, metadata))
    return path


def load_model(path: str | Path) -> Codec:
    """Read a codec from a ``.safetensors`` file, or from a published ``.pt`` state dict.

    A ``.pt`` file has no gene list: it is read from ``NAME.genes.txt`` or ``NAME.genes.tsv``
    (one symbol a line, in the order of the network's input), or from the published
    ``sample_data.csv``, beside it; see `state_dict.load_state_dict`.

    Raises
    ------
    UserError
        Naming the file and what is wrong with it. Nothing in a file is ever executed.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no model file {path}; check the path")
    with path.open("rb") as file:
        start = file.read(64)
    if not start:
        raise UserError(f"{path.name} is empty; fetch or save the model again")
    if start.startswith(b"version https://git-lfs"):
        raise UserError(f"{path.name} is a git-LFS pointer, not the model; run `git lfs pull`")
    if path.suffix in (".pt", ".pth"):
        return load_state_dict(path)
    if path.suffix != ".safetensors":
        raise UserError(f"{path.name} is no model file; choose a .safetensors or .pt file")
    metadata, tensors = read_safetensors(path)
    _check_format(path, metadata)
    if metadata.get("sha256") != digest(metadata, tensors):
        raise UserError(f"{path.name} is damaged (its SHA-256 differs); fetch or save it again")
    try:
        check_finite(tensors)
        config, genes, training = (json.loads(metadata[k]) for k in ("config", "genes", "training"))
        if not all(isinstance(gene, str) for gene in genes):
            raise ValueError("genes that are no text")
        reference = Reference.take_from(tensors, config["latent_size"])
        codec = codec_class(metadata["codec"]).from_parts(config, tensors, tuple(genes))
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path.name} does not describe its model ({error}); save the model again"
        ) from None
    codec.training, codec.reference = training, reference
    return codec


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Return metadata and tensors of a file, all of it in memory.

    Raises
    ------
    UserError
        If it is cut off or no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    size = path.stat().st_size
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
    if not 2 <= header <= min(size - 8, LONGEST_HEADER):
        raise UserError(
            f"{path.name} is no safetensors file or is cut off: its header would have {header} "
            f"bytes, the file has {size}; fetch or save it again"
        )
    try:
        with safe_open(path, "numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return file.metadata() or {}, tensors
    except (SafetensorError, ValueError, TypeError) as error:
        raise UserError(
            f"{path.name} is no complete safetensors file ({error}); fetch or save it again"
        ) from None


def _check_format(path: Path, metadata: dict[str, str]) -> None:
    version = metadata.get("format_version", "")
    if not version.isdecimal():
        raise UserError(f"{path.name} holds tensors but not a model of this program; use another")
    if int(version) > FORMAT_VERSION:
        raise UserError(
            f"{path.name} has model format {version}, this program reads up to {FORMAT_VERSION}; "
            "update napari-compressed-transcriptomics"
        )


def digest(metadata: dict[str, str], tensors: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 over metadata (but for itself) and tensors, both in order of name."""
    words = {name: value for name, value in metadata.items() if name != "sha256"}
    hashed = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        hashed.update(f"{name}{tensors[name].shape}{tensor.dtype.str}".encode())
        hashed.update(tensor.reshape(-1).view(np.uint8).data)
    return hashed.hexdigest()
