"""A walk as arrows, tip to tail: all of them one path, so that a hundred cost no more than one."""

import numpy as np
from matplotlib.path import Path

_HEAD = np.array([[-1.0, 0.42], [0.0, 0.0], [-1.0, -0.42], [-1.0, 0.42]])  # of an arrow that points to the right


def arrow_path(points, head):
    """Return arrows from each point to the next.

    Parameters
    ----------
    points : (m + 1, 2) array
        In the units of axes whose two scales are equal.
    head : float
        Length of an arrow's head; a short arrow has a shorter one.

    Returns
    -------
    matplotlib.path.Path

    Examples
    --------
    >>> len(arrow_path([[0, 0], [1, 0], [1, 1]], 0.1))  # two lines and two heads
    12
    """
    points = np.asarray(points, dtype=float)
    starts, steps = points[:-1], np.diff(points, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    along = steps / np.where(lengths > 0, lengths, 1.0)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    size = np.minimum(head, 0.6 * lengths)[:, None, None]
    heads = points[1:, None] + size * (_HEAD[:, :1] * along[:, None] + _HEAD[:, 1:] * across[:, None])
    lines = np.stack([starts, points[1:]], axis=1)
    vertices = np.concatenate([lines, heads], axis=1).reshape(-1, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(steps)
    return Path(vertices, codes)
