"""Rays through maps in 3-D end at the first voxel that is not clear; what has no data is hatched.

napari's ``translucent`` looks up a colour at every step of a ray, also of what is clear. Where a
colormap is clear at its lower end and opaque above, one look at the end gives the same picture in
a third of the time, where software draws: it computes both sides of each condition in a loop. In
maps of ours, whose outside tells how far the brain is, rays leap there: 0.6 of that time.
"""

from functools import cache
from typing import Any

import numpy as np

NO_DATA = 500.0
"""Times the range of colours below its lower end: what lies there are regions without data."""
OUTSIDE = 2 * NO_DATA
"""As `NO_DATA`: the outside, once more the range lower for each voxel that can be leapt over."""
LEAPS = (0.25, 0.5, 0.75, 0.0)
"""The clear end of colormaps of layers whose outside is such; of others it may mean anything."""
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
        LEAP
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

_LEAP = """else {
            int leap = max(int((clim.x - val) / range - OUTSIDE + 0.5), 0);
            loc += float(leap) * step;
            iter += leap;
        }"""


def volumes_under(node: Any) -> list[Any]:
    """Return all volumes under a node of vispy's, seen or not."""
    from vispy.visuals import VolumeVisual

    found = [volume for child in node.children for volume in volumes_under(child)]
    return [*found, node] if isinstance(node, VolumeVisual) else found


def send(node: Any, context: Any) -> None:
    """Give OpenGL the values of a volume before it is drawn.

    Parameters
    ----------
    node : vispy.scene.visuals.Volume
    context : vispy.gloo.GLContext
        The current one.
    """
    context.glir.associate(node.shared_program["u_volumetex"].glir)
    context.flush_commands()


def shorten_rays(node: Any, ratio: float) -> None:
    """Let rays through a volume end early, wherever that changes nothing.

    Call it before a frame: napari sets its own way of drawing whenever a layer has another one.

    Parameters
    ----------
    node : vispy.scene.visuals.Volume
    ratio : float
        Pixels of the screen to one of the canvas.
    """
    if node.method != "translucent":
        return
    rgba = node.cmap.colors.rgba
    alpha, leaps = rgba[:, 3], bool(np.allclose(rgba[0], LEAPS))
    shader = node.shared_program.frag
    if alpha[0] == 0 and (alpha[1:] == 1).all():
        for part, code in _code(ratio, leaps).items():
            shader[part] = code  # nothing happens where it is there
    elif "found" in str(shader["in_loop"]):
        node.method = node.method  # napari's own


@cache
def _code(ratio: float, leaps: bool) -> dict[str, str]:
    """Return what is done before, in and after the steps of a ray."""
    found = {part: code.replace("LEAP", _LEAP if leaps else "") for part, code in _CODE.items()}
    numbers = {"NO_DATA": NO_DATA, "OUTSIDE": OUTSIDE}
    numbers |= {"PERIOD": PERIOD * ratio, "THICK": THICK * ratio}
    for name, number in numbers.items():
        found = {part: code.replace(name, f"{number:.2f}") for part, code in found.items()}
    return found
