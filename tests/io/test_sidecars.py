"""Sidecars come with data, from anybody: they name only files beside them or below."""

import json
import os
import shutil
from pathlib import Path

import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, read_volume, sniff
from napari_compressed_transcriptomics.io.files import files
from napari_compressed_transcriptomics.io.files.files import existing_file, read_json

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
ATLAS, LABELS = "synthetic_regions_atlas.nii.gz", "synthetic_regions_labels.csv"


@pytest.fixture
def table(tmp_path):
    """A table in a folder of its own; its atlas and label table lie outside, and below."""
    folder = tmp_path / "data"
    (folder / "below").mkdir(parents=True)
    for name in (ATLAS, LABELS):
        shutil.copy(SAMPLES / name, tmp_path)
        shutil.copy(SAMPLES / name, folder / "below")
    return Path(shutil.copy(SAMPLES / "synthetic_regions.csv", folder / "t.csv"))


def named(table, **record):
    table.with_suffix(".json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "name",
    [
        f"../{ATLAS}",
        f"below/../../{ATLAS}",
        "..",
        "/dev/zero",
        "/proc/self/environ",
        "~/atlas.nii.gz",
        "~nobody/atlas.nii.gz",
        "http://127.0.0.1:9/x.nii.gz",
        "file:///atlas.nii.gz",
        "\\\\host\\share\\x.nii.gz",
        "//host/share/x.nii.gz",
        "C:\\x.nii.gz",
        "C:x.nii.gz",
        "a\0b",
        "\ud800",
    ],
)
@pytest.mark.parametrize("key", ["atlas", "labels"])
def test_files_elsewhere_are_refused(table, key, name):
    named(table, **{"atlas": f"below/{ATLAS}", "labels": f"below/{LABELS}", key: name})
    with pytest.raises(UserError, match=rf"t\.json names .* as its {key}, .*--atlas") as refusal:
        read_expression(table)
    assert "Open expression table" in str(refusal.value)
    if key == "atlas":  # the window's form asks
        assert sniff(table) == "table_without_atlas"
        outside = table.parent.parent
        assert read_expression(table, outside / ATLAS, outside / LABELS).n_samples == 60


def test_absolute_paths_are_refused_even_to_what_lies_below(table):
    named(table, atlas=str(table.parent / "below" / ATLAS))
    with pytest.raises(UserError, match="neither next to it nor below it"):
        read_expression(table)


def test_links_are_followed(table):
    inside, outside = table.parent / "inside.nii.gz", table.parent / "outside.nii.gz"
    try:
        inside.symlink_to(table.parent / "below" / ATLAS)
        outside.symlink_to(table.parent.parent / ATLAS)
        (table.parent / "loop").symlink_to("loop")
    except OSError:
        pytest.skip("no links here")
    labels = f"below/{LABELS}"
    named(table, atlas="inside.nii.gz", labels=labels)
    assert read_expression(table).n_samples == 60
    for name in ("outside.nii.gz", "loop/x.nii.gz"):
        named(table, atlas=name, labels=labels)
        with pytest.raises(UserError, match="neither next to it nor below it"):
            read_expression(table)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_pipes_are_not_opened(table):
    os.mkfifo(table.parent / "pipe.nii.gz")
    named(table, atlas="pipe.nii.gz")
    for read in (read_expression, lambda _: read_volume(table.parent / "pipe.nii.gz")):
        with pytest.raises(UserError, match="named pipe"):
            read(table)


def test_labels_of_an_image_stay_without_names(table):
    atlas = table.parent / "below" / ATLAS
    (table.parent / "below" / "synthetic_regions_labels.csv").unlink()
    atlas.with_name("synthetic_regions_atlas.json").write_text(
        json.dumps({"atlas": ATLAS, "labels": "/etc/passwd"})
    )
    volume = read_volume(atlas)
    assert volume.names == {}
    assert any("'/etc/passwd'" in note for note in volume.notes)


def test_sidecars_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_MAX_JSON", 1000)
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"a": "b" * 992}))
    assert path.stat().st_size == 1001
    with pytest.raises(UserError, match=r"x\.json is larger than 1,000 bytes"):
        read_json(path)
    path.write_text(json.dumps({"a": "b" * 991}))
    assert read_json(path)
    monkeypatch.undo()
    for text in ("[" * 100_000, '{"a": ' * 100_000, '{"a": 1' + "0" * 5000 + "}", "\xff"):
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(UserError, match="not readable as JSON"):
            read_json(path)


def test_names_that_are_no_paths():
    for name in ("a\0b.csv", "\ud800.csv"):
        with pytest.raises(UserError, match="not a valid file path"):
            existing_file(name)
