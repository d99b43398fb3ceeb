"""Libraries that are missing, broken, too old or unsafe: one sentence that says what to do."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from napari_compressed_transcriptomics.core import installation
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.installation import import_problem, require

ROOT = Path(__file__).parents[2]


def problem(code):
    """Return what is said of the exception that `code` raises."""
    try:
        exec(code, {"__name__": "__main__"})
    except Exception as error:
        return import_problem(error)
    raise AssertionError("nothing was raised")


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Give a function that makes a library ``broken_one``, which runs `text` when imported."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_one", raising=False)
    return (tmp_path / "broken_one.py").write_text


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("raise OSError('libcudart.so.12: cannot open shared object file')", "libcudart"),
        ("raise ImportError('DLL load failed')", "DLL load failed"),
        ("import sys; sys.no_such_thing", "no_such_thing"),
        ("import not_there_at_all", "not_there_at_all"),
    ],
)
def test_a_broken_library_whatever_it_raises(library, raised, said):
    library(raised)
    sentence = problem("import broken_one")
    assert sentence.startswith("broken_one cannot be loaded (")
    assert said in sentence
    assert "pip install --force-reinstall broken_one" in sentence


def test_a_library_that_lacks_what_is_asked_of_it(library):
    library("")
    assert problem("from broken_one import new_thing").startswith("broken_one cannot be loaded")


def test_a_missing_library_by_the_name_that_pip_knows(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    said = "scikit-learn is not installed: run pip install scikit-learn, then restart"
    assert problem("import sklearn") == said


@pytest.mark.parametrize(
    "code",
    [
        "1 / 0",
        "import napari_compressed_transcriptomics.not_there",
        "from napari_compressed_transcriptomics.core.errors import not_there",
        "import json; json.loads('{')",
    ],
)
def test_other_errors_are_not_of_libraries(code):
    assert problem(code) is None


def test_a_version_that_will_do_and_one_that_will_not(monkeypatch):
    monkeypatch.setattr(installation, "version", lambda package: "2.5.1+cu121")
    require("torch", (2, 5), "This")
    with pytest.raises(UserError) as caught:
        require("torch", (2, 6), "Opening a.pt")
    assert str(caught.value) == (
        "Opening a.pt needs torch 2.6 or later, and 2.5.1+cu121 is installed: run "
        'pip install --upgrade "torch>=2.6", then restart'
    )
    monkeypatch.undo()
    with pytest.raises(UserError, match="and it is not installed"):
        require("no-such-package", (1,), "This")


def test_old_napari_is_a_sentence_before_anything_of_it_is_used():
    code = """
import importlib.metadata as metadata
of_all = metadata.version
metadata.version = lambda name: "0.6.6" if name == "napari" else of_all(name)
import napari_compressed_transcriptomics._reader
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert "This plugin needs napari 0.9 or later, and 0.6.6 is installed" in last


def test_the_first_napari_is_the_one_that_is_asked_for():
    from napari_compressed_transcriptomics.viewer import NAPARI

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {r.name: str(r.specifier) for r in map(Requirement, project["dependencies"])}
    assert asked["napari"] == ">=" + ".".join(map(str, NAPARI))
    require("napari", NAPARI, "This plugin")
    assert metadata.version("napari")
