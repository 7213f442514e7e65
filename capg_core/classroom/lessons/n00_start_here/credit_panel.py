"""The credit picture: whom V-PG and CA-PG credit for the reward of the one film that is shown."""

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.patches import Rectangle

from capg_core.classroom.controls import button, candidates
from capg_core.classroom.drawing import write
from capg_core.classroom.lessons.n00_start_here import credit_numbers as lesson
from capg_core.classroom.lessons.n00_start_here.credit_numbers import MEAN_REWARD, METHODS, N_FILMS
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import count, join
from capg_core.look import FONT, GRID, INK, PAPER, PETROFF, SOFT_INK, look_of

LEFT, WIDTH = 0.125, 0.865
CARDS = (LEFT, 0.715, WIDTH, 0.225)  # left, bottom, width, height, in parts of the figure
ROWS = {"V-PG": (LEFT, 0.385, WIDTH, 0.245), "CA-PG": (LEFT, 0.035, WIDTH, 0.245)}
PUSHES = (-1.15, 1.0)  # one scale for both rows and every K
MOST_K = 8
MARGIN = 0.008
HALF = N_FILMS // 2
DRAWN = "#9aa0a8"  # what a card is filled with; of no estimator


def _boxes(heights, width):
    """Return the corners of a bar for each film: as one artist they are drawn three times as fast."""
    left, right = np.arange(N_FILMS) - width / 2, np.arange(N_FILMS) + width / 2
    heights, zero = np.broadcast_to(heights, N_FILMS), np.zeros(N_FILMS)
    return np.stack([[left, zero], [left, heights], [right, heights], [right, zero]]).transpose(2, 0, 1)


class CreditPanel(Panel):
    """Film cards, K of them drawn and one shown; below each card what one estimate adds to the film's logit.

    Examples
    --------
    >>> panel = CreditPanel(k=5)
    >>> panel.text.startswith("5 of 12 films are drawn")
    True
    """

    size = (12.0, 6.4)
    cut = LEFT + WIDTH / 2
    shows = "Film cards, some drawn and one shown; below each, how V-PG, CA-PG and the true gradient push its logit."
    lesson = lesson
    again = button("Draw again", "draw_again", style="primary", width=140)
    k = candidates(5, MOST_K)
    rows = ("again k",)

    def __init__(self, **start):
        super().__init__(**start)
        self._make_cards()
        self._bars, self._outlines, self._cut, self._titles = {}, {}, {}, {}
        for method, box in ROWS.items():
            self._make_row(method, box)
        self.refresh()

    # The picture.

    def _make_cards(self):
        axes = self.figure.add_axes(CARDS)
        axes.set_axis_off()
        axes.set(xlim=(-0.5, N_FILMS - 0.5), ylim=(-0.3, 1.3))
        self._levels = axes.add_collection(PolyCollection(_boxes(MEAN_REWARD, 0.8), linewidths=0))
        self._edges = axes.add_collection(PolyCollection(_boxes(1.0, 0.8), facecolors="none", clip_on=False))
        for film in range(N_FILMS):
            write(axes, film, -0.26, str(film + 1), "label", ha="center")
        self._says = write(axes, 0, 1.1, "", "label", weight="bold")
        _, bottom, _, height = CARDS
        write(self.figure, MARGIN, bottom + 0.66 * height, f"{N_FILMS} films", "title", weight="bold")
        words = "filled: their\nmean reward"
        write(self.figure, MARGIN, bottom + 0.43 * height, words, va="center", linespacing=1.3)

    def _make_row(self, method, box):
        axes = self.figure.add_axes(box)
        axes.set(xlim=(-0.5, N_FILMS - 0.5), ylim=PUSHES)
        axes.set_xticks([])
        axes.set_yticks([-1, 0, 1], ["−1", "0", "+1"])
        axes.tick_params(labelsize=FONT["tick"], colors=INK, length=0)
        for side in axes.spines.values():
            side.set_visible(False)
        # in two parts: the picture can be cut between the films of the first half and those of the second
        halves = [-0.5, HALF - 0.57, np.nan, HALF - 0.43, N_FILMS - 0.5]
        for level, colour in ((-1, GRID), (0, SOFT_INK), (1, GRID)):
            axes.plot(halves, np.full(5, level), color=colour, linewidth=1, zorder=1)
        look = look_of(method)
        self._bars[method] = axes.add_collection(PolyCollection([], facecolors=look.colour, zorder=3))
        self._outlines[method] = axes.add_collection(
            PolyCollection([], facecolors="none", edgecolors=PETROFF["orange"], linewidths=2, zorder=4)
        )
        (self._cut[method],) = axes.plot([], [], "v", color=look.colour, markeredgecolor=PAPER, markersize=10, zorder=5)
        left, bottom, width, height = box
        top, title = bottom + height + 0.018, {"size": "title", "color": look.colour, "weight": "bold"}
        self._titles[method] = (
            write(self.figure, self.cut - 0.004, top, ha="right", **title),
            write(self.figure, self.cut + 0.004, top, **title),
            write(self.figure, left + width, top, ha="right", color=SOFT_INK),
        )
        write(self.figure, MARGIN, bottom + 0.74 * height, "bars: push\non each logit", va="center", linespacing=1.3)
        write(self.figure, MARGIN + 0.028, bottom + 0.28 * height, "true\ngradient", va="center", linespacing=1.3)
        key = Rectangle((MARGIN, bottom + 0.28 * height - 0.02), 0.02, 0.04, transform=self.figure.transFigure)
        key.set(facecolor="none", edgecolor=PETROFF["orange"], linewidth=2)
        self.figure.add_artist(key)

    def draw_moving(self, numbers):
        """Turn up the cards that are drawn, mark the one shown, and set all bars."""
        drawn = np.isin(np.arange(N_FILMS), numbers.drawn)
        shown = np.arange(N_FILMS) == numbers.shown
        self._levels.set_facecolors([DRAWN if one else GRID for one in drawn])
        self._edges.set_edgecolors([INK if one else GRID for one in drawn])
        self._edges.set_linewidths(np.where(shown, 6.0, np.where(drawn, 2.5, 1.0)))
        right = numbers.shown % HALF >= HALF / 2
        self._says.set(
            text=f"shown, reward {numbers.reward:.2f} ▼" if right else f"▼ shown, reward {numbers.reward:.2f}",
            x=numbers.shown + (0.12 if right else -0.12),
            ha="right" if right else "left",
        )
        moving = [self._levels, self._edges, self._says]
        for method in METHODS:
            moving += self._move_row(numbers, method)
        return moving

    def _move_row(self, numbers, method):
        push = numbers.push[method]
        self._bars[method].set_verts(_boxes(push, 0.56))
        self._outlines[method].set_verts(_boxes(numbers.truth, 0.8))
        (below,) = np.nonzero(push < PUSHES[0])
        self._cut[method].set_data(below, np.full(len(below), PUSHES[0] + 0.08))
        words = *_title(numbers, method), f"{numbers.distance(method):.2f} from the truth"
        for text, word in zip(self._titles[method], words, strict=True):
            text.set_text(word)
        return [self._bars[method], self._outlines[method], self._cut[method], *self._titles[method]]

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        drawn, film = join([str(film + 1) for film in np.sort(numbers.drawn)]), numbers.shown + 1
        text = (
            f"{len(numbers.drawn)} of {N_FILMS} films are drawn: {drawn}. The late stage shows film {film}, and its "
            f"reward is {numbers.reward:.2f}."
        )
        for method in METHODS:
            push = numbers.push[method]
            text += (
                f" {method} pushes {count(np.sum(push > 0), 'film')} up and {np.sum(push < 0)} down, film {film} by "
                f"{_signed(push[numbers.shown], 2)}; it is {numbers.distance(method):.2f} away from the true gradient."
            )
        best = int(np.argmax(numbers.truth))
        return f"{text} The true gradient pushes film {best + 1} most, by {_signed(numbers.truth[best], 3)}."


def _signed(number, digits):
    return f"{number:+.{digits}f}".replace("-", "−")


def _title(numbers, method):
    """Say above a row of bars whom the method credits, in two parts: the picture can be cut between them."""
    film, k = numbers.shown + 1, len(numbers.drawn)
    if method == "CA-PG":
        return f"CA-PG credits film {film}", "for its reward"
    draws = f"all {k} draws" if k > 1 else "the one draw"
    return f"V-PG credits {draws}", f"for the reward of film {film}"
