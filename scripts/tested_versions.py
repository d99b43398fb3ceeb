"""Keep the page of tested versions: what was installed where tests ran, and how they ended.

    python scripts/tested_versions.py record --name lowest --out lowest.json -- python -m pytest
    python scripts/tested_versions.py page *.json > docs/reference/tested-versions.md

`record` runs what stands after ``--``, writes the versions that are installed beside how it ended,
and exits as it did. `.github/workflows/versions.yml` calls both.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

PACKAGE = "napari-compressed-transcriptomics"
QT = ("PyQt6", "PySide6", "PyQt5")
HEAD = """# Tested versions

What was installed where tests ran, and how they ended. The table is made by
`scripts/tested_versions.py`; `.github/workflows/versions.yml` makes it anew every week, with the
lowest versions that are allowed, with the newest, and with napari's next one before its release.
A dash: not installed, or not yet asked for by the package.
"""


def record(name: str, what: str, command: list[str]) -> dict:
    """Run a command, and return what was installed and how it ended."""
    code = subprocess.run(command).returncode
    return {
        "name": name,
        "what": what,
        "passed": code == 0,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "system": f"{platform.system()} ({platform.machine()})",
        "python": platform.python_version(),
        "versions": installed(),
    }


def installed() -> dict[str, str]:
    """Return the versions of the package, of what it asks for itself, and of the Qt binding."""
    asked = [Requirement(line) for line in requires(PACKAGE) or ()]
    names = [requirement.name for requirement in asked if requirement.marker is None]
    found = {}
    for name in (PACKAGE, *names, *QT):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def page(records: list[dict]) -> str:
    """Return the page: a row a library, a column a run; runs of what is known first."""
    runs = sorted(records, key=lambda run: run["name"])
    head = {
        "": [run["name"] for run in runs],
        "**tests**": [f"{'passed' if run['passed'] else 'FAILED'}: {run['what']}" for run in runs],
        "date": [run["date"] for run in runs],
        "system": [run["system"] for run in runs],
        "Python": [run["python"] for run in runs],
    }
    libraries = sorted({name for run in runs for name in run["versions"]}, key=str.lower)
    libraries.sort(key=lambda name: name != PACKAGE)
    body = {name: [run["versions"].get(name, "–") for run in runs] for name in libraries}
    lines = [f"| {' | '.join([name, *cells])} |" for name, cells in (head | body).items()]
    lines.insert(1, "| --- " * (len(runs) + 1) + "|")
    return "\n".join([HEAD, *lines, ""])


def main() -> None:
    """Record a run, or print the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("--name", required=True)
    recording.add_argument("--what", default="all", help="which tests, in a word or two")
    recording.add_argument("--out", type=Path, required=True)
    recording.add_argument("run", nargs="+", help="after --")
    paging = commands.add_parser("page")
    paging.add_argument("records", nargs="+", type=Path)
    given = parser.parse_args()
    if given.command == "page":
        print(page([json.loads(path.read_text()) for path in given.records]), end="")
        return
    run = record(given.name, given.what, given.run)
    given.out.write_text(json.dumps(run, indent=1) + "\n")
    sys.exit(0 if run["passed"] else 1)


if __name__ == "__main__":
    main()
