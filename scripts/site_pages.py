"""A hook of MkDocs: pages of the site that are made from what stands elsewhere.

The home page is the README, *Measured* are the pages of `benchmarks/`, tutorials are the scripts of
`docs/tutorials/` with what they printed and drew when `scripts/tutorials.py` ran them, and the
references of commands and of Python come from the program itself.
"""

import argparse
import posixpath
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from PIL import Image

ROOT = Path(__file__).parent.parent
REPOSITORY = (
    "https://github.com/napari-compressed-transcriptomics/napari-compressed-transcriptomics"
)
SITE = "https://napari-compressed-transcriptomics.github.io/napari-compressed-transcriptomics/"
MEASURED = "measured/"
MADE = "<!-- made from the program -->"
"""Where in a page of the reference what is made comes."""
_SHARED = "Options of many commands"
_MANY = 5
"""Commands that have an option in common, from which on it is told once."""
_TABLE = ("| option | what it is |", "|---|---|")
_WITHIN = re.compile(r"(?<=[\d%*]) (?=\(|to |±)|(?<=to|.±) (?=[\d+-])")
"""Spaces within an interval, such as 3.8% (3.3% to 4.3%) or 0.07 ± 0.01."""
_OPTION = re.compile(r"(?<=[\s\[>])--?[a-z][\w-]*")

sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "src")]
import tutorials  # noqa: E402


def on_files(files: Files, config: Any) -> Files:
    """Add the pages and pictures that are not in ``docs/``."""
    made = {"index.md": _home((ROOT / "README.md").read_text(encoding="utf-8"))}
    for path in sorted((ROOT / "benchmarks").rglob("*.md")):
        source = path.relative_to(ROOT / "benchmarks").as_posix()
        made[MEASURED + source] = _measured(path.read_text(encoding="utf-8"), source)
    for script in tutorials.scripts():
        made[f"tutorials/{script.stem}.md"] = tutorials.page(script)
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    pictures = {MEASURED: ROOT / "benchmarks", "tutorials/": tutorials.MADE}
    for folder, where in pictures.items():
        for path in sorted(where.rglob("*.png")):
            name = folder + path.relative_to(where).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Put the references that are made from the program into their pages."""
    if MADE not in markdown:
        return markdown
    make = {"reference/commands.md": commands, "reference/python.md": python}
    return markdown.replace(MADE, make[page.file.src_uri]())


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Keep options whole, where browsers end lines after dashes, too; let pictures be enlarged."""

    def whole(code: re.Match[str]) -> str:
        return _OPTION.sub(r'<span class="option">\g<0></span>', code[0])

    def picture(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.dest_uri), found[1]))
        with Image.open(files.get_file_from_path(path).abs_src_path) as image:
            paper = image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
        kind = ' class="paper"' if paper else ""
        return f'<a href="{found[1]}"><img{kind}{found[0].removeprefix("<img")}</a>'

    html = re.sub(r"<code.*?</code>", whole, html, flags=re.DOTALL)
    return re.sub(r'<img [^>]*src="([^":]+)"[^>]*>', picture, html)


def _links(text: str, change: Any) -> str:
    return re.sub(r"(?<=\]\()([^)\s]+)(?=\))", lambda found: change(found[1]), text)


def _home(text: str) -> str:
    """Return the README with links to the site's pages and to the repository's files.

    Without badges: another server would be asked for each.
    """

    def change(link: str) -> str:
        if link.startswith(SITE):
            path, _, anchor = link.removeprefix(SITE).partition("#")
            return _source(path.rstrip("/")) + (f"#{anchor}" if anchor else "")
        if link.startswith("docs/"):
            return link.removeprefix("docs/")
        return link if "://" in link or link.startswith("#") else f"{REPOSITORY}/blob/main/{link}"

    text = re.sub(r"^\[!\[.*\n+", "", text, flags=re.MULTILINE)
    return "---\nhide: [navigation]\n---\n\n" + _links(text, change)


def _source(address: str) -> str:
    """Return the file of a page, whose address is given without the slash at its end."""
    if address == "":
        return "index.md"
    measured = ROOT / "benchmarks" / f"{address}/".removeprefix(MEASURED)
    return f"{address}/README.md" if measured.is_dir() else f"{address}.md"


def _measured(text: str, source: str) -> str:
    """Return a page of `benchmarks/` with links to code leading into the repository."""

    def change(link: str) -> str:
        path = posixpath.normpath(posixpath.join("benchmarks", posixpath.dirname(source), link))
        inside = path.startswith("benchmarks/") and path.endswith((".md", ".png"))
        return (
            link if inside or "://" in link or link[0] == "#" else f"{REPOSITORY}/blob/main/{path}"
        )

    text = re.sub(r"^\|.*", lambda row: _WITHIN.sub("&nbsp;", row[0]), text, flags=re.MULTILINE)
    return "---\nhide: [toc]\n---\n\n" + _links(text, change)  # tables are wide


def python() -> str:
    """Return a block of mkdocstrings for each name that the package offers."""
    import napari_compressed_transcriptomics as package

    blocks = (f"::: {package.__name__}.{where}.{name}" for name, where in package._PUBLIC.items())
    return "\n\n".join(blocks)


def commands() -> str:
    """Return all commands with their options, as their parsers have them."""
    from napari_compressed_transcriptomics.cli.command_line import command_parser

    parser = command_parser()
    counted = Counter(row for command in _below(parser) for row in _options(command))
    shared = [r for r, times in counted.items() if times >= _MANY and not r.endswith("required |")]
    lines = [*_command(parser, shared, top=True), f"## {_SHARED}\n", *_TABLE, *shared]
    return "\n".join([*lines, ""])


def _below(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return the parsers of the commands below one."""
    groups = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return [command for group in groups for command in group.choices.values()]


def _options(parser: argparse.ArgumentParser) -> list[str]:
    """Return a row for each option of a command."""
    left_out = (argparse._SubParsersAction, argparse._HelpAction)
    shown = [a for a in parser._actions if a.help != argparse.SUPPRESS]
    return [_option(a) for a in shown if not isinstance(a, left_out)]


def _command(
    parser: argparse.ArgumentParser, shared: list[str], top: bool = False
) -> Iterator[str]:
    if not top:
        depth = len(parser.prog.split())
        yield f"{'#' * depth} {parser.prog.partition(' ')[2]}\n"
        yield f"{_escaped(parser.description or '')}\n"
    below = _below(parser)
    if not below:
        usage = " ".join(parser.format_usage().removeprefix("usage:").split())
        yield f"```text\n{_wrapped(usage)}\n```\n"
    rows = [] if top else _options(parser)
    if own := [row for row in rows if row not in shared]:
        yield from (*_TABLE, *own, "")
    if common := [row.split()[1] for row in rows if row in shared]:
        anchor = _SHARED.lower().replace(" ", "-")
        yield f"Options that [many commands](#{anchor}) have: {', '.join(common)}.\n"
    if parser.epilog:
        yield f"{_escaped(parser.epilog)}\n"
    for command in below:
        yield from _command(command, shared)


def _option(action: argparse.Action) -> str:
    """Return a row of the table of options."""
    values = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
    if action.choices is not None and not action.metavar:
        values = "{" + ", ".join(map(str, action.choices)) + "}"
    names = [f"`{name}`" for name in action.option_strings] or [f"`{values}`"]
    value = f" `{values}`" if action.option_strings and values else ""
    words = (action.help or "") % {**vars(action), "prog": "compressed-transcriptomics"}
    if action.required and action.option_strings:
        words = f"{words}; required" if words else "required"
    return f"| {', '.join(names)}{value} | {_escaped(words).replace('|', chr(92) + '|')} |"


def _wrapped(usage: str) -> str:
    """Return a usage in lines that end between options, not within them."""
    depth, joined = 0, ""
    for character in usage:
        depth += (character == "[") - (character == "]")
        joined += "\0" if character == " " and depth else character
    lines = textwrap.wrap(joined, 82, subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines).replace("\0", " ")


def _escaped(words: str) -> str:
    """Return words in which Markdown finds no marks of its own but code: options are."""
    parts = re.split(r"(`[^`]*`)", words)
    parts[::2] = [re.sub(r"([*_<>\[\]])", r"\\\1", part) for part in parts[::2]]
    parts[::2] = [re.sub(r"(?<![\w-])--[a-z][\w-]*", r"`\g<0>`", part) for part in parts[::2]]
    return "".join(parts)
