"""What the docks of one viewer share: the codecs that were trained in it."""

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.codec import Codec

_sessions: WeakKeyDictionary[Any, "Session"] = WeakKeyDictionary()


class Session(QObject):
    """Codecs trained in one viewer, by name, newest last; gone with the viewer."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.codecs: dict[str, Codec] = {}

    def add(self, codec: "Codec", data: str) -> str:
        """Keep a codec under a name of its own, made from what it was trained on; return that."""
        base = name = f"{codec.id} k={codec.latent_size}, trained on {data}"
        number = 1
        while name in self.codecs:
            number += 1
            name = f"{base} ({number})"
        self.codecs[name] = codec
        self.changed.emit()
        return name


def session(viewer: Any) -> Session:
    """Return the session of a viewer."""
    if viewer not in _sessions:
        _sessions[viewer] = Session()
    return _sessions[viewer]
