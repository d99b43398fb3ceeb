"""Model files: written and read as safetensors, checked before they are trusted."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec, codec_class
from napari_compressed_transcriptomics.codecs.training_reference import Reference
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import versions
from napari_compressed_transcriptomics.core.tensors import whole
from napari_compressed_transcriptomics.io.files.safetensors_file import (
    digest,
    read_safetensors,
    write_safetensors,
)

from .state_dict import load_state_dict

FORMAT_VERSION = 2
"""2 added what the training data look like to the model, see `novelty.Reference`."""

DEEPEST_RECORD = 20
_PLAIN = (str, int, float, type(None))


def save_model(codec: Codec, path: str | Path) -> Path:
    """Write a codec to a ``.safetensors`` file, all of it or nothing.

    The file's metadata (strings, as the format has it) are ``format_version``, ``codec``, and
    as JSON ``config``, ``genes``, ``training`` and ``versions``; ``sha256`` is over all of
    these and the tensors. The same model gives the same bytes: nothing in it tells time or place.

    Raises
    ------
    UserError
        If the name does not end in ``.safetensors`` or the file cannot be written there.
    """
    from napari_compressed_transcriptomics.io.files.atomic import replacing

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
        write_safetensors(temporary, metadata, tensors)
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
    from napari_compressed_transcriptomics.io.files.files import existing_file

    path = existing_file(path)
    if path.suffix in (".pt", ".pth"):
        return load_state_dict(path)
    if path.suffix != ".safetensors":
        raise UserError(f"{path.name} is no model file; choose a .safetensors or .pt file")
    metadata, tensors = read_safetensors(path)
    _check_format(path, metadata)
    if metadata.get("sha256") != digest(metadata, tensors):
        raise UserError(f"{path.name} is damaged (its SHA-256 differs); fetch or save it again")
    try:
        config, genes, training = (json.loads(metadata[k]) for k in ("config", "genes", "training"))
        _check_description(config, genes, training)
        size = whole(config["latent_size"], "latent_size")
        reference = Reference.take_from(tensors, size)
        codec = codec_class(metadata["codec"]).from_parts(config, tensors, tuple(genes))
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path.name} does not describe its model ({error}); save the model again"
        ) from None
    codec.training, codec.reference = training, reference
    return codec


def _check_format(path: Path, metadata: dict[str, str]) -> None:
    version = metadata.get("format_version", "")
    if not (version.isascii() and version.isdecimal()):
        raise UserError(f"{path.name} holds tensors but not a model of this program; use another")
    if len(version) > 9 or int(version) > FORMAT_VERSION:
        raise UserError(
            f"{path.name} has model format {version}, this program reads up to {FORMAT_VERSION}; "
            "update napari-compressed-transcriptomics"
        )


def _check_description(config: Any, genes: Any, training: Any) -> None:
    """Raise a `ValueError` unless these are of the types that models have them in."""
    if not isinstance(config, dict) or not isinstance(training, dict):
        raise ValueError("settings or a record of training that are no JSON object")
    if not isinstance(genes, list) or not all(isinstance(gene, str) for gene in genes):
        raise ValueError("genes that are no list of text")
    if not genes or len(set(genes)) != len(genes) or not all(map(str.strip, genes)):
        raise ValueError("genes that are blank or there twice")
    "".join(genes).encode()  # complains of what no file could be written with
    if _depth(training) > DEEPEST_RECORD:
        raise ValueError("a record of training that is nested too deep")


def _depth(value: Any) -> int:
    """Return how deep lists and objects are nested."""
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inside), default=0) if not isinstance(value, _PLAIN) else 0
