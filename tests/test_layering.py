"""What importing loads: data flows one way, and nothing slow is loaded before it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import napari_compressed_transcriptomics as package

SLOW = {
    "anndata", "magicgui", "matplotlib", "nibabel", "pandas", "PyQt5", "PyQt6", "PySide6",
    "qtpy", "safetensors", "scipy", "sklearn", "superqt", "torch", "vispy",
}  # fmt: skip
WINDOW = {"magicgui", "napari", "PyQt5", "PyQt6", "PySide6", "qtpy", "superqt", "vispy"}
FOLDER = Path(package.__file__).parent


def loaded_by(code: str) -> set[str]:
    """Top-level modules that `code` loads in a fresh interpreter."""
    code += "\nimport json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_in(folder: str) -> list[str]:
    return [
        f"{package.__name__}.{folder}.{path.stem}"
        for path in sorted((FOLDER / folder).glob("*.py"))
        if path.stem != "__init__"
    ]


@pytest.mark.parametrize("name", ["", ".cli", ".io", ".core"])
def test_importing_loads_nothing_slow(name):
    assert not loaded_by(f"import {package.__name__}{name}") & (SLOW | WINDOW)


def test_listing_the_commands_loads_nothing_slow():
    code = f"""
from {package.__name__}.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
    assert not loaded_by(code) & (SLOW | WINDOW)


def test_the_manifest_says_what_there_is_and_loads_none_of_it():
    read = f"""
import sys
from npe2 import PluginManifest
manifest = PluginManifest.from_file({str(FOLDER / "napari.yaml")!r})
commands = [command.id for command in manifest.contributions.commands]
assert commands
"""
    new = loaded_by(read) - loaded_by("import npe2")
    assert not new & (SLOW | WINDOW | {package.__name__})


def test_core_and_io_know_nothing_of_windows():
    names = modules_in("core") + modules_in("io")
    assert f"{package.__name__}.core.expression" in names
    assert not loaded_by("import " + ", ".join(names)) & WINDOW
