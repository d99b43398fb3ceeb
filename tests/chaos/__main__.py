"""Disturb every command in every way, again and again, and print what happened as a table."""

import argparse
import random
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from .cases import DISTURBANCES, Bench, random_case
from .commands import make_commands
from .process import Zygote


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("n", type=int, nargs="?", default=100, help="cases (100)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", action="append", metavar="NAME", help="only this one")
    parser.add_argument("--disturbance", action="append", choices=DISTURBANCES)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    outcomes, faults = defaultdict(Counter), defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="chaos-") as place, Zygote() as zygote:
        folder = Path(place)
        bench = Bench(zygote, folder)
        (folder / "given").mkdir()
        commands = make_commands(
            folder / "given", lambda given: zygote.run(given, folder, bench.temporary)
        )
        chosen = [c for c in commands if not arguments.command or c.name in arguments.command]
        pairs = [(c, d) for c in chosen for d in arguments.disturbance or DISTURBANCES]
        rng.shuffle(pairs)
        for number in range(arguments.n):
            command, disturbance = pairs[number % len(pairs)]
            chance = random.Random(f"{arguments.seed} {number}")
            outcome = random_case(bench, command, disturbance, chance)
            key = command.name, disturbance
            outcomes[key][outcome.words] += 1
            faults[key] += [f"case {number}: {fault}" for fault in outcome.faults]
            if sys.stderr.isatty():
                print(f"\r{number + 1}/{arguments.n}", end="", file=sys.stderr)
    print(table(outcomes, faults))
    for (command, disturbance), found in sorted(faults.items()):
        for fault in found:
            print(f"- {command}, {disturbance}: {fault}")
    return 1 if any(faults.values()) else 0


def table(outcomes, faults):
    """Return a Markdown table: a row per command and disturbance."""
    lines = [
        "| command | disturbance | runs | exit code, output | faults |",
        "|---|---|---|---|---|",
    ]
    for key in sorted(outcomes):
        told = "; ".join(f"{words} ({n})" for words, n in outcomes[key].most_common())
        runs = sum(outcomes[key].values())
        lines.append(f"| {key[0]} | {key[1]} | {runs} | {told} | {len(faults[key])} |")
    total = sum(sum(counts.values()) for counts in outcomes.values())
    lines.append(f"| all | | {total} | | {sum(map(len, faults.values()))} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
