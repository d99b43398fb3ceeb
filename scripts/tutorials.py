"""Run the tutorials of `docs/tutorials/`, and make pages of them: `make docs` does both.

A tutorial is a script in cells, each under a line ``# %%``, ``# %% [hide]`` (its code is not
shown), ``# %% [shell]`` (commands, as comments) or ``# %% [markdown]`` (text, as comments). What
cells print is shown below them, and so is each PNG that they write. A tutorial runs in an empty
folder and in a process of its own.

The data come from `scripts/tutorial_data.py`; the page says which they were.
"""

import contextlib
import hashlib
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "docs" / "tutorials"
MADE = ROOT / "build" / "tutorials"
"""A folder for each tutorial: `run.json` and its pictures."""
_CELL = "# %%"
_ENDINGS = ("", " [hide]", " [shell]", " [markdown]")


def scripts() -> list[Path]:
    """Return the tutorials."""
    return sorted(SCRIPTS.glob("*.py"))


def cells(script: Path) -> list[tuple[str, str]]:
    """Return the kind (``code``, ``hide``, ``shell``, ``markdown``) and the body of each cell."""
    found: list[tuple[str, list[str]]] = []
    for line in script.read_text(encoding="utf-8").splitlines():
        if line.startswith(_CELL):
            ending = line.removeprefix(_CELL)
            if ending not in _ENDINGS:
                raise ValueError(f"{script.name}: no kind of cell: {line}")
            found.append((ending.strip(" []") or "code", []))
        elif found:
            found[-1][1].append(line)
    return [(kind, _body(kind, lines)) for kind, lines in found]


def _body(kind: str, lines: list[str]) -> str:
    if kind in ("shell", "markdown"):
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    return "\n".join(lines).strip("\n")


def commands(shell: str) -> list[str]:
    """Return the commands of a shell cell, those that go on in the next line joined."""
    lines = shell.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def page(script: Path) -> str:
    """Return a tutorial as Markdown, with what it printed and drew when it was run last."""
    record = _record(script)
    outputs = record["outputs"] if record else None
    parts = []
    for i, (kind, body) in enumerate(cells(script)):
        if kind == "markdown":
            parts.append(body)
        elif kind != "hide":
            parts.append(f"```{'python' if kind == 'code' else 'sh'}\n{body}\n```")
        if outputs:
            parts += _shown(outputs[i], script.stem)
    parts.append(_made(script, record))
    return "\n\n".join(parts) + "\n"


def _shown(output: dict, folder: str) -> Iterator[str]:
    if output["text"]:
        yield f"```text\n{output['text']}\n```"
    for name in output["pictures"]:
        yield f"![{Path(name).stem.replace('-', ' ')}]({folder}/{name})"


def _made(script: Path, record: dict | None) -> str:
    where = f"`docs/tutorials/{script.name}`"
    if record is None:
        return f"*This page is {where}, which has not been run here: `make docs` runs it.*"
    return (
        f"*Made from {where} on {record['date']} in {record['seconds']:.0f} s, on "
        f"{' and '.join(record['data']) or 'no data'}; {record['versions']}.*"
    )


def _record(script: Path) -> dict | None:
    """Return what running a tutorial gave, unless it has changed since."""
    try:
        record = json.loads((MADE / script.stem / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return record if record["script"] == _hash(script) else None


def _hash(script: Path) -> str:
    return hashlib.sha256(script.read_bytes()).hexdigest()


def run(script: Path) -> None:
    """Run a tutorial in this process and this folder, and keep what it printed and drew."""
    begun, namespace, outputs = time.perf_counter(), {"__name__": "__main__"}, []
    seen: set[str] = set()
    made = MADE / script.stem
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    for kind, body in cells(script):
        text = ""
        if kind == "shell":
            text = "\n".join(filter(None, map(_shell, commands(body))))
        elif kind != "markdown":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(body, str(script), "exec"), namespace)
            text = printed.getvalue().rstrip()
        new = sorted({path.name for path in Path().glob("*.png")} - seen)
        for name in new:
            shutil.copy(name, made / name)
        seen.update(new)
        outputs.append({"text": text, "pictures": new})
    import tutorial_data

    from napari_compressed_transcriptomics.core.provenance import versions

    told = ("napari-compressed-transcriptomics", "torch", "scikit-learn")
    record = {
        "script": _hash(script),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "seconds": time.perf_counter() - begun,
        "data": list(dict.fromkeys(tutorial_data.used)),
        "versions": ", ".join(f"{name} {versions()[name]}" for name in told if name in versions()),
        "outputs": outputs,
    }
    (made / "run.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def _shell(command: str) -> str:
    """Run a command and return what it printed."""
    words = []
    for word in shlex.split(command):
        words += sorted(map(str, Path().glob(word))) if "*" in word else [word]
    if words[0] == "compressed-transcriptomics":
        words[:1] = [sys.executable, "-m", "napari_compressed_transcriptomics.cli"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit(f"{command}\n{done.stdout}")
    return done.stdout.strip()


def main(names: list[str]) -> int:
    """Run the tutorials of these names, or all, each in an empty folder of its own."""
    if names[:1] == ["--here"]:
        run(SCRIPTS / f"{names[1]}.py")
        return 0
    for script in scripts():
        if names and script.stem not in names:
            continue
        folder = ROOT / "build" / "tutorials-at-work" / script.stem
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"running {script.relative_to(ROOT)}", flush=True)
        again = [sys.executable, str(Path(__file__).resolve()), "--here", script.stem]
        # Docks begin with what stood in them last: here with nothing.
        afresh = {**os.environ, "COMPRESSED_TRANSCRIPTOMICS_SETTINGS": str(folder / ".settings")}
        if code := subprocess.run(again, cwd=folder, env=afresh).returncode:
            print(f"{script.name} failed", file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
