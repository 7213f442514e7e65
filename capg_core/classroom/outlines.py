"""Lines of text as outlines, drawn as one path.

Matplotlib draws a text glyph by glyph, 2 ms for a line of some words, each time. Where many lines change with a slider,
they are outlines, made once for each string.
"""

from functools import lru_cache

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from capg_core.look import FONT, INK

_NUMBERS = frozenset("0123456789.-−+e×°%")


@lru_cache(maxsize=256)
def _glyphs(words):
    path = TextPath((0, 0), words, size=FONT["note"] * 100 / 72)
    return path.vertices, path.codes


@lru_cache(maxsize=32)
def _advance(sign):
    """Return how far a sign moves what comes after it."""
    return _glyphs(sign + "0")[0][:, 0].max() - _glyphs("0")[0][:, 0].max()


@lru_cache(maxsize=4096)
def outline(words):
    """Return a line of text as an outline: vertices with y downwards from the line's middle, and the path's codes.

    The unit is a hundredth of an inch, a pixel of a picture at 100 to the inch. Numbers are put together from the
    outlines of their digits: there are too many to make each on its own.
    """
    if not words or not _NUMBERS.issuperset(words):
        vertices, codes = _glyphs(words)
    else:
        starts = np.cumsum([0.0, *map(_advance, words[:-1])])
        vertices = np.concatenate([_glyphs(sign)[0] + (x, 0.0) for sign, x in zip(words, starts, strict=True)])
        codes = np.concatenate([_glyphs(sign)[1] for sign in words])
    return vertices * (1.0, -1.0) + (0.0, 6.5), codes


def outlines(lines):
    """Join lines to one path; each is (x, y, words, which part of its width is on the left of x)."""
    vertices, codes = [np.empty((0, 2))], [np.empty(0, Path.code_type)]
    for x, y, words, part in lines:
        points, kinds = outline(words)
        vertices.append(points + (x - part * points[:, 0].max(), y))
        codes.append(kinds)
    return Path(np.concatenate(vertices), np.concatenate(codes))


class Lines:
    """Lines of text in a figure, all one artist.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Attributes
    ----------
    artist : matplotlib.patches.PathPatch
    lines : list
        What is written, as `write` was given it.
    """

    def __init__(self, figure):
        self._size = 100 * figure.get_size_inches()
        downwards = Affine2D().scale(0.01, -0.01).translate(0.0, self._size[1] / 100) + figure.dpi_scale_trans
        self.artist = figure.add_artist(PathPatch(outlines([]), facecolor=INK, linewidth=0, transform=downwards))
        self.lines = []

    def write(self, lines):
        """Show these lines and no others; return the artist.

        Parameters
        ----------
        lines : sequence of (float, float, str, float)
            Place in parts of the figure, from the left and from the bottom; words; part of the width left of there.
        """
        self.lines = list(lines)
        width, height = self._size
        self.artist.set_path(outlines([(x * width, (1.0 - y) * height, *more) for x, y, *more in lines]))
        return self.artist
