"""Run many cases, or one again.

python -m tests.fuzz 20000            a table of outcomes; exit code 1 where one is a fault
python -m tests.fuzz --kind csv --case 1234
"""

import argparse
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from .cases import Case, cases
from .kinds import KINDS
from .oracle import Outcome
from .seeds import make_seeds
from .workers import get_ready, outcomes

_ALLOWED = ("refused", "equal", "told", "unseen")


def main() -> int:
    """Run what the command line says; return the exit code."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("n", nargs="?", type=int, default=20_000, help="number of cases")
    parser.add_argument("--seed", type=int, default=0, help="for other cases (default 0)")
    parser.add_argument("--kind", action="append", choices=KINDS, default=[], help="only these")
    parser.add_argument("--case", type=int, help="one case of a kind again, in full")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--keep", type=Path, help="folder for the files of faults")
    parser.add_argument("--show", type=int, default=3, help="so many cases of each fault")
    asked = parser.parse_args()
    chosen = list(cases(asked.n, asked.seed, tuple(asked.kind)))
    if asked.case is not None:
        if not asked.kind:
            parser.error("--case needs --kind")
        chosen = [Case(kind, asked.case) for kind in asked.kind]
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        seeds = Path(folder) / "seeds"
        get_ready()
        make_seeds(seeds)
        done = outcomes(chosen, seeds, Path(folder) / "work", asked.jobs, asked.keep)
        if asked.case is not None:
            return _tell(done)
        return _report(done, asked.show)


def _tell(done: Iterable[tuple[Case, Outcome]]) -> int:
    faults = 0
    for case, outcome in done:
        faults += outcome.is_fault
        print(f"{case}\n{outcome.name} {outcome.where}\n{outcome.said}")
    return min(faults, 1)


def _report(done: Iterable[tuple[Case, Outcome]], most: int) -> int:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    faults: dict[str, list[tuple[Case, Outcome]]] = defaultdict(list)
    for case, outcome in done:
        counts[case.kind][outcome.name] += 1
        if outcome.is_fault:
            faults[f"{outcome.name} {outcome.where}".strip()].append((case, outcome))
    print(_table(counts))
    for name, found in sorted(faults.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(found)} x {name}")
        for case, outcome in found[:most]:
            said = outcome.said.strip().splitlines()
            print(f"  {case}\n    {said[0][:300]}")
            if len(said) > 1:
                print(f"    {said[-1][:300]}")
    return 1 if faults else 0


def _table(counts: dict[str, Counter[str]]) -> str:
    """Return outcomes by kind as a Markdown table."""
    found = {name for counter in counts.values() for name in counter}
    columns = [*_ALLOWED, *sorted(found - set(_ALLOWED))]
    counts["**all**"] = sum(counts.values(), Counter())
    rows = [
        [kind, f"{counter.total():,}", *(f"{counter[name]:,}" for name in columns)]
        for kind, counter in counts.items()
    ]
    head = ["kind", "cases", *columns]
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
