"""Install the built wheel as a user would, outside of this repository, and use it.

    python scripts/wheel_test.py --wheels dist                # with every Python that is found
    python scripts/wheel_test.py --wheels dist --python 3.13  # with one
    python scripts/wheel_test.py --wheels dist --real FOLDER  # the README's five steps, too

For each Python a fresh environment is made in a temporary folder, the newest wheel installed from
the folder with napari and a Qt, and `wheel_check.py` run in an empty folder.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def pythons(wanted: list[str]) -> dict[str, str]:
    """Return the interpreters of the versions wanted, or of all that are found."""
    found = {}
    for version in wanted or VERSIONS:
        asked = (_on_path, _by_uv, _this_one)
        path = next((path for ask in asked if (path := ask(version)) and _runs(path)), None)
        if path:
            found[version] = path
        elif wanted:
            raise SystemExit(f"Python {version} was not found; install it first")
    if not found:
        raise SystemExit(f"none of Python {', '.join(VERSIONS)} was found; install one first")
    return found


def _on_path(version: str) -> str | None:
    return shutil.which(f"python{version}")


def _runs(path: str) -> bool:
    """Tell whether it is an interpreter, and not what stands for one that is not installed."""
    return subprocess.run([path, "-c", ""], capture_output=True).returncode == 0


def _by_uv(version: str) -> str | None:
    uv = shutil.which("uv")
    if uv is None:
        return None
    asked = [uv, "python", "find", "--no-python-downloads", "--no-project", version]
    done = subprocess.run(asked, capture_output=True, text=True)
    return done.stdout.strip() or None


def _this_one(version: str) -> str | None:
    return sys.executable if version == f"{sys.version_info[0]}.{sys.version_info[1]}" else None


def try_wheel(python: str, wheel: Path, options: list[str], real: Path | None = None) -> None:
    """Install a wheel into a fresh environment and use it there."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
        binaries = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        inside = binaries / ("python.exe" if os.name == "nt" else "python")
        pip = [inside, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *options, str(wheel), "napari[pyqt6]"], check=True)
        work = folder / "work"
        work.mkdir()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        environment["NAPARI_CONFIG"] = str(folder / "settings.yaml")
        check = shutil.copy(HERE / "wheel_check.py", folder)
        subprocess.run([inside, check], cwd=work, env=environment, check=True)
        if real:
            steps = shutil.copy(HERE / "five_steps.py", folder)
            where = wheel.parent / "five_steps"
            subprocess.run([inside, steps, real, where], cwd=work, env=environment, check=True)


def main() -> None:
    """Try the wheel with each Python; exit with 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheels", type=Path, default=Path("dist"), help="folder of wheels")
    parser.add_argument("--python", action="append", default=[], metavar="X.Y")
    parser.add_argument("--constraint", type=Path, help="versions that pip shall take")
    parser.add_argument(
        "--real", type=Path, help="folder with the files of a real sample, for README's five steps"
    )
    given, pip_options = parser.parse_known_args()
    wheels = sorted(given.wheels.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        raise SystemExit(f"{given.wheels} holds no wheel; run python -m build first")
    if given.constraint:
        pip_options += ["--constraint", str(given.constraint.resolve())]
    failed = []
    for version, path in pythons(given.python).items():
        start = time.monotonic()
        print(f"Python {version} ({path}): {wheels[-1].name}", flush=True)
        try:
            real = given.real and given.real.resolve()
            try_wheel(path, wheels[-1].resolve(), pip_options, real)
        except subprocess.CalledProcessError as error:
            failed.append(version)
            print(f"Python {version}: failed: {error}", flush=True)
        else:
            print(f"Python {version}: passed in {time.monotonic() - start:.0f} s", flush=True)
    sys.exit(f"failed: Python {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
