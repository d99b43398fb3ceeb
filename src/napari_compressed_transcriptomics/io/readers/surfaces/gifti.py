"""GIFTI (.gii): arrays and labels, read without trust in what the file says of itself.

A parser of our own, as nibabel's unpacks whatever a file holds: entities are refused (they can
make a small file huge), and packed data are unpacked no further than their stated size.
"""

import base64
import binascii
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.io.files.files import existing_file, opened

_TYPES = {
    "NIFTI_TYPE_UINT8": "u1",
    "NIFTI_TYPE_INT32": "i4",
    "NIFTI_TYPE_FLOAT32": "f4",
    "NIFTI_TYPE_FLOAT64": "f8",
}
_ENDIAN = {"LittleEndian": "<", "BigEndian": ">"}
_MAX_VALUES = 1 << 24  # of an array: 163,842 vertices x 3 have 491,526
_MAX_BYTES = 1 << 28  # of a file


@dataclass
class GiftiArray:
    """One array of a file."""

    intent: str
    """Such as ``NIFTI_INTENT_POINTSET``."""
    values: np.ndarray
    """Of the shape that the file states."""


@dataclass
class Gifti:
    """What a file holds."""

    path: Path
    arrays: list[GiftiArray] = field(default_factory=list)
    labels: dict[int, str] = field(default_factory=dict)
    """Names of labels."""
    structure: str = ""
    """``left``, ``right`` or empty, as the file's metadata tell."""

    def with_intent(self, intent: str) -> np.ndarray | None:
        """Return the first array of an intent (``POINTSET``, ``TRIANGLE``, ``LABEL``), or None."""
        name = f"NIFTI_INTENT_{intent}"
        return next((array.values for array in self.arrays if array.intent == name), None)


def read_gifti(path: str | Path) -> Gifti:
    """Read a GIFTI file, also packed (``.gii.gz``).

    Raises
    ------
    UserError
        It is no GIFTI, cut or damaged, too large, declares entities, or holds data elsewhere.
    """
    path = existing_file(path)
    with opened(path) as file:
        raw = file.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise UserError(f"{path.name} is larger than {_MAX_BYTES:,} bytes, too large for a GIFTI")
    require_memory(4 * len(raw), path.name)
    reader = _Reader(path)
    try:
        reader.parser.Parse(raw, True)
    except UserError:
        raise
    except (LookupError, ValueError) as error:  # of the encoding that it declares
        raise UserError(
            f"{path.name} is not a readable GIFTI ({error}); get the file again"
        ) from None
    except expat.ExpatError as error:
        raise UserError(
            f"{path.name} is not a readable GIFTI (line {error.lineno}: "
            f"{expat.ErrorString(error.code)}); get the file again"
        ) from None
    if not reader.is_gifti:
        raise UserError(f"{path.name} is XML but not GIFTI; choose another file")
    return reader.found


class _Reader:
    def __init__(self, path: Path):
        self.found, self.path = Gifti(path), path
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.is_gifti = False
        self._array: dict[str, str] = {}
        self._words: list[str] = []
        self._key: str | None = None
        self._name = ""

    def _entity(self, *_: object) -> None:
        raise UserError(
            f"{self.path.name} declares XML entities, which GIFTI does not need and which can "
            "exhaust memory; get the file from its source"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.is_gifti |= name == "GIFTI"
        self._words = []
        if name == "DataArray":
            self._array = attributes
        elif name == "Label":
            self._key = attributes.get("Key", attributes.get("Index"))

    def _text(self, text: str) -> None:
        self._words.append(text)

    def _end(self, name: str) -> None:
        text = "".join(self._words)
        if name == "Data":
            self._add(text)
        elif name == "Label":
            try:
                self.found.labels[int(self._key or "")] = text.strip()
            except ValueError:
                raise self._damaged("a label without a number") from None
        elif name == "Name":
            self._name = text.strip()
        elif name == "Value" and self._name == "AnatomicalStructurePrimary":
            word = text.strip().lower()
            self.found.structure = next((s for s in ("left", "right") if word.endswith(s)), "")
        self._words = []

    def _add(self, text: str) -> None:
        about = self._array
        try:
            dims = [int(about[f"Dim{i}"]) for i in range(int(about["Dimensionality"]))]
            dtype = np.dtype(
                _ENDIAN[about.get("Endian", "LittleEndian")] + _TYPES[about["DataType"]]
            )
        except (KeyError, ValueError):
            raise self._damaged("an array of unknown type or size") from None
        n = int(np.prod(dims, dtype=object)) if dims else 0
        if len(dims) > 2 or min(dims, default=0) < 1 or n > _MAX_VALUES:
            raise self._damaged(f"an array of {' x '.join(map(str, dims)) or 'no'} values")
        values = self._values(text, about.get("Encoding", ""), dtype, n)
        rows_first = about.get("ArrayIndexingOrder", "RowMajorOrder") == "RowMajorOrder"
        values = values.reshape(dims, order="C" if rows_first else "F")
        self.found.arrays.append(GiftiArray(about.get("Intent", ""), values))

    def _values(self, text: str, encoding: str, dtype: np.dtype, n: int) -> np.ndarray:
        if encoding not in ("ASCII", "Base64Binary", "GZipBase64Binary"):
            raise UserError(
                f"{self.path.name} keeps its data elsewhere ({encoding or 'no encoding'}); save it "
                "with data inside"
            )
        size = n * dtype.itemsize
        try:
            if encoding == "ASCII":
                raw = np.array(text.split(), np.float64).astype(dtype).tobytes()
            else:
                raw = base64.b64decode(text)
            if encoding == "GZipBase64Binary":
                raw = zlib.decompressobj().decompress(raw, size + 1)
        except (ValueError, binascii.Error, zlib.error):
            raise self._damaged("data that cannot be unpacked") from None
        if len(raw) != size:
            raise self._damaged(f"{len(raw):,} bytes of data where {size:,} are stated")
        return np.frombuffer(raw, dtype).astype(dtype.newbyteorder("="))

    def _damaged(self, what: str) -> UserError:
        return UserError(f"{self.path.name} is a damaged GIFTI with {what}; get the file again")
