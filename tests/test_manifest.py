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
    from napari_compressed_transcriptomics.widgets.workspace.pages import STEPS, step_of

    places = {command.id: command.python_name for command in manifest.contributions.commands}
    docks = {dock.display_name: places[dock.command] for dock in manifest.contributions.widgets}
    main, *others = docks
    assert main == "Compressed Transcriptomics"
    pages = {page.name: page.place for pages in STEPS.values() for page in pages}
    assert set(pages) == set(others) - {"Four views"}
    for name, place in pages.items():
        assert docks[name].endswith(f"widgets.{place}")
    order = {step: i for i, step in enumerate(STEPS)}
    steps = [order[step_of(name)] for name in others if name in pages]
    assert steps == sorted(steps)  # the menu has the order of work


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


def palette(manifest):
    """What napari's command palette shows of ours: docks and samples by their short names."""
    contributions = manifest.contributions
    named = {item.command: item.display_name for item in contributions.widgets}
    named |= {item.command: item.display_name for item in contributions.sample_data}
    titles = {command.id: command.title for command in contributions.commands}
    disabled = {command.id for command in contributions.commands if command.enablement == "False"}
    return {id_: named.get(id_, title) for id_, title in titles.items() if id_ not in disabled}


@pytest.mark.parametrize(
    "words",
    [
        "gene", "autoencoder", "train", "pca", "umap", "nmf", "latent", "component", "atlas",
        "ahba", "allen", "nifti", "csv", "h5ad", "zarr", "open expression", "rmse", "error",
        "region", "receptor", "predict", "held-out", "surface", "fsaverage", "figure", "brain",
        "save latents",
    ],
)  # fmt: skip
def test_words_that_people_type_in_the_command_palette(manifest, words):
    assert any(
        all(word in title.lower() for word in words.split()) for title in palette(manifest).values()
    )


def test_what_needs_a_file_is_not_run_from_the_command_palette(manifest):
    contributions = manifest.contributions
    of_files = {item.command for item in (*contributions.readers, *contributions.writers)}
    assert not of_files & set(palette(manifest))


def test_other_words_open_docks_that_there_are(manifest, monkeypatch):
    from napari_compressed_transcriptomics import _menus
    from napari_compressed_transcriptomics.widgets.shared import dock

    opened = []
    monkeypatch.setattr(dock, "open_dock", lambda viewer, name: opened.append(name))
    commands = [c for c in manifest.contributions.commands if ".palette_" in c.id]
    for command in commands:
        getattr(_menus, command.python_name.partition(":")[2])(None)
    assert len(set(opened)) == len(commands)
    assert set(opened) <= {widget.display_name for widget in manifest.contributions.widgets}


def test_the_icon_is_in_the_package(manifest):
    package_name, _, file = manifest.icon.partition(":")
    assert package_name == package.__name__
    assert PATH.with_name(file).read_text().startswith("<svg")


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
