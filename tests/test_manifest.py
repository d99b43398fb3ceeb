"""The manifest: valid, at the top as in the package, and every name in it leads somewhere."""

from importlib import import_module
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_compressed_transcriptomics as package

PATH = Path(package.__file__).with_name("napari.yaml")


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(PATH)


def test_valid_and_named_like_the_distribution(manifest):
    assert manifest.name == "napari-compressed-transcriptomics"
    assert (Path(__file__).parents[1] / "napari.yaml").read_text() == PATH.read_text()


def test_every_command_leads_to_a_function_or_class(manifest):
    for command in manifest.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(import_module(module), name)), command.id


def test_every_page_of_the_main_dock_is_a_dock_of_its_own(manifest):
    """And every dock a page, of the class that the manifest names, but for one of pictures."""
    from napari_compressed_transcriptomics.widgets.workspace.pages import STEPS

    places = {command.id: command.python_name for command in manifest.contributions.commands}
    docks = {dock.display_name: places[dock.command] for dock in manifest.contributions.widgets}
    main, *others = docks
    assert main == "Compressed Transcriptomics"
    pages = {page.name: page.place for pages in STEPS.values() for page in pages}
    assert set(pages) == set(others) - {"Four views"}
    for name, place in pages.items():
        assert docks[name].endswith(f"widgets.{place}")


def test_menus_of_layers_and_files_hold_our_commands(manifest):
    menus = {
        menu: {item.command for item in items}
        for menu, items in manifest.contributions.menus.items()
    }
    for menu in (
        "napari/layers/transform",
        "napari/layers/visualize",
        "napari/layers/measure",
        "napari/file/io_utilities",
    ):
        assert menus[menu]


def test_commands_appear_in_the_window(make_napari_viewer):
    from napari._app_model import get_app_model

    make_napari_viewer()
    for menu in ("napari/layers/transform", "napari/layers/measure", "napari/file/io_utilities"):
        titles = [
            getattr(item, "command", None) and item.command.id
            for item in get_app_model().menus.get_menu(menu)
        ]
        assert any("compressed-transcriptomics" in (title or "") for title in titles), menu


def test_preferences_have_the_defaults_of_the_manifest(make_napari_viewer):
    from napari_compressed_transcriptomics.viewer.settings import Preferences, preferences

    make_napari_viewer()
    assert preferences() == Preferences()
