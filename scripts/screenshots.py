"""Make the pictures of the README and the site: `scripts/screenshots.py FOLDER`."""

import argparse
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tour import save_tour

from napari_compressed_transcriptomics.cli.demo.driving import draw, press, settle
from napari_compressed_transcriptomics.cli.demo.window import take, views


def _train_and_compress(viewer: Any, folder: Path) -> None:
    """Do what the README's tour does, by its buttons, and take its pictures on the way."""
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    viewer.theme = "dark"  # whatever who makes the pictures prefers
    viewer.window.resize(1500, 900)
    add_expression(viewer, synthetic_brain())
    dock, train = viewer.window.add_plugin_dock_widget(PLUGIN, "Train autoencoder")
    press(train.bar)
    take(viewer, folder, {"train.png": lambda: None})
    viewer.window.remove_dock_widget(dock)
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    compress = main.show_page("Compress")
    compress.codec.setCurrentIndex(compress.codec.count() - 1)  # the one just trained
    press(compress.bar)
    wanted = ("axial.png", "3d.png")
    take(viewer, folder, {name: go for name, go in views(viewer).items() if name in wanted})
    _check(viewer, folder)
    _compare(viewer, folder)
    _predict(viewer, folder)
    _latents(viewer, folder)


def _check(viewer: Any, folder: Path) -> None:
    """Look at the newest result, as the README's tour does, and take its pictures."""
    from napari_compressed_transcriptomics.viewer.brain_view import attach
    from napari_compressed_transcriptomics.viewer.selection import selection_of
    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    viewer.dims.ndisplay = 2
    viewer.window.remove_dock_widget("all")
    _, inspect = viewer.window.add_plugin_dock_widget(PLUGIN, "Inspect reconstruction")
    tabs = {inspect.tabs.tabText(index): index for index in range(inspect.tabs.count())}

    def plots() -> None:
        inspect.tabs.setCurrentIndex(tabs["Overall"])
        counted = inspect.tabs.currentWidget().density.save
        while not counted.isEnabled():  # values are counted in a thread
            draw()

    def worst_gene() -> None:
        inspect.tabs.setCurrentIndex(tabs["Genes"])
        table = inspect.tabs.currentWidget().genes.table
        table.setCurrentIndex(table.model().index(0, 0))
        table.clicked.emit(table.currentIndex())

    def bad_sample() -> None:
        inspect.tabs.currentWidget().back.click()
        inspect.tabs.setCurrentIndex(tabs["Sample"])
        sample = inspect.tabs.currentWidget()
        sample.worst.click()
        for _ in range(100):  # to a slice that shows more than the tip of a pole
            if abs(viewer.dims.point[-3]) < 25:
                break
            sample.better.click()

    def latent_space() -> None:
        viewer.window.remove_dock_widget("all")
        _, space = viewer.window.add_plugin_dock_widget(PLUGIN, "Latent space")
        latents = space.results.result.latents
        space.plot.lassoed.emit(latents[:, 1] > 0.5 * latents[:, 1].max(), False)

    pictures = {
        "overall.png": plots,
        "genes.png": worst_gene,
        "sample.png": bad_sample,
        "latent-space.png": latent_space,
    }
    take(viewer, folder, pictures)
    viewer.layers.remove(selection_of(viewer))
    attach(viewer).cells.mark(None)


def _compare(viewer: Any, folder: Path) -> None:
    """Compare the quick methods on held-out samples; take a picture of their errors."""
    from qtpy.QtWidgets import QScrollArea

    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    viewer.window.remove_dock_widget("all")
    _, compare = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare methods")
    tab = compare.held_out
    for name, box in tab.form.methods.boxes.items():
        box.setChecked(name in ("pca", "nmf", "kernel-pca"))
    tab.form.sizes.setText("2 8")
    press(tab.bar)

    def results() -> None:
        tab.findChild(QScrollArea).ensureWidgetVisible(tab.save)

    take(viewer, folder, {"compare.png": results})


def _predict(viewer: Any, folder: Path) -> None:
    """Predict maps that some genes make, with noise; take a picture of the best."""
    import nibabel as nib
    import numpy as np

    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    viewer.window.remove_dock_widget("all")
    _, predict = viewer.window.add_plugin_dock_widget(PLUGIN, "Predict maps")
    expression, rng = predict.layer.expression(), np.random.default_rng(0)
    brain = expression.parcellation
    with TemporaryDirectory() as given:
        for number, name in enumerate(("receptor", "myelin", "glucose")):
            values = expression.values[:, 40 * number : 40 * number + 8].mean(axis=1)
            values = 20 * (values + rng.normal(0, 0.4 * values.std(), len(values)))
            path = Path(given) / f"{name}.nii.gz"
            nib.save(nib.Nifti1Image(brain.paint(values.astype(np.float32)), brain.affine), path)
        predict.targets.files.take([given])
        for name, box in predict.methods.boxes.items():
            box.setChecked(name == "pca")
        predict.sizes.setText("2 4 8 16")
        predict.repeats.setValue(1)
        predict.surrogates.setValue(0)  # they would take minutes
        press(predict.bar)
    predict.view.show_maps.click()
    take(viewer, folder, {"predict.png": lambda: None})


def _latents(viewer: Any, folder: Path) -> None:
    """Show latents of six methods beside each other, and their scatter plots."""
    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    viewer.window.remove_dock_widget("all")
    _, compare = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare methods")
    compare.tabs.setCurrentWidget(compare.latents)
    for name, box in compare.latents.methods.boxes.items():
        box.setChecked(name != "autoencoder")  # which would take minutes
    press(compare.latents.bar)
    take(viewer, folder, {"latents.png": lambda: None})
    compare.latents.scatter.click()
    settle()
    compare.latents.scatters.grab().save(str(folder / "scatter.png"))
    compare.latents.scatters.close()


def main(folder: Path) -> None:
    """Make the pictures in the real window."""
    import napari

    from napari_compressed_transcriptomics.widgets.shared.forms.form_values import FOLDER_VARIABLE

    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as settings:
        os.environ[FOLDER_VARIABLE] = settings  # docks begin with their own values, not the user's
        for make, path in ((save_tour, folder / "tour.gif"), (_train_and_compress, folder)):
            viewer = napari.Viewer()
            viewer.window.activate()  # notices go by themselves in an active window only
            make(viewer, path)
            viewer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
