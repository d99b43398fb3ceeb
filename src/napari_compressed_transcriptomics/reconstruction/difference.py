"""Two results on the same data: where, and for which genes, which of them errs less."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.codecs.training_record import fitted_to
from napari_compressed_transcriptomics.core.errors import UserError, printable
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.regions import Regions

from .values_elsewhere import NO_ERROR, at_hand, known_sha256

if TYPE_CHECKING:
    from .reconstruction import Reconstruction
    from .results import Results

_ROWS_COMPARED = 5


@dataclass(frozen=True, eq=False)
class TwoResults:
    """Errors of two results, A and B, on the same samples and genes.

    All RMSE are in the units of the data; all differences are B less A: below 0 B is better.
    """

    titles: tuple[str, str]
    """What A and B are."""
    rmse: tuple[float, float]
    """Over all samples and genes."""
    rmse_samples: np.ndarray
    """Over the genes of each sample. Of float64, shape (2, n_samples)."""
    genes: tuple[str, ...]
    """In the order of A."""
    rmse_genes: np.ndarray
    """Over the samples of each gene. Of float64, shape (2, n_genes)."""
    in_sample: tuple[bool, bool] = (False, False)
    """Whether each was fitted to these very values."""
    held_out: tuple[float | None, float | None] = (None, None)
    """Held-out RMSE, where it was measured."""

    @property
    def difference(self) -> np.ndarray:
        """RMSE of B less that of A of each sample, shape (n_samples,)."""
        return self.rmse_samples[1] - self.rmse_samples[0]

    @property
    def layer_name(self) -> str:
        """What the difference is called on a map in blue (below 0) and red."""
        a, b = self.titles
        if a == b:
            a, b = "A", "B"
        error = "in-sample RMSE" if any(self.in_sample) else "RMSE"
        return f"blue: {b} better than {a} ({error})"  # short: cells of the grid are narrow

    @property
    def better(self) -> tuple[float, float]:
        """Part of the samples in which A, and in which B, has the lower RMSE, 0..1."""
        return float((self.difference > 0).mean()), float((self.difference < 0).mean())

    @property
    def lines(self) -> tuple[str, ...]:
        """How well each does, in a line of text each, and what to know of these errors."""
        lines = tuple(
            f"{letter} {title}: RMSE {rmse:.4f}, lower in {part:.0%} of the samples"
            for letter, title, rmse, part in zip(
                "AB", self.titles, self.rmse, self.better, strict=True
            )
        )
        return (*lines, self.caution) if self.caution else lines

    @property
    def caution(self) -> str:
        """What must be known of errors on the data that a codec was fitted to, or nothing."""
        if not any(self.in_sample):
            return ""
        whose = (
            "Both errors are"
            if all(self.in_sample)
            else f"The error of {'BA'[self.in_sample[0]]} is"
        )
        of_fitted = f"{whose} on the data fitted to, which flatters flexible methods"
        a, b = self.held_out
        if a is None or b is None:
            return f"{of_fitted}: Compare methods measures both on samples held out."
        return f"{of_fitted}; on samples held out they are {a:.4f} (A) and {b:.4f} (B)."

    @property
    def gene_table(self) -> dict[str, np.ndarray]:
        """RMSE of each gene in A and in B, and their difference, each of shape (n_genes,)."""
        return table_of(*self.rmse_genes)

    def region_table(self, regions: Regions) -> dict[str, np.ndarray]:
        """Return RMSE in A and in B, their difference, and samples, each of shape (n_regions,)."""
        a, b = (regions.root_mean_square(of_result) for of_result in self.rmse_samples)
        return {**table_of(a, b), "n_samples": regions.counts}


def compare_results(a: "Reconstruction", b: "Reconstruction") -> TwoResults:
    """Set two results side by side.

    Raises
    ------
    UserError
        They are the same one, or their errors are not of the same values.
    """
    if a is b:
        raise UserError("A and B are the same result; choose another one to compare it with")
    one, other = a.expression, b.expression
    if not (a.has_errors and b.has_errors):
        raise UserError(NO_ERROR)
    order = _same_genes(one.genes, other.genes, one.filled, other.filled)
    if one.parcellation is not other.parcellation or not _same_values(one, other, order):
        raise UserError(
            f"A is of {one.name} and B of other data ({other.name}); "
            "compress the same data twice to compare the errors"
        )
    return TwoResults(
        _titles(*((result.codec.id, result.codec.latent_size) for result in (a, b))),
        (a.rmse, b.rmse),
        np.stack([a.rmse_samples, b.rmse_samples]),
        one.genes,
        np.stack([a.rmse_genes, b.rmse_genes[order]]),
        (a.in_sample, b.in_sample),
        (_held_out(a.held_out), _held_out(b.held_out)),
    )


def _same_values(one: Expression, other: Expression, order: np.ndarray) -> bool:
    """Tell whether two hold the same values, from some of them or else from their hashes."""
    if at_hand(one) and at_hand(other):
        rows = np.linspace(0, one.n_samples - 1, _ROWS_COMPARED).astype(int)
        return np.array_equal(
            np.asarray(one.values[rows]), np.asarray(other.values[rows])[:, order]
        )
    return known_sha256(one) is not None and known_sha256(one) == known_sha256(other)


def _held_out(measured: Any) -> float | None:
    """Return the held-out RMSE, of a result or its record."""
    found = measured.get("rmse") if isinstance(measured, dict) else getattr(measured, "rmse", None)
    return None if found is None else float(found)


def compare_saved(a: "Results", b: "Results") -> TwoResults:
    """Set two results from folders side by side; see `compare_results`."""
    one, other = a.record, b.record
    order = _same_genes(a.genes, b.genes, one.get("filled"), other.get("filled"))
    key = "data_sha256" if a.genes == b.genes else "source"  # values in another order differ
    if a.samples is None or b.samples is None:
        raise UserError("a result has no sample_error.csv; save it again with this version")
    if _told(one, key) != _told(other, key) or a.samples.names != b.samples.names:
        raise UserError(
            f"A is of {one.get('data')} and B of other data ({other.get('data')}); "
            "compress the same data twice to compare the errors"
        )
    return TwoResults(
        _titles(
            *(
                (printable(str(record.get("codec"))), record["latent_size"])
                for record in (one, other)
            )
        ),
        (_rmse(one), _rmse(other)),
        np.stack([a.samples.rmse, b.samples.rmse]),
        a.genes,
        np.stack([a.rmse_genes, b.rmse_genes[order]]),
        (_in_sample(one), _in_sample(other)),
        (_held_out(one.get("held_out")), _held_out(other.get("held_out"))),
    )


def _in_sample(record: dict[str, Any]) -> bool:
    return fitted_to(record.get("training"), record.get("data_sha256"))


def _told(record: dict[str, Any], key: str) -> Any:
    """Return what tells the data of a result: of its source the hashes, paths are of one folder."""
    recorded = record.get(key)
    if not isinstance(recorded, dict):
        return recorded
    return {
        role: part.get("sha256", part) if isinstance(part, dict) else part
        for role, part in recorded.items()
    }


def _rmse(record: dict[str, Any]) -> float:
    value = record.get("rmse")
    return float("nan") if value is None else float(value)


def _same_genes(one: tuple[str, ...], other: tuple[str, ...], *filled: Any) -> np.ndarray:
    """Return where the genes of one are in the other."""
    column = {gene: i for i, gene in enumerate(other)}
    filled_one, filled_other = ({str(gene) for gene in genes or ()} for genes in filled)
    differ = set(one) ^ set(other) | filled_one ^ filled_other
    if differ:
        raise UserError(
            f"A and B differ in {len(differ)} genes ({min(differ)}, for one), and errors over "
            "different genes do not compare; use models of the same genes"
        )
    return np.array([column[gene] for gene in one])


def _titles(*results: tuple[str, int]) -> tuple[str, str]:
    a, b = (f"{short_title(codec)} k={size}" for codec, size in results)
    return a, b


def table_of(a: np.ndarray, b: np.ndarray) -> dict[str, np.ndarray]:
    """Return RMSE of A, of B, and B less A, by the names of their columns."""
    return {"rmse_a": a, "rmse_b": b, "difference": b - a}
