"""Settings for all tests."""

import faulthandler
import gc
import os
import signal
import sys
from functools import cache
from itertools import count
from tempfile import gettempdir, mkdtemp
from types import SimpleNamespace
from uuid import uuid4

import pytest
from npe2 import PluginManifest
from pytestqt.qtbot import QtBot
from qtpy.QtTest import QTest

from clicking import end_threads
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.core.threads import usual_threads
from phantom import AFFINES, large_phantom, make_phantom

# Where tests run in the background SIGINT is ignored, and so it would be in commands they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A session's own napari settings must neither change the tests nor be changed by them.
os.environ.setdefault("NAPARI_CONFIG", "")

# Nor may what docks remember of their forms.
SETTINGS = mkdtemp(prefix="settings-of-tests-")
os.environ["COMPRESSED_TRANSCRIPTOMICS_SETTINGS"] = SETTINGS  # of fixtures of many tests

# PyTorch makes this folder when it first trains; some tests look for what is left behind.
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(gettempdir(), "torchinductor"))

# Waits end when what they wait for is there; a busy machine may take long.
for wait in (QtBot.waitUntil, QtBot.waitSignal):
    wait.__kwdefaults__["timeout"] = 120_000

# Nothing that tests write has to outlast a failure of power.
os.fsync = lambda file: None

# napari looks for plugins and reads their manifests anew for each viewer: a third of its time.
find_plugins = PluginManifest.discover
PluginManifest.discover = cache(lambda paths=(): [*find_plugins(paths)])


def pytest_collection_modifyitems(items):
    """Files that take longest come first, so that processes end at about one time."""
    windowed = {
        item.path
        for item in items
        if {"qapp", "qtbot", "make_napari_viewer"} & set(item.fixturenames)
    }
    longest = {"test_fuzz.py", "test_chaos.py"}
    items.sort(key=lambda item: (item.path.name not in longest, item.path not in windowed))


def pytest_unconfigure():
    """Have a process that does not end say where it waits, and end."""
    faulthandler.dump_traceback_later(120, exit=True, file=sys.__stderr__)


# A collection of all takes a fifth of a second: one comes after many windows, not in each.
gc.set_threshold(50_000, 5, 20)
FILES = count()  # that were begun
gc.get_freeze_count = lambda: 1  # more than 0 where something is frozen: the real one counts it


@pytest.fixture(scope="module", autouse=True)
def what_stays_is_no_garbage():
    """Leave what was imported, and what earlier files keep, out of the collections of garbage."""
    if next(FILES) % 4 == 0:
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def threads_end_with_their_test():
    """What a test has started works in no other: not its threads, warnings, nor what they hold."""
    yield
    end_threads()


@pytest.fixture
def make_napari_viewer(make_napari_viewer, monkeypatch):
    """napari's own, which does not wait for a window, nor for what still works on a viewer."""
    # All garbage is collected whenever a layer goes, for a driver of Windows: the young is enough.
    young = SimpleNamespace(collect=lambda: gc.collect(1))
    monkeypatch.setattr("napari._vispy.canvas.gc", young, raising=False)
    # Looked up again and again while keys are bound, for a welcome that is not shown.
    shortcut = "napari._qt.widgets.qt_welcome._get_command_shortcut_and_description"
    monkeypatch.setattr(shortcut, lambda command: ("", ""))

    def make(**settings):
        viewer = make_napari_viewer(**settings)
        if settings.get("show"):
            assert QTest.qWaitForWindowExposed(viewer.window._qt_window, 120_000)
        return viewer

    yield make
    end_threads()  # a thread that holds a viewer would make napari say that it leaks


@pytest.fixture(autouse=True)
def forms_as_new(monkeypatch):
    """What docks remember of their forms is of one test."""
    folder = os.path.join(SETTINGS, uuid4().hex)  # made where something is remembered
    monkeypatch.setenv("COMPRESSED_TRANSCRIPTOMICS_SETTINGS", folder)


@pytest.fixture(scope="session", autouse=True)
def torch():
    """PyTorch, with its usual number of threads known before anything changes it."""
    import torch  # a second, which the process that runs no tests itself would wait for

    usual_threads()
    return torch


@pytest.fixture(autouse=True)
def usual_number_of_threads(torch):
    """Sums are the same whatever tests ran before: windows change the number by numba."""
    torch.set_num_threads(usual_threads())


@pytest.fixture
def one_thread(usual_number_of_threads, torch):
    """Small layers gain nothing from threads, and lose much where cores are busy."""
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual_threads())


@pytest.fixture
def always(monkeypatch):
    """Write a checkpoint after every epoch."""
    from napari_compressed_transcriptomics.codecs.training import checkpoints

    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN_SNAPSHOTS", 0)
    monkeypatch.setattr(checkpoints, "TIME_FOR_SNAPSHOTS", float("inf"))


@pytest.fixture(scope="session")
def brain():
    """A small synthetic brain; nobody may change it."""
    return synthetic_brain(voxel_mm=16, n_genes=40)


@pytest.fixture(scope="session")
def on_vertices(tmp_path_factory):
    """Small expression on vertices, as read from GIFTI; nobody may change it."""
    from napari_compressed_transcriptomics.io import read_expression
    from vertices import expression_on_vertices, write_gifti_maps

    folder = tmp_path_factory.mktemp("vertices") / "maps"
    return read_expression(write_gifti_maps(folder, expression_on_vertices()))


@pytest.fixture
def fewer_fitted(monkeypatch):
    """Fit smoothness to 60 samples: to 250 it takes seconds."""
    from napari_compressed_transcriptomics.spatial import spatial_covariance, spatial_null

    to_fit = spatial_covariance.rows_to_fit
    for module in (spatial_null, spatial_covariance):
        monkeypatch.setattr(module, "rows_to_fit", lambda places: to_fit(places, 60))


@pytest.fixture
def quick_kernel_pca(monkeypatch):
    """Fit kernel PCA to 60 samples: its search for a kernel takes a second or more."""
    from napari_compressed_transcriptomics.codecs import kernel_pca

    monkeypatch.setattr(kernel_pca, "MAX_SAMPLES", 60)


@pytest.fixture(scope="module")
def small_pictures():
    """Draw slices with few pixels."""
    from napari_compressed_transcriptomics.figures import slices

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "PIXELS", 30)
        yield


@pytest.fixture(params=[*AFFINES, "large"])
def phantom(request):
    """The asymmetric phantom, in every affine, and in a grid of which the viewer has a part."""
    if request.param == "large":
        return large_phantom()
    return make_phantom(AFFINES[request.param])


@pytest.fixture
def las():
    return make_phantom()
