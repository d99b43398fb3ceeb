"""What a comparison would come to, told before it is run."""

from collections.abc import Container
from dataclasses import dataclass, field, replace

from napari_compressed_transcriptomics.codecs.registry import (
    METHODS,
    learns_from_less,
    method_names,
)
from napari_compressed_transcriptomics.core.errors import UserError

from .compare_request import CompareRequest, Fit, Plan, plan
from .compare_workers import jobs, slow_methods


@dataclass(frozen=True)
class Outlook:
    """What is to be said before a comparison."""

    problem: str = ""
    """Why it cannot be run, one sentence; else empty."""
    impossible: dict[str, str] = field(default_factory=dict)
    """Method to why it cannot take part at all, with any of the latent sizes."""
    notes: tuple[str, ...] = ()
    """On the buffer of blocks, and what of the methods asked for is left out and why, one sentence
    each."""
    cost: str = ""
    """How many fits there are, in how many processes, with how much memory; and which methods are
    slow."""


def outlook(request: CompareRequest, known: Container[Fit] = ()) -> Outlook:
    """Return what a request would come to.

    It takes about a second for 30,000 samples, as folds are drawn.

    Parameters
    ----------
    request : CompareRequest
        Its methods may be ones that cannot take part.
    known : container of Fit
        What need not be fitted again.
    """
    try:
        every = plan(replace(request, methods=tuple(METHODS)))  # to tell of all which can take part
    except UserError as error:
        return Outlook(f"{error}.")
    impossible = _impossible(every)
    wanted = method_names(request.methods)
    left = [one for one in every.left_out if one.method in wanted]
    notes = tuple(
        f"{n}."
        for n in (*every.facts, *(one.reason_for(METHODS[one.method].title) for one in left))
    )
    fits = [fit for fit in every.fits if fit.method in wanted]
    if not fits:
        none = "None of the methods chosen can take part." if wanted else "Choose a method."
        return Outlook(none, impossible, notes)
    if less := learns_from_less([m for m in wanted if m not in impossible], every.n_train):
        notes = (*notes, f"{less[0].upper()}{less[1:]}.")
    todo = sum(fit not in known for fit in fits)
    if not todo:
        return Outlook("", impossible, notes, "All of this is measured already.")
    sentences = [jobs(request, todo)[1], slow_methods(request)]
    return Outlook("", impossible, notes, " ".join(f"{s}." for s in sentences if s))


def _impossible(planned: Plan) -> dict[str, str]:
    possible = {fit.method for fit in planned.fits}
    reasons: dict[str, list[str]] = {}
    for left in planned.left_out:
        if left.method not in possible:
            reasons.setdefault(left.method, []).append(f"{left.problem}.")
    return {method: "\n".join(problems) for method, problems in reasons.items()}
