"""Play on each sample, each in a process of its own, and print what was found as a table.

Run on a virtual screen: ``scripts/with-display .venv/bin/python -m tests.monkey --seconds 120``.
"""

import argparse
import faulthandler
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import astuple
from pathlib import Path

import napari_compressed_transcriptomics as package

LONGEST_STOP = 2.0
"""Seconds that the window may stand still, on a machine that does nothing else."""
MAX_GROWTH = 10.0
"""MB that memory may grow with 100 actions in the second half; see `monkey.growth`."""
SAMPLES = ("synthetic_brain", "synthetic_regions", "ahba_dk82", "ahba_schaefer100")
OURS = str(Path(package.__file__).parent)
_STUCK = 300


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.monkey", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="on each sample")
    parser.add_argument("--actions", type=int, help="instead of seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", choices=SAMPLES, action="append", help="default: all")
    parser.add_argument("--verbose", action="store_true", help="tell each action")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        play(arguments)
        return 0
    print("| sample | actions | longest stop (s, of work) | MB, first to last | MB/100 actions | "
          "expected | faults |\n|---|---|---|---|---|---|---|")  # fmt: skip
    faults, others = [], []
    for sample in arguments.sample or SAMPLES:
        found = in_a_process(sample, arguments)
        if found is not None:
            faults += [f"{sample}: {fault}" for fault in found["faults"]]
            others += [f"{sample}: {fault}" for fault in found["foreign"]]
            print(row(sample, found), flush=True)
    for fault in dict.fromkeys(faults):
        print(f"\n### Fault\n{fault}")
    if arguments.verbose:
        for other in dict.fromkeys(others):
            print(f"\n### Expected, or of others\n{other}")
    return 1 if faults else 0


def row(sample, found):
    work, seconds, doing, _ = found["stops"][0] if found["stops"] else (0, 0, "", "")
    first, last = (found["memory"][i][1] if found["memory"] else float("nan") for i in (0, -1))
    return (
        f"| {sample} | {found['count']} | {seconds:.2f}, {work:.2f}, {doing} | "
        f"{first:.0f} to {last:.0f} | {found['growth']:.2f} | {len(found['foreign'])} | "
        f"{len(found['faults'])} |"
    )


def in_a_process(sample, arguments):
    """Play on a sample; return what was found, None where its data are absent."""
    with tempfile.TemporaryDirectory(prefix="monkey-") as folder:
        out = Path(folder) / "found.json"
        limit = ["--seconds", str(arguments.seconds)]
        if arguments.actions:
            limit = ["--actions", str(arguments.actions)]
        command = [
            sys.executable, "-m", "tests.monkey", "--one", str(out), "--sample", sample,
            "--seed", str(arguments.seed), *limit, *["--verbose"] * arguments.verbose,
        ]  # fmt: skip
        errors = Path(folder) / "errors"
        with errors.open("w") as stream:
            code = subprocess.run(command, stderr=stream, check=False).returncode
        if code == 77:
            return None
        if not out.exists():
            last = (Path(folder) / "last").read_text().strip().splitlines()[-4:]
            found = {"faults": [], "foreign": [], "stops": [], "memory": [], "count": 0}
            found["growth"] = float("nan")
            told = errors.read_text(errors="replace")[-6000:]
            found["faults"].append(f"the window died with {code} after {last}\n{told}")
            return found
        return judged(json.loads(out.read_text()))


def judged(found):
    """Add to the faults what was measured and is too much."""
    for work, seconds, doing, where in found["stops"]:
        if work > LONGEST_STOP:
            words = f"the window stood still for {seconds:.1f} s ({work:.1f} s of work): {doing}"
            found["faults" if OURS in where else "foreign"].append(f"{words}\n{where}")
    if found["growth"] > MAX_GROWTH:
        measured = ", ".join(f"{count}: {size:.0f}" for count, size, _ in found["memory"])
        found["faults"].append(
            f"memory grows by {found['growth']:.1f} MB with 100 actions ({measured})"
        )
    return found


def play(arguments):
    """Play on one sample in this process, and write what was found."""
    folder = arguments.one.parent
    (folder / "home").mkdir()
    os.environ.update(
        NAPARI_CONFIG="",
        COMPRESSED_TRANSCRIPTOMICS_CACHE=f"{folder}/home/cache",
        COMPRESSED_TRANSCRIPTOMICS_MIRROR="http://127.0.0.1:9/",
        XDG_STATE_HOME=f"{folder}/home/state",
    )
    faulthandler.enable()
    last = (folder / "last").open("w", buffering=1)

    def tell(words):
        last.write(words + "\n")
        faulthandler.dump_traceback_later(_STUCK, exit=True)
        if arguments.verbose:
            print(words, flush=True)

    from napari.settings import get_settings

    from .monkey import Monkey, growth

    get_settings().application.console_notification_level = "none"
    monkey = Monkey(opener(arguments.sample[0]), arguments.seed, folder, tell)
    monkey.play(arguments.actions, None if arguments.actions else arguments.seconds)
    faulthandler.cancel_dump_traceback_later()
    found = {
        "faults": monkey.watch.faults,
        "foreign": monkey.watch.foreign,
        "stops": [astuple(stop) for stop in monkey.watch.stops],
        "memory": monkey.memory,
        "growth": growth(monkey.memory),
        "count": monkey.count,
    }
    arguments.one.write_text(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # what was measured counts, not how Python takes down Qt


def opener(sample):
    """Return a function that adds a sample to a viewer."""
    if sample.startswith("synthetic"):
        plugin = "napari-compressed-transcriptomics"
        return lambda viewer: viewer.open_sample(plugin, sample)
    folder = Path(__file__).parents[1]
    sys.path.insert(0, str(folder))
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from real_window import TABLES, expression_of  # skips where the data are absent

    if not all((data_folder() / part).exists() for part in TABLES[sample]):
        sys.exit(77)
    expression = expression_of(sample)
    return lambda viewer: add_expression(viewer, expression)


def data_folder():
    from data import FOLDER

    return FOLDER


if __name__ == "__main__":
    sys.exit(main())
