"""Fields that several docks have."""

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QLabel, QSpinBox, QWidget

from napari_compressed_transcriptomics._notices import user_errors_shown

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.codec import Codec


def form_layout() -> QFormLayout:
    """Return a form whose fields take the width that a dock has."""
    form = QFormLayout()
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def choice(labels: dict[str, str]) -> QComboBox:
    """Return a list of labels, whose data are the keys; it may be narrower than its labels."""
    combo = QComboBox()
    for key, label in labels.items():
        combo.addItem(label, key)
    return narrow(combo)


def narrow(combo: QComboBox) -> QComboBox:
    """Let a list be narrower than its longest entry."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    return combo


def count(at_zero: str = "0") -> QSpinBox:
    """Return a field for a whole number, which says `at_zero` for 0."""
    box = QSpinBox()
    box.setMaximum(2**31 - 1)
    box.setSpecialValueText(at_zero)
    return box


def component_box() -> QSpinBox:
    """Return a field for a component, counted from 1; its maximum is still to be set."""
    box = QSpinBox()
    box.setRange(1, 1)
    return box


def wrapping_label() -> QLabel:
    """Return an empty label that breaks its lines."""
    label = QLabel()
    label.setWordWrap(True)
    return label


def ask_and_save_model(parent: QWidget, codec: "Codec") -> str:
    """Ask for a file and save a model there; return what to say, or an empty string."""
    from napari_compressed_transcriptomics.core.checkpoint import save_model

    path, _ = QFileDialog.getSaveFileName(
        parent, "Save model", "model.safetensors", "Models (*.safetensors)"
    )
    if path:
        with user_errors_shown():
            save_model(codec, path)
            return f"Saved {path}"
    return ""
