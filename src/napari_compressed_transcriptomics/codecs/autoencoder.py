"""The deep autoencoder of Ruffle et al. 2024 (doi:10.1002/hbm.26795) as a codec."""

from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch  # noqa: TID253  (this module is for torch only)

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.tensors import check_tensors, fraction, whole

from .codec import GENE_MEANS, Codec, Fitting
from .networks.autoencoder_network import HIDDEN_SIZES, AutoencoderNetwork, CodecNetwork
from .training.checkpoints import Checkpoints
from .training.loop import train
from .training.settings import TrainingSettings

CLIP_PERCENTILES = (0.1, 99.9)


class Autoencoder(Codec):
    """Encoder and decoder of four layers each, with a sigmoid at the end.

    Parameters
    ----------
    module : AutoencoderNetwork
        Trained network.
    hidden_sizes : tuple of int
        Layers of the encoder between genes and latents; the decoder mirrors them.
    clip : (float, float)
        Limits to which values are clipped before they are encoded, from the training data.
    genes, gene_means, training
        See `Codec`.
    """

    id = "autoencoder"
    value_range = (0.0, 1.0)
    needs_samples = False
    smaller = "choose fewer hidden units, smaller batches or fewer genes, or use a larger machine"

    def __init__(
        self,
        module: AutoencoderNetwork,
        hidden_sizes: tuple[int, ...],
        clip: tuple[float, float],
        genes: tuple[str, ...],
        gene_means: np.ndarray,
        training: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(module.latent_size, genes, gene_means, training)
        self.module = module.cpu().eval().requires_grad_(False)
        self.hidden_sizes = tuple(hidden_sizes)
        self.clip = (float(clip[0]), float(clip[1]))

    def config(self) -> dict[str, Any]:
        """Return layer sizes and clipping limits."""
        return {
            "latent_size": self.latent_size,
            "hidden_sizes": list(self.hidden_sizes),
            "clip": list(self.clip),
        }

    def describe(self) -> str:
        """Return method, layers and clipping limits in words."""
        sizes = ", ".join(map(str, (len(self.genes), *self.hidden_sizes)))
        return (
            "the deep autoencoder of Ruffle et al. (2024, doi:10.1002/hbm.26795), with an encoder "
            f"of {sizes} and {self.latent_size} units, a decoder that mirrors it, batch "
            "normalisation, exponential linear units and a sigmoid output, of values clipped to "
            f"{self.clip[0]:.3f}-{self.clip[1]:.3f}"
        )

    def tensors(self) -> dict[str, Any]:
        """Return the state dict, with the published keys, and the gene means."""
        state = {name: tensor.numpy() for name, tensor in self.module.state_dict().items()}
        return {**state, GENE_MEANS: self.gene_means}

    @classmethod
    def from_parts(cls, config: dict, tensors: dict, genes: tuple[str, ...]) -> Self:
        """Make it from what `config` and `tensors` returned."""
        latent_size = whole(config["latent_size"], "latent_size")
        hidden_sizes = tuple(whole(size, "hidden layer") for size in config["hidden_sizes"])
        low, high = (fraction(limit, "clip") for limit in config["clip"])
        if len(hidden_sizes) > len(tensors) or low > high:
            raise UserError("The model's settings do not match its tensors")
        module = AutoencoderNetwork.empty(len(genes), latent_size, hidden_sizes)
        empty = module.state_dict()
        expected = {name: tuple(tensor.shape) for name, tensor in empty.items()}
        check_tensors(tensors, {**expected, GENE_MEANS: (len(genes),)}, GENE_MEANS)
        for name in empty:
            if name.endswith("running_var") and (tensors[name] < 0).any():
                raise UserError(f"The model's tensor {name} holds variances below zero")
        state = {name: torch.as_tensor(tensors[name], dtype=empty[name].dtype) for name in empty}
        module.load_state_dict(state, assign=True)
        return cls(module, hidden_sizes, (low, high), genes, np.asarray(tensors[GENE_MEANS]))

    @classmethod
    def bytes_to_fit(cls, n_samples: int, n_genes: int, latent_size: int, **settings: Any) -> int:
        """Return about how much memory fitting takes; see `Codec`."""
        n, g, k = n_samples, n_genes, latent_size
        sizes = (g, *settings.get("hidden_sizes", HIDDEN_SIZES), k)
        weights = 2 * sum(n_in * n_out for n_in, n_out in pairwise(sizes))
        # they, their gradients, Adam's two moments, the best and what replaces it; a snapshot
        copies = 10.5 if settings.get("checkpoints") else 6.5
        batch = settings.get("batch_size") or 128
        rows = min(n, max(batch, 1024))  # in work at a time; the limits take a copy of all
        activations = 48 * min(n, batch) * sum(sizes[1:])
        return int(4 * copies * weights) + max(8 * n * g, 16 * rows * g) + activations

    @classmethod
    def _fit(
        cls,
        fitting: Fitting,
        hidden_sizes: tuple[int, ...] = HIDDEN_SIZES,
        from_mean: bool = True,
        checkpoints: Checkpoints | None = None,
        **settings: Any,
    ) -> Self:
        if fitting.max_epochs is not None:
            settings["max_epochs"] = fitting.max_epochs
        how = TrainingSettings(**settings)
        expression, latent_size, report = fitting.expression, fitting.latent_size, fitting.report
        generator = torch.Generator().manual_seed(fitting.seed)
        report(Progress("Preparing", 0, 1, _warning(latent_size, expression.n_samples)))
        clip = clip_limits(fitting.values)
        gene_means = np.mean(fitting.values, axis=0, dtype=float)
        module = AutoencoderNetwork.seeded(expression.n_genes, latent_size, hidden_sizes, generator)
        if from_mean:
            start_at_mean(module, np.clip(gene_means, *clip))
        learned = train(
            module,
            fitting.values,
            how,
            generator=generator,
            clip=clip,
            device=fitting.device,
            positions=expression.parcellation.positions if how.validation == "blocks" else None,
            checkpoints=checkpoints,
            report=report,
        )
        record = fitting.record(**learned)
        return cls(module, hidden_sizes, clip, expression.genes, gene_means, record)

    def _build(self) -> CodecNetwork:
        return self.module.for_inference(*self.clip)


def _warning(latent_size: int, n_samples: int) -> str:
    if latent_size < n_samples:
        return ""
    return (
        f"{latent_size} components for {n_samples} samples: the model may memorise them and do "
        "badly on other data; choose fewer components than samples"
    )


def clip_limits(values: np.ndarray) -> tuple[float, float]:
    """Return the 0.1 and 99.9 percentiles of all values together."""
    low, high = np.percentile(values, CLIP_PERCENTILES)
    return float(low), float(high)


@torch.no_grad()
def start_at_mean(module: AutoencoderNetwork, mean: np.ndarray) -> None:
    """Let the untrained network give the mean of each gene, by the last layer's bias."""
    chance = torch.as_tensor(mean).clamp(1e-3, 1 - 1e-3)
    module.decoder.output.bias.copy_(torch.logit(chance))
