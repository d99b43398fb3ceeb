"""The methods that are compared, looked at and predicted from: one entry each.

A method is a codec with settings. To add one, write its codec and add it to `METHODS`, here or
with `register`: the command line, docks, figures, tables and files have it from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.limits import latent_size_problem
from napari_compressed_transcriptomics.core.progress import Report, silent

from .codec import Codec, codec_class
from .recipes import recipe_settings
from .training.residual_settings import MANY_ROWS

GENES = "genes"
"""The method that is none: all genes, to predict maps from through ridge."""

_OTHERS = "#999999"


@dataclass(frozen=True)
class Method:
    """A codec with settings, under the name that tables, files and docks have for it."""

    name: str
    """As tables and the command line write it."""
    title: str
    """In lists and figures."""
    color: str
    """In all figures."""
    codec: str
    """Id of the codec, see `codec.codec_class`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the codec is fitted with."""
    short_title: str = ""
    """Where there is little room."""
    other_names: tuple[str, ...] = ()
    """Accepted on input and in files, too: what older versions called it."""
    holds_out: bool = False
    """It learns from nine tenths of the training samples, however many there are."""


METHODS: dict[str, Method] = {}
"""All methods by name, in the order of all figures."""


def register(method: Method) -> None:
    """Add a method, after those that there are."""
    METHODS[method.name] = method


# Okabe and Ito's colours: safe for the colour-blind, readable on dark and light.
for _method in (
    Method(
        *("residual", "residual autoencoder", "#56B4E9", *recipe_settings("residual")),
        short_title="residual AE",
        other_names=("default",),
    ),
    Method(
        *("autoencoder", "published autoencoder", "#E69F00", *recipe_settings("autoencoder")),
        short_title="published AE",
        other_names=("published",),
        holds_out=True,
    ),
    Method("pca", "PCA", "#009E73", "pca"),
    Method("nmf", "NMF", "#D55E00", "nmf"),
    Method("kernel-pca", "kernel PCA", "#CC79A7", "kernel-pca", other_names=("kpca",)),
    Method("umap", "UMAP", "#0072B2", "umap"),
    Method("tsne", "t-SNE", "#F0E442", "tsne"),
):
    register(_method)


def titles() -> dict[str, str]:
    """Return the titles of all methods by name."""
    return {name: method.title for name, method in METHODS.items()}


def short_title(name: str) -> str:
    """Return what a method is called where there is little room; other names stay as they are."""
    if name == GENES:
        return "all genes"
    method = METHODS.get(name)
    return name if method is None else method.short_title or method.title


def method_colors(names: Iterable[str]) -> dict[str, str]:
    """Return the colour of each method, the same in all figures.

    Other names, such as those of opened latents, have the colours that are left.
    """
    colors = {name: method.color for name, method in METHODS.items()}
    names = list(dict.fromkeys(names))
    left = [_OTHERS, *(color for name, color in colors.items() if name not in names)]
    others = [name for name in names if name not in colors]
    colors |= {name: left[place % len(left)] for place, name in enumerate(others)}
    return {name: colors[name] for name in names}


def method_name(name: str) -> str:
    """Return what a method is called now; a name that is not known stays as it is."""
    other = {old: method.name for method in METHODS.values() for old in method.other_names}
    return other.get(name, name)


def method_names(methods: Sequence[str], more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return methods by the names of `METHODS`, each once.

    Parameters
    ----------
    methods : sequence of str
        Names, or other names.
    more : tuple of str
        Names that are known, too.

    Raises
    ------
    UserError
        If a method is unknown.
    """
    names = [method_name(method) for method in methods]
    for name in names:
        if name not in (*METHODS, *more):
            known = ", ".join((*METHODS, *more))
            raise UserError(f"There is no method {name!r}; choose from {known}")
    return tuple(dict.fromkeys(names))


def learns_from_less(methods: Sequence[str], n_train: int) -> str:
    """Return which methods learn from fewer of `n_train` training samples than others, or nothing.

    One sentence, for wherever methods are compared.
    """
    many = n_train > MANY_ROWS
    less = [
        METHODS[name].title
        for name in methods
        if METHODS[name].holds_out or (METHODS[name].codec == "residual" and many)
    ]
    if not less:
        return ""
    return (
        f"{' and '.join(less)} learn{'s' if len(less) == 1 else ''} from nine tenths of the "
        "training samples, as the rest tell when to stop; all other methods learn from all of them"
    )


def method_class(method: str) -> type[Codec]:
    """Return the codec of a method."""
    return codec_class(METHODS[method].codec)


def fit_method(
    method: str,
    expression: Expression,
    latent_size: int,
    seed: int = 0,
    device: str = "cpu",
    report: Report = silent,
) -> Codec:
    """Fit a method, of `METHODS`; see `Codec.fit`.

    The codec does not remember its training samples: it is not for data of others.
    """
    settings = METHODS[method].settings
    return method_class(method).fit(
        expression, latent_size, seed=seed, device=device, report=report, **settings
    )


def method_problem(method: str, expression: Expression) -> str:
    """Return in a sentence why a method cannot be fitted to an expression, or nothing."""
    codec = method_class(method)
    try:
        values = expression.values
        if isinstance(values, np.ndarray) or values.limits is not None:  # else the fit will tell
            codec.check_scale(values, expression.name)
    except UserError as error:
        return str(error)
    return codec.unavailable()


def size_problem(method: str, latent_size: int, n_samples: int, n_genes: int) -> str:
    """Return why a method cannot give so many components of such data, or nothing."""
    codec = method_class(method)
    n = n_samples if codec.needs_samples else max(n_samples, latent_size + 1)
    return latent_size_problem(METHODS[method].codec, latent_size, n, n_genes) or ""
