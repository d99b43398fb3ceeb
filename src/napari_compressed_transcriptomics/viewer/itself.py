"""Viewers, layers and overlays themselves, behind the proxies that napari hands to docks."""

from typing import Any


def itself(thing: Any) -> Any:
    """Return what a proxy stands for; the proxy goes when whoever had it does."""
    return getattr(thing, "__wrapped__", thing)
