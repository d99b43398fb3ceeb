"""Maps of the brain to one value for each sample: volumes by place, tables by region name."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.target import Features, Target
from napari_compressed_transcriptomics.io.files.files import (
    NIFTI,
    TEXT_TABLE,
    source_of,
    stem,
    suffix,
)
from napari_compressed_transcriptomics.io.files.text import DelimitedText, integer, value_of
from napari_compressed_transcriptomics.spatial.statistics import moran_weights, morans_i

from .atlas_matching import other_numbering
from .map_sampling import sample_means
from .region_names import match_names
from .row_names import RowNames, read_row_names
from .surfaces.names import MAPS
from .surfaces.targets import sides_of_maps, surface_target
from .table_header import counts_rows, shown
from .table_rows import says_ids
from .text_table import read_text_table
from .volume import Volume, read_volume

TARGET_FILES = NIFTI + TEXT_TABLE + MAPS
"""Endings of the files that can hold targets."""
_MIN_ROWS = 0.5


def read_targets(
    maps: Iterable[str | Path | Volume],
    expression: Expression,
    regions: str | Path | None = None,
    report: Report = silent,
) -> tuple[Target, ...]:
    """Read maps and bring them to the samples of an expression.

    Parameters
    ----------
    maps : iterable of str, Path or Volume
        3-D NIfTI in the space of the expression, or tables (CSV, TSV) of one row per region and
        one column per map; or GIFTI and MGH of a cortical surface, whose hemispheres are one map,
        see `surfaces.targets`. Maps that are open already come as volumes.
    expression : Expression
        Names and places of the samples.
    regions : str or Path, optional
        List of region names (see `row_names.read_row_names`) for the tables that have none, in
        the order of their rows. Without it such tables are refused: their order is not known.
    report : callable, optional
        Called with a `Progress` for each map; what it raises ends the work.

    Raises
    ------
    UserError
        A file is faulty, or does not belong to these samples.
    """
    every = [one if isinstance(one, Volume) else Path(one) for one in maps]
    rows = None if regions is None else read_row_names(regions)
    of_surface = [one for one in every if isinstance(one, Path) and suffix(one, MAPS)]
    by_first = {next(iter(files.values())): files for files in sides_of_maps(of_surface)}
    targets: list[Target] = []
    for done, one in enumerate(every):
        report(Progress(f"Reading {one.name}", done, len(every)))
        if isinstance(one, Volume):
            targets.append(_of_volume(one, one.name, expression))
        elif suffix(one, NIFTI):
            targets.append(_of_volume(read_volume(one), one.name, expression))
        elif suffix(one, MAPS):
            if one in by_first:
                targets.append(surface_target(by_first[one], expression))
        elif suffix(one, TEXT_TABLE):
            targets += _of_table(one, expression, rows)
        else:
            known = ", ".join(TARGET_FILES)
            raise UserError(f"{one.name} cannot be read as a target; choose one of {known}")
    twice = {t.name for t in targets if sum(t.name == other.name for other in targets) > 1}
    return tuple(_renamed(target) if target.name in twice else target for target in targets)


def notes_on(targets: Iterable[Target]) -> list[str]:
    """Return the notes of all targets, those that differ by the file's name only as one."""
    files: dict[tuple[str, ...], list[str]] = {}
    for target in targets:
        name = Path(target.source.get("target", {}).get("path", target.name)).name
        for note in target.notes:
            names = files.setdefault(tuple(note.split(name)), [])
            names += [name] if name not in names else []
    return [listing(names, 2).join(around) for around, names in files.items()]


def read_latent_images(
    paths: Iterable[str | Path], expression: Expression, name: str = "images"
) -> Features:
    """Read latent images, one per component (or our own ``latents.nii.gz``), as one set.

    Raises
    ------
    UserError
        As `read_targets`.
    """
    columns, notes, source = [], [], {}
    for path in map(Path, paths):
        volume = read_volume(path)
        components = np.moveaxis(volume.data, -1, 0) if volume.data.ndim == 4 else [volume.data]
        for component in components:
            image = Volume(
                component, volume.affine, "image", volume.name, background=volume.background
            )
            values, said = _sampled(image, path.name, expression)
            columns.append(values)
            notes += said
        source[path.name] = source_of(path)
    if not columns:
        raise UserError("There is no latent image; choose at least one")
    return Features(name, np.stack(columns, axis=1), tuple(dict.fromkeys(notes)), source)


def _renamed(target: Target) -> Target:
    if "target" not in target.source:
        return replace(target, name=f"{target.name} (layer)")
    path = Path(target.source["target"]["path"])
    return replace(target, name=f"{path.parent.name} {stem(path)} {target.name}")


def _of_volume(volume: Volume, called: str, expression: Expression) -> Target:
    if volume.kind != "image":
        raise UserError(
            f"{called} holds {volume.kind} where a map of one number per voxel is needed; choose "
            "another target"
        )
    values, notes = _sampled(volume, called, expression)
    file = volume.source.get("volume")
    source = {"target": file} if file else {}
    return Target(volume.name, values, (*volume.notes, *notes), source)


def _sampled(volume: Volume, called: str, expression: Expression) -> tuple[np.ndarray, list[str]]:
    values = sample_means(volume, expression.parcellation)
    there = np.isfinite(values)
    if not there.any():
        raise UserError(
            f"{called} and {expression.name} do not overlap in space; check that both are in "
            "one space (MNI) and their affines are right"
        )
    if there.all():
        return values, []
    lost = [name for name, has in zip(expression.samples, there, strict=True) if not has]
    return values, [f"{called} does not cover {len(lost)} sample(s) ({listing(lost)})"]


def _of_table(path: Path, expression: Expression, rows: RowNames | None) -> list[Target]:
    maps, values, names, notes = _cells(path, expression)
    named_here = names is not None
    if names is None:
        if rows is None:
            raise UserError(
                f"{path.name} has {len(values)} rows without region names, and rows are matched by "
                "name only (real tables often begin with the right hemisphere); give the list of "
                "regions that they are in order of"
            )
        names = rows.of(len(values), path)
        notes.append(f"Rows of {path.name} are taken in the order of {rows.path.name}")
    matched, said = _by_name(path, names, values, expression)
    notes += said
    targets = []
    for name, column in zip(maps, matched.T, strict=True):
        doubt = [] if named_here else _doubt(path, rows, column, expression)
        source = {"target": source_of(path)}
        if not named_here and rows is not None:
            source["regions"] = source_of(rows.path)
        targets.append(Target(name, column, (*notes, *doubt), source))
    return targets


def _cells(
    path: Path, expression: Expression
) -> tuple[list[str], np.ndarray, tuple[str, ...] | None, list[str]]:
    """Return names of maps, values (n_rows, n_maps), names of rows where there are any, notes."""
    text = DelimitedText(path)
    lines = text.all_rows()
    headed = any(value_of(cell) is None for cell in text.header)
    body = lines[1:] if headed else lines
    if not body:
        raise UserError(f"{path.name} has a header and no rows; choose a table with a map in it")
    values = [value_of(cell) for _, cells in body for cell in cells]
    if None not in values and not _has_ids(text.header, body):
        for line, cells in lines:
            if len(cells) != len(text.header):
                raise UserError(
                    f"{path.name} has {len(cells)} cells in line {line} and {len(text.header)} in "
                    f"line {text.header_line}; fix it"
                )
        matrix = np.array(values, float).reshape(len(body), -1)
        maps, notes = text.header, []
        if headed and len(maps) > 1 and counts_rows(maps[0], matrix[:, 0]):
            notes.append(
                f"The {shown(maps[0])} of {path.name} only counts its rows, and is not a map"
            )
            maps, matrix = maps[1:], matrix[:, 1:]
        if len(matrix) == 1:  # one map in one line
            matrix = matrix.T
        if (empty := np.isnan(matrix).all(axis=0)).any():
            raise UserError(
                f"{path.name} has no value in its column {np.argmax(empty) + 1}; remove it"
            )
        if matrix.shape[1] == 1:
            maps = [stem(path)]
        elif not headed:
            maps = [f"{stem(path)} {i + 1}" for i in range(matrix.shape[1])]
        return maps, matrix, None, notes
    table = read_text_table(path)
    named = table.rows()
    if named.names is None and 0 in (named.ids or ()):
        raise UserError(
            f"{path.name} has a row with the id 0, which is an atlas's background: its rows seem "
            "to be counted rather than named; give each row its region name"
        )
    if named.names is None:
        ids = (integer(sample) for sample in expression.samples)
        named.refuse_doubtful_ids({i for i in ids if i is not None})
    names = named.names or tuple(str(i) for i in named.ids or ())
    maps = [stem(path)] if len(table.genes) == 1 else table.genes
    return maps, table.values.astype(float), names, []


def _has_ids(header: list[str], body: list[tuple[int, list[str]]]) -> bool:
    """Tell a first column of atlas ids: it says so, holds whole numbers, and does not count."""
    ids = [integer(cells[0]) for _, cells in body]
    if len(header) < 2 or None in ids:
        return False
    index = header[0].lower() == "index" and not counts_rows("index", np.array(ids, float))
    return says_ids(header[0]) or index


def _by_name(
    path: Path, names: Sequence[str], values: np.ndarray, expression: Expression
) -> tuple[np.ndarray, list[str]]:
    """Return the values of the expression's samples, NaN where they have no row, and notes."""
    known = dict(enumerate(expression.samples))
    row_of = match_names(names, known, path)
    matched = set(row_of.values())
    unmatched = [row for row in range(len(names)) if row not in matched]
    without_row = [sample for sample in known if sample not in row_of]
    strangers = [names[row] for row in unmatched]
    # Regions that the expression had no data for are no strangers.
    excluded = match_names(strangers, dict(enumerate(expression.excluded)), path)
    unknown = [row for i, row in enumerate(unmatched) if i not in set(excluded.values())]
    too_few = len(matched) + len(excluded) < max(1, _MIN_ROWS * len(names))
    if too_few or other_numbering(list(names), unknown, without_row, known):
        raise UserError(
            f"{path.name} does not fit {expression.name}: {len(matched)} of {len(names)} rows have "
            f"a sample (without: {listing(strangers, 3) or 'none'}) and {len(row_of)} of "
            f"{len(known)} samples have a row (without: "
            f"{listing((known[s] for s in without_row), 3) or 'none'}); use maps of the same "
            "parcellation"
        )
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise UserError(f"{path.name} has an infinite value for {names[row]}, map {column + 1}")
    found = np.full((len(known), values.shape[1]), np.nan)
    for sample, row in row_of.items():
        found[sample] = values[row]
    notes = []
    if unmatched:
        notes.append(
            f"{len(unmatched)} row(s) of {path.name} have no sample in {expression.name} "
            f"({listing(strangers)}) and are left out"
        )
    if without_row:
        notes.append(
            f"{len(without_row)} sample(s) have no row in {path.name} "
            f"({listing(known[s] for s in without_row)})"
        )
    return found, notes


def _doubt(
    path: Path, rows: RowNames | None, values: np.ndarray, expression: Expression
) -> list[str]:
    """Say so where neighbours are no more alike than shuffled: real maps are smooth.

    A wrong order that keeps lobes together goes unnoticed: of five real maps two are caught.
    """
    there = np.isfinite(values)
    if rows is None or there.sum() < 20 or np.ptp(values[there]) == 0:
        return []
    some = np.flatnonzero(there)[:2000]
    weights = moran_weights(expression.parcellation.positions[some])
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(np.tile(values[some], (199, 1)), axis=1).T
    at_random = np.quantile(np.asarray(morans_i(shuffled, weights)), 0.95)
    if float(morans_i(values[some], weights)) > at_random:
        return []
    return [
        f"With the names of {rows.path.name}, neighbours in {path.name} are no more alike than at "
        "random; check that its rows are in that order"
    ]
