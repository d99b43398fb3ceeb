"""Model files: safetensors of our own, and the published PyTorch state dicts."""

import hashlib
import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .codec import Codec, codec_class
from .errors import UserError, listing
from .provenance import versions

FORMAT_VERSION = 1
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
    tensors = {name: np.array(array, order="C") for name, array in codec.tensors().items()}
    metadata = {
        "format_version": str(FORMAT_VERSION),
        "codec": codec.id,
        "config": json.dumps(codec.config()),
        "genes": json.dumps(codec.genes),
        "training": json.dumps(codec.training),
        "versions": json.dumps(versions()),
    }
    metadata["sha256"] = _digest(metadata, tensors)
    with replacing(path) as temporary:
        Path(temporary).write_bytes(save(tensors, metadata))
    return path


def load_model(path: str | Path) -> Codec:
    """Read a codec from a ``.safetensors`` file, or from a published ``.pt`` state dict.

    A ``.pt`` file has no gene list: it is read from ``NAME.genes.txt`` or ``NAME.genes.tsv``
    beside it (one symbol a line, in the order of the network's input).

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
        return _load_published(path)
    if path.suffix != ".safetensors":
        raise UserError(f"{path.name} is no model file; choose a .safetensors or .pt file")
    metadata, tensors = _read_safetensors(path)
    _check_format(path, metadata)
    if metadata.get("sha256") != _digest(metadata, tensors):
        raise UserError(f"{path.name} is damaged (its SHA-256 differs); fetch or save it again")
    _check_finite(path, tensors)
    try:
        config, genes, training = (json.loads(metadata[k]) for k in ("config", "genes", "training"))
        if not all(isinstance(gene, str) for gene in genes):
            raise ValueError("genes that are no text")
        codec = codec_class(metadata["codec"]).from_parts(config, tensors, tuple(genes))
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{path.name} does not describe its model ({error}); save the model again"
        ) from None
    codec.training = training
    return codec


def _read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
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


def _check_finite(path: Path, tensors: dict[str, np.ndarray]) -> None:
    for name, tensor in tensors.items():
        # neutral values may be unknown
        if name != "neutral" and not np.isfinite(tensor).all():
            raise UserError(
                f"{path.name}: the tensor {name} holds NaN or infinite values; train it again"
            )


def _digest(metadata: dict[str, str], tensors: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 over metadata (but for itself) and tensors, both in order of name."""
    words = {name: value for name, value in metadata.items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(words, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = np.ascontiguousarray(tensors[name])
        digest.update(f"{name}{tensors[name].shape}{tensor.dtype.str}".encode())
        digest.update(tensor.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _load_published(path: Path) -> Codec:
    """Read a state dict with the published keys; layer sizes come from its tensors.

    These files tell neither clipping limits nor gene means: the limits are 0 and 1, the means
    unknown.
    """
    from .autoencoder import Autoencoder

    tensors = _read_state_dict(path)
    _check_finite(path, tensors)
    weights = [f"encoder.mlp.fc{i}.weight" for i in range(len(tensors))]
    shapes = [tensors[name].shape for name in weights if name in tensors]
    if not shapes or any(len(shape) != 2 for shape in shapes):
        raise UserError(
            f"{path.name} has no encoder.mlp.fc0.weight: it is not a published autoencoder "
            f"(it holds {listing(tensors, 3)})"
        )
    genes = _genes_beside(path, shapes[0][1])
    sizes = [shape[0] for shape in shapes]
    config = {"latent_size": sizes[-1], "hidden_sizes": sizes[:-1], "clip": [0.0, 1.0]}
    tensors["neutral"] = np.full(len(genes), np.nan, np.float32)
    try:
        codec = Autoencoder.from_parts(config, tensors, genes)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    codec.training = {"published_file": path.name}
    return codec


def _read_state_dict(path: Path) -> dict[str, Any]:
    import pickle

    import torch

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > 2 * path.stat().st_size:  # PyTorch does not compress
            raise UserError(f"{path.name} would unpack to {unpacked} bytes; it is not a model")
    try:
        with warnings.catch_warnings():  # of odd pickles, which are refused or hold tensors only
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        # never tried again without weights_only: that would run whatever the file says
        raise UserError(
            f"{path.name} holds more than weights (a whole pickled module, or code) and was not "
            "opened; where you trust it, save its state_dict() with PyTorch and open that"
        ) from None
    except (RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise UserError(
            f"{path.name} is cut off or no PyTorch file ({str(error).splitlines()[0]}); "
            "fetch it again"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise UserError(f"{path.name} is no state dict of tensors; save model.state_dict() instead")
    return {
        str(name): (tensor.float() if tensor.is_floating_point() else tensor).detach().numpy()
        for name, tensor in state.items()
    }


def _genes_beside(path: Path, count: int) -> tuple[str, ...]:
    """Return the gene symbols from the sidecar of a ``.pt`` file."""
    sidecars = [path.with_name(f"{path.stem}.genes{suffix}") for suffix in (".txt", ".tsv")]
    sidecar = next((name for name in sidecars if name.is_file()), None)
    if sidecar is None:
        raise UserError(
            f"{path.name} has no gene list; write its {count} gene symbols, one a line in the "
            f"order of its training table, to {sidecars[0].name} beside it"
        )
    lines = sidecar.read_text(encoding="utf-8-sig").splitlines()
    genes = [line.split("\t")[0].strip() for line in lines if line.strip()]
    if len(genes) == count + 1 and genes[0].lower() in ("gene", "genes", "symbol", "gene_symbol"):
        genes = genes[1:]
    if len(genes) != count or len(set(genes)) != count:
        raise UserError(
            f"{sidecar.name} has {len(genes)} genes, {len(set(genes))} of them different; "
            f"{path.name} needs {count}"
        )
    return tuple(genes)
