"""How many processes a comparison may take: cores, and memory estimated from sizes."""

from napari_compressed_transcriptomics.codecs.registry import method_names
from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.memory import available_memory, require_memory
from napari_compressed_transcriptomics.core.threads import usable_cores

from .compare_request import CompareRequest

_PROCESS = 450 * 2**20
"""Of Python with PyTorch and scikit-learn loaded, measured."""
_MANY_SAMPLES = 1000
_PART = 0.6
"""Of the memory that is free."""


def bytes_per_process(request: CompareRequest) -> int:
    """Return about how much memory one fit takes at most, with its process.

    Six float32 copies of the data (training samples, centred, and their decomposition), and for
    kernel PCA four float64 kernels and two copies of samples in float64, or for the published
    network of 500 units its weights five times (gradients, moments, the best so far).
    """
    from napari_compressed_transcriptomics.codecs.kernel_pca import MAX_SAMPLES
    from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import HIDDEN_SIZES

    n, genes = request.expression.values.shape
    few = min(n, MAX_SAMPLES)
    special = {
        "kernel-pca": 32 * few**2 + 16 * few * genes,
        "autoencoder": 5 * 4 * 2 * genes * HIDDEN_SIZES[0],
        "umap": 200 * 2**20,
    }
    most = max([special.get(name, 0) for name in method_names(request.methods)])
    return _PROCESS + 24 * n * genes + most


def check_memory(request: CompareRequest) -> None:
    """Raise a `UserError` where not even the copies that each fit makes would be in memory.

    These are three of the data, in float32: training samples, centred, and their decomposition.
    """
    require_memory(
        12 * request.expression.values.size,
        f"A fit to {request.expression.name}",
        "use a coarser parcellation, fewer genes or a larger machine",
    )


def jobs(request: CompareRequest, n_fits: int) -> tuple[int, str]:
    """Return how many processes to use, and a sentence that says why."""
    each, free = bytes_per_process(request), available_memory()
    by_memory = max(1, int(_PART * free // each))
    if request.n_jobs is not None:
        n_jobs = max(1, min(request.n_jobs, n_fits))
        why = " (fewer processes are safer)" if n_jobs * each > free else ""
    elif resolve_device(request.device).name != "cpu":
        n_jobs, why = 1, f" (all share one {request.device})"
    else:
        most = min(usable_cores(), n_fits)
        n_jobs = max(1, min(most, by_memory))
        why = " (more would take too much of the memory)" if by_memory < most else ""
    return n_jobs, (
        f"{n_fits} fits in {n_jobs} process(es), about {each / 2**30:.1f} GiB each of "
        f"{free / 2**30:.1f} GiB of memory that are free{why}"
    )


def slow_methods(request: CompareRequest) -> str:
    """Return a sentence where fits take long, else nothing."""
    methods, n = method_names(request.methods), request.expression.n_samples
    if "autoencoder" in methods and n >= _MANY_SAMPLES:
        return f"A fit of the published autoencoder takes minutes on {n:,} samples"
    if {"autoencoder", "residual"} & {*methods}:
        return "A fit of an autoencoder takes up to a minute or so"
    return ""
