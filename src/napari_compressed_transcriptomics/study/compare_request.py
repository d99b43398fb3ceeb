"""What is asked of a comparison: which fits it takes, and what cannot take part."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from napari_compressed_transcriptomics.codecs.registry import (
    learns_from_less,
    method_class,
    method_names,
    method_problem,
    size_problem,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.imputation import imputed_note
from napari_compressed_transcriptomics.core.limits import MAX_PROCESSES, check_range, check_seed
from napari_compressed_transcriptomics.spatial.buffer import Buffer, buffer_of
from napari_compressed_transcriptomics.spatial.cross_validation import (
    SPLITS,
    Rows,
    Split,
    outer_folds,
)

WHY_BLOCKS = (
    "contiguous blocks are held out, each with its mirror image and a buffer: neighbours and twins "
    "in training would give the answer away"
)


class Fit(NamedTuple):
    """One fit of one method: to all folds of a split but one."""

    method: str
    """One of `methods.METHODS`."""
    latent_size: int
    split: str
    """One of "blocks", "random"."""
    fold: int
    """From 1."""

    def __str__(self) -> str:
        return f"{self.method}, k = {self.latent_size}, {self.split}, fold {self.fold}"


@dataclass(frozen=True, eq=False)
class CompareRequest:
    """Everything that decides the outcome of a comparison.

    Attributes
    ----------
    expression : Expression
        The data to compare on.
    methods : tuple of str
        Of `methods.METHODS`: the two recipes of training, PCA, NMF, kernel PCA, UMAP, t-SNE.
    latent_sizes : tuple of int
        Numbers of components.
    splits : tuple of {"blocks", "random"}
        How samples are held out.
    n_folds : int
        Each is held out once.
    buffer : float, optional
        Of blocks, in mm: training samples nearer than this to held-out ones are left out. By
        default what `buffer.buffer_of` finds in the data.
    seed : int
        Of folds and fits.
    device : str
        For methods that can choose.
    n_jobs : int, optional
        Processes; by default as many as cores and memory allow.
    scheduler : str, optional
        Address of a scheduler of Dask distributed, whose workers fit instead of processes here.
    """

    expression: Expression
    methods: tuple[str, ...] = ("residual", "autoencoder", "pca", "nmf", "kernel-pca")
    latent_sizes: tuple[int, ...] = (2, 4, 8, 16)
    splits: tuple[Split, ...] = ("blocks",)
    n_folds: int = 5
    buffer: float | None = None
    seed: int = 0
    device: str = "cpu"
    n_jobs: int | None = None
    scheduler: str | None = None

    def comparable_with(self, other: "CompareRequest") -> bool:
        """Whether scores of one hold for the other: same data (the very object) and folds."""
        mine, others = ((r.seed, r.n_folds, r.buffer) for r in (self, other))
        return self.expression is other.expression and mine == others

    def parameters(self) -> dict[str, Any]:
        """Return the settings, JSON-safe."""
        return {
            "methods": list(method_names(self.methods)),
            "latent_sizes": list(self.latent_sizes),
            "splits": list(self.splits),
            "n_folds": self.n_folds,
            "buffer": self.buffer,
            "seed": self.seed,
            "device": self.device,
        }


@dataclass(frozen=True, eq=False)
class Plan:
    """What a request comes to."""

    fits: tuple[Fit, ...]
    """Fold by fold, so that what is done when it is cancelled is a fair comparison."""
    folds: dict[str, list[Rows]]
    """Split to its folds: (training rows, held-out rows) each."""
    left_out: tuple["LeftOut", ...]
    """What cannot take part."""
    n_train: int
    """Samples of the smallest fold's training part."""
    facts: tuple[str, ...] = ()
    """What else is to be known of the data and the folds, one sentence each."""
    less: str = ""
    """Which methods learn from fewer samples, one sentence or nothing."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known before, and what cannot take part and why, one sentence each."""
        return tuple(filter(None, [*self.facts, *map(str, self.left_out), self.less]))


class LeftOut(NamedTuple):
    """A method that cannot take part with some latent sizes, and why; its str is a sentence."""

    method: str
    latent_sizes: tuple[int, ...]
    problem: str

    def __str__(self) -> str:
        return self.reason_for(self.method)

    def reason_for(self, name: str) -> str:
        """Return the sentence with another name of the method."""
        sizes = ", ".join(map(str, self.latent_sizes))
        return f"{name} is left out for k = {sizes}: {self.problem}"


def plan(request: CompareRequest) -> Plan:
    """Return the fits that a request takes, and why the others cannot be.

    Raises
    ------
    UserError
        If the request makes no sense, or nothing of it can be done.
    """
    expression = request.expression
    check_seed(request.seed)
    methods = method_names(request.methods)
    if not (methods and request.latent_sizes and request.splits):
        raise UserError("There is nothing to compare; choose methods, components and a split")
    for split in request.splits:
        if split not in SPLITS:
            raise UserError(f"There is no split {split!r}; choose {' or '.join(SPLITS)}")
    if not 2 <= request.n_folds <= expression.n_samples // 2:
        raise UserError(
            f"{request.n_folds} folds cannot be made of {expression.n_samples} samples; choose "
            f"from 2 to {expression.n_samples // 2}"
        )
    if min(request.latent_sizes) < 1:
        raise UserError(
            f"{min(request.latent_sizes)} components are not possible; choose at least 1"
        )
    if request.n_jobs is not None:
        check_range("processes", request.n_jobs, 1, MAX_PROCESSES)
    buffer = request_buffer(request)
    folds: dict[str, list[Rows]] = {
        split: _folds(request, split, buffer) for split in request.splits
    }
    n_train = min(len(train) for parts in folds.values() for train, _ in parts)
    about = [
        buffer.in_words(rows, expression.n_samples) for s, rows in folds.items() if s == "blocks"
    ]
    notes, done = [], []
    for method in methods:
        sizes = []
        for size in request.latent_sizes:
            if problem := _problem(method, size, expression, n_train):
                notes.append((method, size, problem))
            else:
                sizes.append(size)
        done += [(method, size) for size in sizes]
    if not done:
        raise UserError(f"Nothing can be compared: {notes[0][2]}")
    fits = [
        Fit(method, size, split, fold)
        for split in request.splits
        for fold in range(1, len(folds[split]) + 1)
        for size in dict.fromkeys(request.latent_sizes)
        for method in methods
        if (method, size) in done
    ]
    taking_part = [method for method in methods if method in dict(done)]
    facts = tuple(filter(None, [*about, imputed_note(expression)]))
    less = learns_from_less(taking_part, n_train)
    return Plan(tuple(fits), folds, tuple(_left_out(notes)), n_train, facts, less)


def request_buffer(request: CompareRequest) -> Buffer:
    """Return the buffer of a request's blocks, asked for or fit to the data."""
    return buffer_of(request.expression, request.n_folds, request.seed, request.buffer)


def _folds(request: CompareRequest, split: Split, buffer: Buffer) -> list[Rows]:
    positions = request.expression.parcellation.positions
    return outer_folds(positions, split, request.n_folds, request.seed, buffer.mm)


def _problem(method: str, size: int, expression: Expression, n_train: int) -> str:
    codec = method_class(method)
    if not_at_all := codec.unavailable() or codec.cannot_decode(size):
        return not_at_all
    if too_many := size_problem(method, size, n_train, expression.n_genes):
        return f"{too_many} (a fold trains on that many)" if "samples" in too_many else too_many
    return method_problem(method, expression)


def _left_out(notes: list[tuple[str, int, str]]) -> Iterator[LeftOut]:
    """Yield one per method and reason."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for method, size, problem in notes:
        sizes.setdefault((method, problem), []).append(size)
    for (method, problem), left in sizes.items():
        yield LeftOut(method, tuple(left), problem)
