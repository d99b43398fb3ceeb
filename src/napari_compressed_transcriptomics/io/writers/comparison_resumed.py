"""What a folder holds of a comparison that is resumed: scores that count, and those dropped."""

import csv
import math
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.codecs.registry import METHODS, method_name
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.belonging import KEY, UNKNOWN, grown, unlike
from napari_compressed_transcriptomics.io.files.files import read_json
from napari_compressed_transcriptomics.spatial.cross_validation import SPLITS
from napari_compressed_transcriptomics.study.compare_request import Fit
from napari_compressed_transcriptomics.study.compare_score import COLUMNS, Score

COMPARISON_FILES = ("comparison.csv", "comparison.json", "comparison.png")
_MAX_COMPONENTS = 10**6
_AGAIN = "remove both or choose another folder"


def read_scores(directory: str | Path) -> list[Score]:
    """Return the scores that a comparison's folder holds, but for methods that have changed.

    Raises
    ------
    UserError
        If the folder is damaged.
    """
    directory = Path(directory)
    return list(earlier_scores(directory, earlier_record(directory, {}))[0].values())


def earlier_record(directory: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Return the record that is there, empty if none is; refuse that of something else."""
    table, path = (directory / name for name in COMPARISON_FILES[:2])
    if not path.exists():
        if table.exists():
            raise UserError(
                f"{table} has no {path.name} that says what it belongs to; choose another folder"
            )
        return {}
    record = read_json(path)
    if "buffer_mm" not in record:
        raise UserError(
            f"{directory} holds a comparison of an older version, whose blocks had no buffer; "
            "choose another folder"
        )
    words = {"seed": "seed", "n_folds": "number of folds", "buffer_mm": "buffer"}
    for name, value in about.items():
        if record.get(name) != value:
            what = words.get(name, "data")
            raise UserError(
                f"{directory} holds a comparison with another {what}; choose another folder"
                if what != "data"
                else f"{directory} holds a comparison of other data; choose another folder"
            )
    if not isinstance(record.get("methods", {}), dict) or not isinstance(
        record.get("versions", []), list
    ):
        raise UserError(f"{path} is damaged (methods, versions); {_AGAIN}")
    return record


def earlier_scores(directory: Path, record: dict[str, Any]) -> tuple[dict[Fit, Score], list[str]]:
    """Return the scores there are, but for methods that are not fitted so any more."""
    path, beside = (directory / name for name in COMPARISON_FILES[:2])
    if not record or (not path.exists() and KEY not in record):
        return {}, []
    if not path.is_file():
        raise UserError(f"{path} is missing, which belongs to {beside.name}; {_AGAIN}")
    if not grown(beside, record, path.name):
        raise unlike(path, beside, _AGAIN)
    known: dict[Fit, Score] = {}
    changed: dict[str, int] = {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                score = _score([row[name] for name in COLUMNS])
                made_with = record.get("methods", {}).get(row["method"])
                if score.method in METHODS and made_with == settings_of(score.method):
                    known[score.fit] = score
                else:
                    changed[score.method] = changed.get(score.method, 0) + 1
    except (LookupError, TypeError, ValueError, OverflowError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error}); {_AGAIN}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); {_AGAIN}") from None
    dropped = [
        f"{n} scores of {method} are of another version or settings and are dropped"
        for method, n in changed.items()
    ]
    return known, dropped if KEY in record else [f"{UNKNOWN} ({directory})", *dropped]


def settings_of(method: str) -> dict[str, Any]:
    """Return how a method is fitted: scores of other settings do not count any more."""
    fitted = METHODS[method]
    return {
        "codec": fitted.codec,
        "settings": dict(fitted.settings),
        "package_version": __version__,
    }


def _score(cells: list[str]) -> Score:
    """Return the score that a row holds; a `ValueError` where none could be like it."""
    method, size, split, fold, *numbers, chosen = cells
    rmse, r2, seconds, n_train, buffer, nearest, middle = map(float, numbers)
    fit = Fit(method_name(method), int(size), split, int(fold))
    score = Score(*fit, rmse, r2, seconds, int(n_train), buffer, nearest, middle, chosen)
    if (
        split not in SPLITS
        or not 1 <= score.latent_size <= _MAX_COMPONENTS
        or score.fold < 1
        or not (math.isfinite(score.rmse) and score.rmse >= 0)
    ):
        raise ValueError(f"a row {','.join(cells)[:60]}")
    return score
