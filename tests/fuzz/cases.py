"""A case: a kind of file and a number, from which everything else follows."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from .brain import IDS, REGIONS
from .change import EVERYTHING, VALUES, Change
from .kinds import KINDS, Kind
from .mutate import change
from .mutate_pt import MARK
from .oracle import Outcome, judge, judge_sniffing
from .reading import Reading

_NAME_OF = dict(zip(map(str, IDS), REGIONS, strict=True))


class Case(NamedTuple):
    """One changed file."""

    kind: str
    number: int

    def __str__(self) -> str:
        return f"--kind {self.kind} --case {self.number}"


def cases(n: int, seed: int = 0, only: tuple[str, ...] = ()) -> Iterator[Case]:
    """Yield about `n` cases of all kinds (or some), each kind by its share; at least one of each.

    Fewer cases are the first of more. Another seed gives other ones.
    """
    kinds = {name: kind for name, kind in KINDS.items() if not only or name in only}
    total = sum(kind.share for kind in kinds.values())
    for name, kind in kinds.items():
        for i in range(max(1, round(n * kind.share / total))):
            yield Case(name, seed * 1_000_000 + i)


def run(case: Case, seeds: Path, work: Path) -> Outcome:
    """Change a file, read it and judge; the changed files stay in ``work / KIND``."""
    kind = KINDS[case.kind]
    valid = _valid(case.kind, seeds, work)
    folder = fresh(case.kind, seeds, work)
    path, done = changed(case, folder)
    outcome = judge(lambda: kind.read(folder), valid, done, kind.soft)
    if next(folder.rglob(MARK), None):
        return Outcome("wrong", said=f"{done.said} -> a pickle ran")
    sniffed = judge_sniffing(path)
    if sniffed is not None and not outcome.is_fault:
        outcome = replace(sniffed, said=f"{done.said} -> sniffing: {sniffed.said}")
    return replace(outcome, said=f"{path.name}: {outcome.said}")


def changed(case: Case, folder: Path) -> tuple[Path, Change]:
    """Change one file of a folder; return which, and how."""
    kind, rng = KINDS[case.kind], Random(f"{case.kind}-{case.number}")
    weights = [3, *[1] * (len(kind.files) - 1)]
    name = rng.choices(kind.files, weights)[0]
    done = change(folder / name, rng)
    return folder / name, _as_seen_by(kind, name, done)


def _as_seen_by(kind: Kind, name: str, done: Change) -> Change:
    """Return a change with what this kind of file cannot tell, too."""
    done = replace(done, among=done.among | {_NAME_OF[i] for i in done.among & set(_NAME_OF)})
    if name in kind.by_order and (done.reorders or done.among):
        return replace(done, unseen=EVERYTHING)
    if done.reorders:
        done = replace(done, must="equal")
    if kind.any_columns:
        done = replace(done, renames=True)
        if done.columns:
            done = replace(done, unseen=done.unseen | VALUES, most=10**9, among=frozenset())
    if kind.sealed and done.must == "equal":
        done = replace(done, must="")
    return done


@cache
def _valid(name: str, seeds: Path, work: Path) -> Reading:
    """Return what the valid files hold; reading them loads all that reading loads, once."""
    folder = fresh(name, seeds, work)
    for file in KINDS[name].files:
        judge_sniffing(folder / file)
    return KINDS[name].read(folder)


def fresh(name: str, seeds: Path, work: Path) -> Path:
    """Return a folder with a kind's valid files, copied anew."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(seeds / KINDS[name].seed, folder)
    return folder
