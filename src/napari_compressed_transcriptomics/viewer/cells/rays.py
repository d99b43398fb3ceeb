"""Rays through maps in 3-D end at the first voxel that is not clear.

napari's ``translucent`` looks up a colour at every step of a ray, also of what is clear. Where a
colormap is clear at its lower end and opaque above, one look at the end gives the same picture in
a third of the time, where software draws: it computes both sides of each condition in a loop.
"""

from typing import Any

_SNIPPETS = {
    "before_loop": "bool found = false; vec4 first = vec4(0.0);",
    "in_loop": "if (val > clim.x) { found = true; first = color; iter = nsteps; }",
    "after_loop": "if (!found) discard; gl_FragColor = applyColormap(first);",
}


def shorten_rays(node: Any) -> None:
    """Let rays end early in all volumes under a node of vispy's, wherever that changes nothing.

    Call it before a frame: napari sets its own way of drawing whenever a layer has another one.
    """
    from vispy.visuals import VolumeVisual

    for child in node.children:
        shorten_rays(child)
    if not isinstance(node, VolumeVisual) or node.method != "translucent":
        return
    alpha = node.cmap.colors.rgba[:, 3]
    shader = node.shared_program.frag
    if alpha[0] == 0 and (alpha[1:] == 1).all():
        for part, code in _SNIPPETS.items():
            shader[part] = code  # nothing happens where it is there
    elif shader["in_loop"] == _SNIPPETS["in_loop"]:
        node.method = node.method  # napari's own
