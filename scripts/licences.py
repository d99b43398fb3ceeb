"""Print the licences of all that an installation of the package needs, one row a distribution.

    python scripts/licences.py > licences.tsv

To be run where the package is installed: what is asked are the installed distributions, those that
the dependencies need included. Extras are listed where `--extra NAME` names them.
"""

import argparse
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PACKAGE = "napari-compressed-transcriptomics"
UNKNOWN = "not told"


def needed(package: str, extras: set[str]) -> list[Distribution]:
    """Return a package's distribution and all that it needs here, in order of names."""
    found: dict[str, Distribution] = {}
    to_visit = [(package, frozenset(extras))]
    visited = set()
    while to_visit:
        name, wanted = to_visit.pop()
        if (name, wanted) in visited:
            continue
        visited.add((name, wanted))
        try:
            found[canonicalize_name(name)] = here = distribution(name)
        except PackageNotFoundError:
            if not found:
                raise SystemExit(f"{package} is not installed; install it first") from None
            continue  # of a marker that a lower bound hides, or left out on purpose
        for requirement in map(Requirement, here.requires or ()):
            if _applies(requirement, wanted):
                to_visit.append((requirement.name, frozenset(requirement.extras)))
    return [found[name] for name in sorted(found)]


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (*extras, ""))


def licence(package: Distribution) -> str:
    """Return an SPDX expression where the distribution has one, else the best that it tells."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    told = [
        classifier.rpartition(" :: ")[2]
        for classifier in metadata.get_all("Classifier") or ()
        if classifier.startswith("License :: ") and not classifier.endswith("OSI Approved")
    ]
    text = (metadata.get("License") or "").strip()
    lines = text.splitlines()
    if told:
        return "; ".join(told)
    return lines[0] if lines and len(lines[0]) <= 100 else UNKNOWN


def rows(packages: list[Distribution]) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, version, licence and home page of each distribution."""
    for package in packages:
        yield package.name, package.version, licence(package), _home(package)


def _home(package: Distribution) -> str:
    urls = dict(url.partition(", ")[::2] for url in package.metadata.get_all("Project-URL") or ())
    wanted = ("homepage", "home", "repository", "source", "source code")
    named = {label.lower(): url for label, url in urls.items()}
    found = (named[label] for label in wanted if label in named)
    return package.metadata.get("Home-page") or next(found, "")


def main() -> None:
    """Print the table; what tells no licence is named on standard error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extra", action="append", default=[], metavar="NAME")
    parser.add_argument("--package", default=PACKAGE)
    given = parser.parse_args()
    table = list(rows(needed(given.package, set(given.extra))))
    for row in [("package", "version", "licence", "home page"), *table]:
        print("\t".join(row))
    if unknown := [name for name, _, words, _ in table if words == UNKNOWN]:
        print(f"no licence is told by {', '.join(unknown)}", file=sys.stderr)


if __name__ == "__main__":
    main()
