"""The page as one text of HTML that asks no network for anything."""

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from .content import Content
from .packing import packed

_FOLDER = Path(__file__).parent


def page_html(content: Content) -> str:
    """Return the page, HTML.

    Its Content-Security-Policy allows the scripts and the style that are in it, by their hashes,
    and no request at all.

    Raises
    ------
    UserError
        It would hold more than a browser opens.
    """
    from napari_compressed_transcriptomics import __version__

    places, arrays = packed(content.arrays)
    scripts = [_niivue(), _text("decode.js"), _text("view.js")]
    style = _text("style.css")
    hashes = " ".join(map(_hash, scripts))
    return _template().render(
        policy=(
            f"default-src 'none'; script-src {hashes}; style-src {_hash(style)}; "
            "img-src data: blob:; base-uri 'none'; form-action 'none'"
        ),
        record=content.record,
        json=_script_safe(json.dumps({**content.record, "places": places})),
        arrays=arrays,
        scripts=scripts,
        style=style,
        licence=_text("niivue-licence.txt"),
        version=__version__,
    )


def _text(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _niivue() -> str:
    """Return NiiVue's script, which `scripts/niivue.py` fetched."""
    return gzip.decompress((_FOLDER / "niivue.js.gz").read_bytes()).decode()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _script_safe(text: str) -> str:
    """Return JSON that cannot end the element that it lies in."""
    return text.replace("<", "\\u003c")


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("template.html")
