"""The methods that are compared, looked at and predicted from: their names, and how each is fitted.

A method is a codec with settings: the two recipes of training, and those that are computed.
"""

from collections.abc import Generator, Sequence
from typing import Any

from .codec import Codec, codec_class
from .errors import UserError
from .expression import Expression
from .latent_sizes import latent_size_problem
from .progress import Progress
from .recipes import RECIPES, recipe_settings
from .residual_settings import MANY_ROWS

TITLES = {
    "default": "residual (default)",
    "published": "published autoencoder",
    "pca": "PCA",
    "nmf": "NMF",
    "kpca": "kernel PCA",
    "umap": "UMAP",
    "tsne": "t-SNE",
}
METHODS = tuple(TITLES)
"""Names of all methods, as tables and the command line have them, in the order of all figures."""
GENES = "genes"
"""The method that is none: all genes, to predict maps from through ridge."""
_SHORT_TITLES = {"default": "residual", "published": "published AE", GENES: "all genes"}
_CODECS = {"kpca": "kernel-pca"}
_OTHER_NAMES = {"residual": "default", "autoencoder": "published", "kernel-pca": "kpca"}


def short_title(name: str) -> str:
    """Return what a method is called where there is little room; other names stay as they are."""
    return _SHORT_TITLES.get(name, TITLES.get(name, name))


def method_names(methods: Sequence[str], more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return methods by the names of `METHODS`, each once.

    Parameters
    ----------
    methods : sequence of str
        Names, or ids of codecs.
    more : tuple of str
        Names that are known, too.

    Raises
    ------
    UserError
        If a method is unknown.
    """
    names = [_OTHER_NAMES.get(method, method) for method in methods]
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
    less = [name for name in methods if name == "published" or (name == "default" and many)]
    if not less:
        return ""
    those = " and ".join(TITLES[name] for name in less)
    return (
        f"{those} learn{'s' if len(less) == 1 else ''} from nine tenths of the training samples, "
        "as the rest tell when to stop; all other methods learn from all of them"
    )


def method_settings(method: str) -> tuple[str, dict[str, Any]]:
    """Return the codec id of a method, and the settings it is fitted with."""
    return recipe_settings(method) if method in RECIPES else (_CODECS.get(method, method), {})


def method_class(method: str) -> type[Codec]:
    """Return the codec of a method."""
    return codec_class(method_settings(method)[0])


def fit_method_steps(
    method: str, expression: Expression, latent_size: int, seed: int = 0, device: str = "cpu"
) -> Generator[Progress, None, Codec]:
    """Fit a method, of `METHODS`; a generator of progress that returns the codec.

    The codec does not remember its training samples: it is not for data of others.
    """
    codec_id, settings = method_settings(method)
    return codec_class(codec_id).fit_steps(
        expression, latent_size, seed=seed, device=device, **settings
    )


def method_problem(method: str, expression: Expression) -> str:
    """Return in a sentence why a method cannot be fitted to an expression, or nothing."""
    codec = method_class(method)
    try:
        codec.check_scale(expression.values, expression.name)
    except UserError as error:
        return str(error)
    return codec.unavailable()


def size_problem(method: str, latent_size: int, n_samples: int, n_genes: int) -> str:
    """Return why a method cannot give so many components of such data, or nothing."""
    codec_id, _ = method_settings(method)
    n = n_samples if codec_class(codec_id).needs_samples else max(n_samples, latent_size + 1)
    return latent_size_problem(codec_id, latent_size, n, n_genes) or ""
