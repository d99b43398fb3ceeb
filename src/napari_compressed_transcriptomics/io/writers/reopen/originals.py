"""Where the expression of a saved result lies, and whether it still is what it was."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.lazy_values import LazyValues, Values
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.core.provenance import values_sha256
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.io.files.files import STORE, suffix
from napari_compressed_transcriptomics.io.files.how_read import HowRead
from napari_compressed_transcriptomics.io.files.zarr_store import is_remote


@dataclass(frozen=True, eq=False)
class Originals:
    """The expression that a saved result was made from."""

    folder: Path
    """Of the result: recorded paths are relative to it."""
    record: dict[str, Any]
    """Its ``summary.json``."""
    codec: Codec
    samples: tuple[str, ...]
    parcellation: Parcellation

    @property
    def name(self) -> str:
        """Of the expression."""
        return str(self.record.get("data") or "expression")

    @property
    def _how(self) -> HowRead:
        """How they were read; where that is not known, from what files."""
        try:
            return HowRead.of(self._source)
        except UserError:
            entry = self._source.get("expression")
            path = entry.get("path") if isinstance(entry, dict) else None
            return HowRead((path,) if isinstance(path, str) else ())

    @property
    def path(self) -> list[str | Path] | None:
        """The inputs where the record says they lie; None where one is not there."""
        found = [self._resolved(path) for path in self._how.inputs]
        if not found or any(isinstance(one, Path) and not one.exists() for one in found):
            return None
        return found

    def _resolved(self, path: str) -> str | Path:
        return path if is_remote(path) else self.folder / path.replace("\0", "")

    @property
    def found(self) -> bool:
        """Whether there is something where they lay, or they can be made again."""
        return self.path is not None or self._is_synthetic

    @property
    def is_store(self) -> bool:
        """Whether they lie in a store on this machine, which is read by genes."""
        where = self.path
        return where is not None and isinstance(where[0], Path) and bool(suffix(where[0], STORE))

    @property
    def why(self) -> str:
        """The sentence that says why originals are not shown, and what to do."""
        if self.found:
            return (
                f"The expression of {self.name} has been found but not read: Read originals "
                "(Data) shows originals next to reconstructions"
            )
        inputs = self._how.inputs
        where = f" ({inputs[0]})" if inputs else ""
        return (
            f"The expression of {self.name} is not where it was{where}: Locate (Data) asks where "
            "it is; until then there are reconstructions, components and latents, but no originals"
        )

    @property
    def _source(self) -> dict[str, Any]:
        source = self.record.get("source")
        return source if isinstance(source, dict) else {}

    @property
    def _is_synthetic(self) -> bool:
        return isinstance(self._source.get("synthetic"), dict)

    def read(self, path: Path | None = None, report: Report = silent) -> tuple[Expression, Values]:
        """Read them, from elsewhere where a path is given, and check that they are the same.

        See `values_elsewhere.Origin.read`. The expression shares the result's parcellation.

        Raises
        ------
        UserError
            They are not there, have changed, or are others.
        """
        where = self.path if path is None else self._located(path)
        if where is None and not self._is_synthetic:
            raise UserError(self.why)
        found = self._synthetic() if where is None else self._read(where, report)
        return self.checked(found, "" if where is None else str(where[0]), path is not None)

    def checked(
        self, found: Expression, shown: str = "", located: bool = False
    ) -> tuple[Expression, Values]:
        """Return what `read` does, of data that were read already.

        Parameters
        ----------
        found : Expression
        shown : str
            Where they lie, for messages.
        located : bool
            Whether they were looked for anew.
        """
        shown = shown or found.name
        change = (
            f"changed since {self.name} was encoded; encode it again, or locate the file of then"
            if not located
            else f"of other data than {self.name} was encoded from; locate those"
        )
        verb = "is" if located else "has"
        other = UserError(f"{shown} {verb} {change}")
        found = self._of_samples(found, other)
        fill = self.codec.gene_means if self.record.get("filled") else None
        try:
            values = found.aligned_to(self.codec.genes, fill).values
        except UserError:
            raise other from None
        if not self._same(found, values):
            raise other
        return replace(found, parcellation=self.parcellation), values

    def _located(self, path: Path) -> list[str | Path]:
        """Return the inputs where a file or folder was given in place of what is not there."""
        names = [PureWindowsPath(name).name for name in self._how.inputs]  # of any system
        several = [path / name for name in names]
        within = path.is_dir() and all(one.exists() for one in several)
        return list(several) if within else [path]

    def _read(self, where: Sequence[str | Path], report: Report) -> Expression:
        from napari_compressed_transcriptomics.io import read_expression
        from napari_compressed_transcriptomics.io.readers.table_expression import (
            read_table_expression,
        )

        how = self._how
        atlas, labels = self._beside("atlas"), self._beside("labels")
        if "atlas" in self._source and atlas is None and how.ids is None and len(where) == 1:
            regions = RegionVolume(
                self.parcellation.labels,
                self.parcellation.affine,
                dict(enumerate(self.samples, 1)),
                f"{self.name}_samples",
            )
            return read_table_expression(where[0], regions, None, how.impute)
        return read_expression(
            where,
            atlas if how.atlas else None,
            labels if how.labels else None,
            how.impute,
            how.ids,
            how.variant,
            report,
            surface=[self._resolved(path) for path in how.surface],
            vertices_of=[self._resolved(path) for path in how.vertices_of],
            hemisphere=how.hemisphere or "",
        )

    def _beside(self, role: str) -> Path | None:
        """Return the path of another file that was read, if it is there."""
        entry = self._source.get(role)
        path = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(path, str) or "\0" in path:
            return None
        found = self.folder / path
        return found if found.is_file() else None

    def _synthetic(self) -> Expression:
        from napari_compressed_transcriptomics.core.synthetic import made_again

        made = made_again(self._source)
        return replace(made, name=self.name)

    def _of_samples(self, found: Expression, other: UserError) -> Expression:
        """Return the rows of the result, where they lie where its samples do."""
        if found.samples != self.samples:
            row = {name: i for i, name in enumerate(found.samples)}
            if not set(self.samples) <= set(row):
                raise other
            found = found.subset(np.array([row[name] for name in self.samples]))
        mine, theirs = self.parcellation, found.parcellation
        if not np.array_equal(mine.labels, theirs.labels) or not np.allclose(
            mine.affine, theirs.affine, atol=1e-3
        ):
            raise other
        return found

    def _same(self, found: Expression, values: Values) -> bool:
        """Tell by hashes whether values are those of the result: theirs, or else their store's."""
        if isinstance(values, LazyValues) and not values.sha256:
            recorded = self._source.get("expression")
            stored = found.source.get("expression", {}).get("sha256")
            return isinstance(recorded, dict) and recorded.get("sha256") == stored
        return values_sha256(values) == self.record.get("data_sha256")
