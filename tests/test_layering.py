"""What importing loads: data flows one way, and nothing slow is loaded before it is needed."""

import ast
import graphlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import napari_compressed_transcriptomics as package

SLOW = {
    "anndata", "distributed", "imageio", "magicgui", "matplotlib", "nibabel", "nilearn", "pandas",
    "PyQt5", "PyQt6", "PySide6", "qtpy", "safetensors", "scipy", "sklearn", "superqt", "torch",
    "vispy",
}  # fmt: skip
WINDOW = {"magicgui", "napari", "PyQt5", "PyQt6", "PySide6", "qtpy", "superqt", "vispy"}
FOLDER = Path(package.__file__).parent


ORDER = (
    "core", "spatial", "io.files", "io.readers", "codecs", "reconstruction", "study", "figures",
    "repeat", "io.writers", "viewer", "widgets.shared", "widgets", "", "cli",
)  # fmt: skip
"""Folders, each of which imports only from those before it; "" are the commands of npe2."""
MAX_FILES, MAX_LINES = 26, 350


def module_name(path: Path) -> str:
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(FOLDER.rglob("*.py"))}


def imported(module: str) -> set[str]:
    """Our modules that a module imports anywhere: at its top, in functions, and for types."""
    path = MODULES[module]
    package_of = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        within = f".{package_of}".rstrip(".") if node.level else ""
        for _ in range(node.level - 1):
            within = within.rpartition(".")[0]
        name = f"{package.__name__}{within}.{node.module or ''}" if node.level else node.module
        if not name or name.split(".")[0] != package.__name__:
            continue
        base = name.removeprefix(package.__name__).strip(".")
        for alias in node.names:
            whole = f"{base}.{alias.name}".strip(".")
            found.add(whole if whole in MODULES else base)
    return found - {""}  # the package itself: its version


def place(module: str) -> int:
    """Which folder of `ORDER` a module lies in."""
    if module == "io":  # the front of the readers
        return ORDER.index("io.readers")
    fitting = [name for name in ORDER if name and f"{module}.".startswith(f"{name}.")]
    return ORDER.index(max(fitting, key=len, default=""))


def test_folders_import_from_earlier_ones_only():
    wrong = [
        f"{module} imports {other}"
        for module in MODULES
        for other in imported(module)
        if place(other) > place(module)
    ]
    assert not wrong


def test_no_circle_of_imports():
    graph = graphlib.TopologicalSorter({module: imported(module) for module in MODULES})
    graph.prepare()  # raises a CycleError that names the circle


def test_folders_and_files_are_small():
    files = Counter(path.parent for path in MODULES.values())
    assert max(files.values()) <= MAX_FILES
    lines = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert not {name: n for name, n in lines.items() if n > MAX_LINES}


def loaded_by(code: str) -> set[str]:
    """Top-level modules that `code` loads in a fresh interpreter."""
    code += "\nimport json, sys; print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


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


def test_nothing_below_the_viewer_knows_of_windows():
    names = [name for name in MODULES if name and place(name) < ORDER.index("viewer")]
    assert "core.expression" in names
    code = "import " + ", ".join(f"{package.__name__}.{name}" for name in names)
    assert not loaded_by(code) & WINDOW
