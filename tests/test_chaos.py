"""Commands that are struck at chosen moments (`make chaos` takes random ones, and many)."""

import os
import signal

import pytest

from chaos.cases import Bench
from chaos.commands import make_commands
from chaos.process import Zygote

pytestmark = pytest.mark.skipif(os.name != "posix" or not os.path.isdir("/proc"), reason="Linux")


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chaos")
    with Zygote() as zygote:
        made = Bench(zygote, folder)
        (folder / "given").mkdir()
        made.commands = {
            command.name: command
            for command in make_commands(
                folder / "given", lambda given: zygote.run(given, folder, made.temporary)
            )
        }
        yield made


@pytest.mark.parametrize(
    ("name", "disturbance", "call", "number"),
    [
        ("encode pca", "SIGKILL", "replace", 3),
        ("encode pca", "SIGTERM", "fsync", 2),
        ("compare --jobs 1", "SIGKILL", "replace", 3),
        ("train", "SIGKILL", "replace", 9),
        ("train", "SIGINT", "replace", 6),
        ("difference", "SIGINT", "fsync", 1),
        ("models import", "SIGKILL", "replace", 1),
    ],
)
def test_a_command_that_is_struck(bench, name, disturbance, call, number):
    """Its output is the old, the new or refused; the next run finds nothing in its way."""
    before = {"call": call, "number": number, "sent": int(signal.Signals[disturbance])}
    old = name != "models import"  # which leaves alone what is there
    outcome = bench.judge(bench.commands[name], disturbance, old=old, before=before)
    assert not outcome.faults
    assert not outcome.words.startswith("0,")  # it was struck indeed


@pytest.mark.parametrize(
    ("name", "disturbance"),
    [("encode pca", "full disk"), ("train", "full disk"), ("difference", "read-only folder")],
)
def test_a_command_that_cannot_write(bench, name, disturbance):
    outcome = bench.judge(bench.commands[name], disturbance, old=True)
    assert not outcome.faults
    assert outcome.words == "2, old"
