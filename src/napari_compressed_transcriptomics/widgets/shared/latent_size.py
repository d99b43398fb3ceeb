"""The list of latent sizes, of which those that the data cannot carry are disabled."""

from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QComboBox

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.latent_sizes import LATENT_SIZES, latent_size_problem

from .fields import narrow


class LatentSize(QComboBox):
    """Offers 2 to 128 components; a size that is disabled says why in its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        narrow(self)
        self.offer(None, None)

    @property
    def chosen(self) -> int | None:
        """The size chosen, or None where no size fits."""
        return self.currentData()

    def offer(self, codec: str | None, expression: Expression | None) -> None:
        """List all sizes, disabling those that `codec` cannot be fitted with to `expression`.

        What was chosen stays chosen, or becomes the next smaller one that fits. None for
        either disables nothing.
        """
        wanted = self.chosen or 8
        self.blockSignals(True)
        self.clear()
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        possible = []
        for size in LATENT_SIZES:
            self.addItem(str(size), size)
            problem = None
            if codec is not None and expression is not None:
                problem = latent_size_problem(codec, size, expression.n_samples, expression.n_genes)
            item = model.item(self.count() - 1)
            if problem and item is not None:
                item.setEnabled(False)
                item.setToolTip(problem)
                item.setText(f"{size}  (too large for this data)")
            else:
                possible.append(size)
        best = max((size for size in possible if size <= wanted), default=None)
        self.setCurrentIndex(self.findData(best))
        self.blockSignals(False)
