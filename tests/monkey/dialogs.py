"""Answers to everything that would wait for a person."""

from contextlib import ExitStack
from unittest.mock import patch

from qtpy.QtGui import QColor, QDrag
from qtpy.QtWidgets import QColorDialog, QDialog, QFileDialog, QInputDialog, QMenu, QMessageBox

_SAVED = ("a.png", "a.svg", "b", "m.safetensors", "r.html", "x.nii.gz", "y.csv", "z.h5ad", "ö 脳")


def answered(rng, folder, files):
    """Return a context in which dialogs answer by themselves.

    Parameters
    ----------
    rng : random.Random
    folder : Path
        Where files may be written.
    files : list of Path
        What may be opened.
    """

    def to_save(*_, **__):
        name = rng.choice(_SAVED)
        places = (f"{folder}/{name}", f"{folder}/{name}", f"{folder}/nowhere/{name}", f"{folder}")
        return rng.choice(("", *places)), ""

    def one(*_, **__):
        return rng.choice(("", *map(str, files))), ""

    def several(*_, **__):
        return [str(path) for path in rng.sample(files, rng.randrange(3))], ""

    def whether(*_, **__):
        return rng.choice((QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No))

    def closed(*_, **__):
        return rng.choice((0, 1))

    nothing = {QMenu: ("exec", "exec_"), QDrag: ("exec", "exec_")}
    answers = {
        QFileDialog: {
            "getSaveFileName": to_save,
            "getOpenFileName": one,
            "getOpenFileNames": several,
            "getExistingDirectory": lambda *_, **__: rng.choice(("", str(folder))),
            "exec": closed,
            "exec_": closed,
        },
        QMessageBox: dict.fromkeys(
            ("question", "warning", "information", "critical", "about", "exec", "exec_"), whether
        ),
        QDialog: {"exec": closed, "exec_": closed},
        QInputDialog: {
            "getText": lambda *_, **__: ("text", rng.choice((True, False))),
            "getInt": lambda *_, **__: (1, rng.choice((True, False))),
            "getItem": lambda *_, **__: ("", False),
        },
        QColorDialog: {"getColor": lambda *_, **__: QColor("red")},
        **{kind: dict.fromkeys(names, lambda *_, **__: None) for kind, names in nothing.items()},
    }
    context = ExitStack()
    for kind, methods in answers.items():
        for name, answer in methods.items():
            if hasattr(kind, name):
                context.enter_context(patch.object(kind, name, answer))
    return context
