"""The pictures of a panel's page: drawn by the panel itself, cut to a few colours, named after their content.

A picture is drawn at more pixels than the page shows at 100 %, for sharp screens and projectors, and folded by the page
where that is narrow. `make_states` is called in a process of its own, for some of a panel's settings.
"""

import hashlib
import io
import math
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image as PillowImage

from capg_core import classroom
from capg_core.classroom.site.grid import STEPS, Grid, put, settings_of
from capg_core.look import INK, PAPER, PETROFF, TEAL

SCALE = 1.5  # pixels of a stored picture for one of the panel's
COLOURS = 64
MEANT = [tuple(round(255 * part) for part in to_rgb(colour)) for colour in (*PETROFF.values(), TEAL, INK, PAPER)]
_NEAR = 12  # of 255: so far off an octree's colour can be
_WEBP = {"lossless": True, "quality": 60, "method": 3}
RECIPE = (SCALE, COLOURS, "octree", *MEANT, *_WEBP.items())  # what a stored picture depends on besides its panel
_CHUNK = 30  # settings drawn with one panel: making a panel takes as long as some pictures


@dataclass(frozen=True)
class Job:
    """Some settings of one panel: what a process draws at once.

    Attributes
    ----------
    grid : Grid
    start : dict
        What the notebook opens the panel with.
    settings : tuple of dict
    folder : pathlib.Path
        Where the pictures go.
    """

    grid: Grid
    start: dict
    settings: tuple
    folder: object

    @property
    def n_states(self):
        """How many pictures it gives."""
        return len(self.settings) * (len(self.grid.steps) + 1 if self.grid.steps else 1)


def new_panel(grid, start):
    """Return a new panel, with as many pixels as are stored."""
    panel = getattr(classroom, grid.panel)(**start)
    panel.fit_page(panel.size[0] * panel.dpi, SCALE)
    return panel


def jobs_of(grid, start, folder):
    """Return the jobs of one panel's page: a list of `Job`.

    Raises
    ------
    ValueError
        If the grid names what the panel does not have.
    """
    settings = settings_of(grid, new_panel(grid, start))
    if not grid.steps:
        return [Job(grid, start, tuple(settings[i : i + _CHUNK]), folder) for i in range(0, len(settings), _CHUNK)]
    trainings = {}
    for setting in settings:
        trainings.setdefault(tuple((n, v) for n, v in setting.items() if n not in grid.live), []).append(setting)
    return [Job(grid, start, tuple(alike), folder) for alike in trainings.values()]


def make_states(job):
    """Draw the settings of a job, and write the pictures that are not there yet.

    Returns
    -------
    list of (dict, str, str)
        Setting, with the steps of a training, the picture's file name and the sentence.
    """
    panel = new_panel(job.grid, job.start)
    if not job.grid.steps:
        return [_state(panel, setting, job.folder) for setting in job.settings]
    found = []
    put(panel, job.settings[0])
    for steps in panel.frames((0, *job.grid.steps)):
        found += [_state(panel, setting, job.folder, {STEPS: steps}) for setting in job.settings]
    return found


def _state(panel, setting, folder, more=()):
    put(panel, setting)
    return {**setting, **dict(more)}, store(panel, folder), panel.text


def store(panel, folder):
    """Store a panel's picture, if it is not there yet, and return the file's name."""
    stored = shrink(panel.png)
    name = hashlib.sha256(stored).hexdigest()[:16] + ".webp"
    path = folder / name
    if not path.exists():
        path.write_bytes(stored)
    return name


def shrink(png):
    """Cut a picture to `COLOURS` colours and return it as a WebP without loss, a third smaller than a PNG.

    Colours that mean something stay what they are, however few pixels have them: an orange star is not to turn red
    among red points. An octree keeps rare colours where a median cut drops them, and gives nearly the right ones.

    Examples
    --------
    >>> from capg_core.classroom.picture import Picture
    >>> len(shrink(Picture(1, lambda figure: "nothing").png)) < 1000
    True
    """
    picture = PillowImage.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, method=PillowImage.Quantize.FASTOCTREE, dither=PillowImage.Dither.NONE)
    palette = np.array(few.getpalette()[: 3 * COLOURS], float).reshape(-1, 3)
    for colour in MEANT:
        off = np.abs(palette - colour).max(axis=1)
        if off.min() <= _NEAR:
            palette[off.argmin()] = colour
    few.putpalette(palette.astype(int).ravel().tolist())
    stored = io.BytesIO()
    few.convert("RGB").save(stored, "WEBP", **_WEBP)
    return stored.getvalue()


def size_of(name, folder):
    """Return a stored picture's width and height, as a page shows it at 100 %."""
    with PillowImage.open(folder / name) as picture:
        return tuple(math.ceil(side / SCALE) for side in picture.size)
