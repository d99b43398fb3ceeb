"""Figures as SVG inside a web page: text in the page's colour and font, no names twice."""

import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_COLOR = "#010203"
"""Foreground to draw a figure with: what has this colour takes that of the page's text."""

_NOTHING = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def inline_svg(figure: "Figure", name: str, description: str) -> str:
    """Return an ``<svg>`` element that scales with the page, in light and in dark.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn with the foreground `PAGE_COLOR` on a transparent background.
    name : str
        Unique in the page, letters, digits and ``-``: goes before every id.
    description : str
        For those who cannot see it.
    """
    from html import escape

    from matplotlib import rc_context

    figure.patch.set_alpha(0)
    file = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(file, format="svg", dpi=150, metadata=_NOTHING)
    svg = file.getvalue()
    start = svg.index("<svg")
    head, body = svg[start : svg.index(">", start)], svg[svg.index(">", start) :]
    box = re.search(r'viewBox="[^"]*"', head)
    assert box is not None
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = body.replace(PAGE_COLOR, "currentColor")
    # the page's own font, at the size that matplotlib set
    body = re.sub(r"font(-family)?: ([^;\"]*?)'DejaVu Sans'[^;\"]*", _own_font, body)
    width = figure.get_size_inches()[0]
    return (
        f'<svg role="img" aria-label="{escape(description)}" {box[0]} '
        f'style="max-width: {width:.2f}in"{body}'
    )


def _own_font(found: re.Match) -> str:
    return f"font{found[1] or ''}: {found[2]}sans-serif"
