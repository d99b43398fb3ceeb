"""The documentation: every page has its place, links lead somewhere, and commands are real ones."""

import contextlib
import io
import os
import posixpath
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import napari_compressed_transcriptomics as package
from napari_compressed_transcriptomics.cli.command_line import command_parser

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
TUTORIALS = sorted((DOCS / "tutorials").glob("*.py"))

sys.path.insert(0, str(ROOT / "scripts"))
import tutorials  # noqa: E402


class _Loader(yaml.SafeLoader):
    """As MkDocs reads its file: tags are for its own parts."""


_Loader.add_multi_constructor("!", lambda *_: None)
SITE = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), _Loader)


def in_navigation(entries=SITE["nav"]):
    for entry in entries:
        for inside in entry.values():
            if isinstance(inside, str):
                yield inside
            else:
                yield from in_navigation(inside)


def made_pages():
    """Pages that are made from what stands elsewhere."""
    yield "index.md"
    yield from (f"tutorials/{script.stem}.md" for script in TUTORIALS)
    measured = ROOT / "benchmarks"
    yield from (f"measured/{p.relative_to(measured).as_posix()}" for p in measured.rglob("*.md"))


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", words).strip().lower().replace(" ", "-") for words in headings}


def source(name: str) -> str:
    """Text of a page, made or written."""
    if name in PAGES:
        return PAGES[name].read_text(encoding="utf-8")
    if name.startswith("tutorials/"):
        return tutorials.page(DOCS / name.replace(".md", ".py"))
    return (ROOT / name.replace("measured/", "benchmarks/").replace("index", "README")).read_text()


def test_the_navigation_has_every_page_once():
    named = list(in_navigation())
    assert sorted(named) == sorted({*PAGES, *made_pages()})


@pytest.mark.parametrize("name", [*PAGES, *(f"tutorials/{script.stem}.md" for script in TUTORIALS)])
def test_links_lead_to_pages_sections_and_pictures(name):
    for link in re.findall(r"\]\(([^)\s]+)\)", source(name)):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        if not target.endswith(".md"):
            drawn = ROOT / "build" / target  # by a tutorial, where it was run
            assert (DOCS / target).exists() or drawn.exists(), link
            continue
        assert target in set(in_navigation()), link
        assert not anchor or anchor in anchors(source(target)), link


def named_commands():
    texts = {**{name: source(name) for name in PAGES}, "README.md": source("index.md")}
    texts |= {script.name: tutorials.page(script) for script in TUTORIALS}
    for name, text in texts.items():
        joined = re.sub(r"\\\n\s*", "", text)
        for line in re.findall(r"^[ $]*(compressed-transcriptomics .+)$", joined, re.M):
            yield pytest.param(line, id=f"{name}: {line[:60]}")
        for line in re.findall(r"`(compressed-transcriptomics [^`]+)`", joined):
            yield pytest.param(line, id=f"{name}: {line[:60]}")


def all_commands() -> dict:
    (found,) = (a.choices for a in command_parser()._actions if isinstance(a.choices, dict))
    return found


@pytest.mark.parametrize("line", list(named_commands()))
def test_commands_are_real_ones(line):
    words = shlex.split(re.split(r" [|>&#] ?", line)[0])[1:]
    if words[0] == "COMMAND" or {"--version", "--help"} & set(words):
        return
    assert words[0] in all_commands()
    if len(words) == 1:
        return  # named, not shown
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            command_parser().parse_args(words)
        except SystemExit:
            pytest.fail(said.getvalue())


def test_every_option_says_what_it_is():
    parsers = [command_parser()]
    for parser in parsers:
        for action in parser._actions:
            if isinstance(action.choices, dict):
                parsers += action.choices.values()
            else:
                assert action.help, f"{parser.prog} {action.dest}"
    assert len(parsers) > len(all_commands())


def test_the_address_is_the_same_everywhere():
    from napari_compressed_transcriptomics.widgets.shared.help import DOCUMENTATION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert SITE["site_url"] == DOCUMENTATION == project["urls"]["Documentation"]


def test_each_dock_has_a_page_that_is_there():
    from npe2 import PluginManifest

    from napari_compressed_transcriptomics.widgets.shared.help import PAGES as HELP

    manifest = PluginManifest.from_file(Path(package.__file__).with_name("napari.yaml"))
    classes = {c.id: c.python_name.partition(":")[2] for c in manifest.contributions.commands}
    assert set(HELP) == {classes[dock.command] for dock in manifest.contributions.widgets}
    for address in HELP.values():
        page, _, anchor = address.partition("#")
        name = f"{page.rstrip('/')}.md"
        assert name in set(in_navigation()), address
        assert not anchor or anchor in anchors(source(name)), address


def test_tutorials_are_cells_of_known_kinds():
    for script in TUTORIALS:
        kinds = [kind for kind, _ in tutorials.cells(script)]
        assert kinds[0] == "markdown"
        assert set(kinds) <= {"code", "hide", "shell", "markdown"}


def test_a_tutorial_is_shown_with_what_it_printed(tmp_path, monkeypatch):
    script = tmp_path / "small.py"
    script.write_text(
        "# %% [markdown]\n# # Small\n# %%\nprint(1 + 1)\n"
        "# %% [hide]\nopen('a-picture.png', 'wb').close()\n"
    )
    monkeypatch.setattr(tutorials, "MADE", tmp_path / "made")
    monkeypatch.chdir(tmp_path)
    assert "has not been run" in tutorials.page(script)
    tutorials.run(script)
    page = tutorials.page(script)
    assert "```python\nprint(1 + 1)\n```\n\n```text\n2\n```" in page
    assert "![a picture](small/a-picture.png)" in page
    assert "open(" not in page
    script.write_text(script.read_text() + "# %%\nprint(3)\n")
    assert "has not been run" in tutorials.page(script)  # since it changed


def test_the_site_builds_strictly(tmp_path):
    if find_spec("mkdocs") is None or find_spec("mkdocstrings") is None:
        pytest.skip("MkDocs is not installed (pip install --group docs)")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert built.returncode == 0, built.stderr
    commands = (tmp_path / "site" / "reference" / "commands" / "index.html").read_text()
    for name in all_commands():
        assert f'id="{name}"' in commands
    assert commands.count("label NIfTI (for vertices annot") == 1  # what many have is told once
    page = (tmp_path / "site" / "howto" / "page" / "index.html").read_text()
    assert '<a href="../../images/page.png"><img class="paper" ' in page
    python = (tmp_path / "site" / "reference" / "python" / "index.html").read_text()
    for name, where in package._PUBLIC.items():
        assert f'id="{package.__name__}.{where}.{name}"' in python
    asked = r'<(?:(?:img|script|iframe)[^>]*\ssrc|link[^>]*"stylesheet"[^>]*\shref)="https?:'
    for page in (tmp_path / "site").rglob("*.html"):  # a reader's browser asks nobody else
        assert not re.search(asked, page.read_text()), page
