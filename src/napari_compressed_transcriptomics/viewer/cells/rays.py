"""Rays through maps in 3-D end at the first voxel that is not clear; what has no data is hatched.

napari's ``translucent`` looks up a colour at every step of a ray, also of what is clear. Where a
colormap is clear at its lower end and opaque above, one look at the end gives the same picture in
a third of the time, where software draws: it computes both sides of each condition in a loop.
"""

from functools import cache
from typing import Any

NO_DATA = 500.0
"""Times the range of colours below its lower end: what lies there are regions without data."""
PERIOD, THICK = 7, 2.2
"""Pixels from line to line of the hatching, and of them a line's."""

_CODE = {
    "before_loop": """
        bool found = false;
        vec4 first = vec4(0.0);
        float range = clim.y - clim.x;
        float lacks = clim.x - NO_DATA * range;
        """,
    "in_loop": """
        if (val > clim.x || abs(val - lacks) < range) {
            found = true;
            first = color;
            iter = nsteps;
        }
        """,
    "after_loop": """
        if (!found) discard;
        if (first.r > clim.x) {
            gl_FragColor = applyColormap(first);
        } else {
            bool on_line = mod(gl_FragCoord.x - gl_FragCoord.y, PERIOD) < THICK;
            gl_FragColor = vec4(vec3(on_line ? 0.2 : 0.6), 1.0);
        }
        """,
}


def shorten_rays(node: Any, ratio: float) -> None:
    """Let rays end early in all volumes under a node of vispy's, wherever that changes nothing.

    Call it before a frame: napari sets its own way of drawing whenever a layer has another one.

    Parameters
    ----------
    node : vispy.scene.Node
    ratio : float
        Pixels of the screen to one of the canvas.
    """
    from vispy.visuals import VolumeVisual

    for child in node.children:
        shorten_rays(child, ratio)
    if not isinstance(node, VolumeVisual) or node.method != "translucent":
        return
    alpha = node.cmap.colors.rgba[:, 3]
    shader = node.shared_program.frag
    if alpha[0] == 0 and (alpha[1:] == 1).all():
        for part, code in _code(ratio).items():
            shader[part] = code  # nothing happens where it is there
    elif shader["in_loop"] == _CODE["in_loop"]:
        node.method = node.method  # napari's own


@cache
def _code(ratio: float) -> dict[str, str]:
    """Return what is done before, in and after the steps of a ray."""
    found = dict(_CODE)
    numbers = {"NO_DATA": NO_DATA, "PERIOD": PERIOD * ratio, "THICK": THICK * ratio}
    for name, number in numbers.items():
        found = {part: code.replace(name, f"{number:.2f}") for part, code in found.items()}
    return found
