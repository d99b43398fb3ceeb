"""One case: a command, what disturbs it, and the verdict."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .commands import clear, content, hidden, is_part, refused
from .process import run_alone

KILLING = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}
DISTURBANCES = (
    *KILLING, "full disk", "file limit", "full temporary folder", "read-only folder",
    "little memory", "stdout closed", "stdout full", "stdout left",
)  # fmt: skip
_OF_TORCH = "torchinductor_"  # its cache, an empty folder that it keeps for good
_CALLS = ("replace", "fsync", "rename")


@dataclass
class Outcome:
    """What became of a case."""

    words: str
    """The outcome, in a few words, for the table."""
    faults: list[str] = field(default_factory=list)
    """What must not be."""


class Bench:
    """Runs cases in a folder.

    Parameters
    ----------
    zygote : process.Zygote
    folder : Path
    """

    def __init__(self, zygote, folder):
        self.zygote, self.folder = zygote, folder
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self._complete = {}
        self.codes = {0, *documented_codes()}

    def run(self, command, out, which, strike=None, alone=False, **request):
        """Run a command; its output is `out`, its folder for temporary files our own."""
        request = {**command.request, **request}
        environment = request.setdefault("environment", {})
        environment["COMPRESSED_TRANSCRIPTOMICS_CACHE"] = str(out.parent)
        environment["XDG_STATE_HOME"] = str(self.folder / "state")
        arguments = command.arguments(str(out), which)
        if command.name == "train" and list(out.parent.glob(f"{out.name}.checkpoint*")):
            arguments.append("--resume")
        temporary = request.pop("temporary", self.temporary)
        runner = run_alone if alone else self.zygote.run
        return runner(arguments, self.folder, temporary, strike, **request)

    def complete(self, command, which):
        """Return what an undisturbed run writes and how long it takes, as (dict, float)."""
        key = command.name, which
        if key not in self._complete:
            out = self._whole(command, which)
            out.parent.mkdir(parents=True)
            ended = self.run(command, out, which)
            assert ended.code == 0, (command.name, ended)
            self._complete[key] = content(out), ended.seconds
        return self._complete[key]

    def seconds(self, command):
        """Return how long an undisturbed run takes."""
        return self.complete(command, 1)[1]

    def judge(self, command, disturbance, strike=None, old=False, alone=False, **request):
        """Run a case, then the same command undisturbed; return the `Outcome`.

        Parameters
        ----------
        command : Command
        disturbance : str
        strike : (float, int), optional
            When to send which signal.
        old : bool
            Whether there is a complete other output beforehand.
        alone : bool
            In a process of its own, from its very start.
        **request
            See `process`; ``before`` strikes at a call.
        """
        place = self.folder / "case"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        with surroundings(disturbance, place, self.temporary) as (inside, given):
            out = inside / (command.out or "none")
            before, _ = self.complete(command, 0)
            after, _ = self.complete(command, 1)
            if old:
                self._copy_complete(command, 0, out)
            given.starve()
            ended = self.run(command, out, 1, strike, alone, **{**request, **given.request})
            outcome = self._verdict(command, disturbance, out, ended, before if old else {}, after)
            given.feed()
            self._again(command, out, after, outcome)
        return outcome

    def _copy_complete(self, command, which, out):
        source = self._whole(command, which)
        if source.is_dir():
            shutil.copytree(source, out)
        elif source.exists():
            shutil.copy(source, out)

    def _whole(self, command, which):
        name = "".join(c if c.isalnum() else "-" for c in command.name)
        return self.folder / "whole" / f"{name}-{which}" / (command.out or "none")

    def _verdict(self, command, disturbance, out, ended, before, after):
        faults = []
        sent = KILLING.get(disturbance)
        allowed = self.codes | ({-sent} if sent else set())
        if ended.code not in allowed:
            faults.append(f"exit code {ended.code}")
        if "Traceback" in ended.said:
            faults.append("a traceback")
        if ended.code > 0 and not ended.said.strip() and not disturbance.startswith("stdout"):
            faults.append(f"exit code {ended.code} without a word")
        if ended.orphans:
            faults.append(f"processes left: {ended.orphans}")
        state = self._state(command, out, ended, before, after)
        if state.startswith("mixed"):
            faults.append(state)
        if state == "new" and command.out and ended.code not in (0, *_late(disturbance)):
            faults.append(f"complete, but exit code {ended.code}")
        if ended.code == 0 and command.out and state != "new":
            faults.append(f"exit code 0, but {state}")
        told = [f"{fault}: {_last(ended.said)}" for fault in faults]
        return Outcome(f"{ended.code}, {state}", told)

    def _state(self, command, out, ended, before, after):
        if not command.out:
            return "-"
        found = content(out)
        if not found:
            return "nothing"
        if found == before and (ended.code or before != after):
            return "old"
        if found == after:
            return "new"
        if refused(out):
            return "refused"
        if command.resumes and is_part(out, after):
            return "part"
        different = [name for name in found if found[name] != after.get(name)]
        return f"mixed: {different} of {list(found)}"

    def _again(self, command, out, after, outcome):
        """Run undisturbed what was disturbed: nothing of the disturbance may be seen any more."""
        ended = self.run(command, out, 1)
        if ended.code != 0 or "Traceback" in ended.said:
            outcome.faults.append(f"afterwards exit code {ended.code}: {_last(ended.said)}")
        elif command.out and (found := content(out)) != after:
            different = [n for n in {**found, **after} if found.get(n) != after.get(n)]
            outcome.faults.append(f"afterwards {different} differ")
        left = sorted(
            path.name for path in self.temporary.iterdir() if not path.name.startswith(_OF_TORCH)
        )
        if left:
            outcome.faults.append(f"left in the temporary folder: {left[:3]}")
            for name in left:
                _remove(self.temporary / name)
        unfinished = [name for name in hidden(out) if not name.endswith(".lock")]
        if unfinished:
            outcome.faults.append(f"left beside the output: {unfinished[:3]}")
        clear(out)


def moments(rng, seconds):
    """Return a random moment to strike at: seconds, or a call that changes the disk."""
    if rng.random() < 0.6:
        return {"strike": rng.uniform(0, 1.05) * seconds}
    return {"before": {"call": rng.choice(_CALLS), "number": rng.randint(1, 14)}}


def random_case(bench, command, disturbance, rng):
    """Judge a command under a disturbance at a random moment or of a random size."""
    request = {"old": rng.random() < 0.5 and bool(command.out)}
    if sent := KILLING.get(disturbance):
        moment = moments(rng, bench.seconds(command))
        if "before" in moment:
            request["before"] = {**moment["before"], "sent": int(sent)}
        else:
            request["alone"] = rng.random() < 0.15 and not command.request
            late = 3 if request["alone"] else 0  # what the start of a process takes
            request["strike"] = moment["strike"] + rng.uniform(0, late), sent
    elif disturbance == "little memory":
        limit = int(rng.uniform(0.15, 1.5) * 2**30)
        request |= {"alone": not command.request, "limits": {"RLIMIT_AS": limit}}
        if command.request:
            del request["limits"]
    elif disturbance == "file limit":
        request["limits"] = {"RLIMIT_FSIZE": int(10 ** rng.uniform(3.5, 5))}
    elif disturbance.startswith("stdout"):
        request |= {"alone": True, "stdout": disturbance.split()[1]}
        if command.request:
            request = {"old": request["old"]}
    return bench.judge(command, disturbance, **request)


class Surroundings:
    """A place for the output that can be made worse and good again."""

    def __init__(self, starve=None, feed=None, **request):
        self.starve, self.feed = starve or (lambda: None), feed or (lambda: None)
        self.request = request


@contextmanager
def surroundings(disturbance, place, temporary):
    """Give a folder for the output, and its `Surroundings`."""
    if disturbance in ("full disk", "full temporary folder"):
        with small_disk(place / "disk") as disk:
            if disk is None:  # it takes the superuser: a limit of sizes comes near
                yield place, Surroundings(limits={"RLIMIT_FSIZE": 3000})
            elif disturbance == "full disk":
                yield disk, Surroundings(lambda: fill(disk), lambda: empty(disk))
            else:
                fill(disk)
                yield place, Surroundings(temporary=disk)
    elif disturbance == "read-only folder":
        inside = place / "locked"
        inside.mkdir()

        def lock(mode):
            for folder in (inside, *(path for path in inside.rglob("*") if path.is_dir())):
                folder.chmod(mode)

        yield inside, Surroundings(lambda: lock(0o555), lambda: lock(0o755))
    else:
        yield place, Surroundings()


@contextmanager
def small_disk(folder):
    """Mount a small disk in memory; give None where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        allowed = os.geteuid() == 0 and not subprocess.run(command, capture_output=True).returncode
    except OSError:
        allowed = False
    try:
        yield folder if allowed else None
    finally:
        if allowed:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk, left=12_000):
    """Leave so many bytes of a disk."""
    status = os.statvfs(disk)
    free = status.f_bavail * status.f_frsize
    (disk / "filler").write_bytes(b"x" * max(0, free - left))


def empty(disk):
    (disk / "filler").unlink()


def documented_codes():
    """Return the exit codes that the docstring of the command line names."""
    from napari_compressed_transcriptomics.cli.command_line import main

    return {int(code) for code in re.findall(r"\b\d{1,3}\b", main.__doc__ or "")}


def _late(disturbance):
    """Return codes with which an output may be complete: struck, or cut off, after writing it."""
    if sent := KILLING.get(disturbance):
        return 128 + sent, -sent
    return (2, 141) if disturbance.startswith("stdout") else ()


def _last(said):
    lines = said.strip().splitlines() or [""]
    return lines[-1][:200]


def _remove(path):
    shutil.rmtree(path) if path.is_dir() else Path(path).unlink()
