"""The picture of the recommendation panel: two lists of titles with bars, and the loved titles with marks.

Titles would cost the time here, so the lines of the lists are outlines; and all marks of a kind are one artist.
"""

import numpy as np
from matplotlib.patches import PathPatch, Rectangle

from capg_core.classroom.lessons.n08_real_ratings.numbers import FITTED, METHODS
from capg_core.classroom.outlines import outlines
from capg_core.classroom.words import count, shorten
from capg_core.look import FONT, GRID, INK, PAPER, PETROFF, SOFT_INK, look_of

ROWS = 8
WIDTH, HEIGHT = 1200, 560  # the picture's own units: pixels, downwards
COLUMNS = (34, 440, 836)
BAR, VALUE, LOVED = 288, 330, 346  # from a column's left: end of the longest bar, of the number, and the heart
MARKS = (272, 332)  # before, after
TOP, PITCH = 122, 44
# Of signs, as `TitleLists` makes them: marker, face, size, edge's width and colour. The star is kept for what is true.
HEART, ARROW, SCORE = (r"$\heartsuit$", INK, 15, 0.5), (">", INK, 10), ("^", INK, 9)
CAUGHT, MISSED = ("o", INK, 12), ("o", PAPER, 12, 1.5, SOFT_INK)


def rows_of(side):
    """Return which candidates are listed, as (place, item): the first ones, and always the one shown."""
    places = list(enumerate(side.candidates.tolist(), 1))
    listed = places[:ROWS]
    if side.shown not in [item for _, item in listed]:
        listed = places[: ROWS - 1] + [place for place in places if place[1] == side.shown]
    return listed


def places_of_loved(numbers):
    """Return the places, among the loved items, of those listed: some caught before or after, and some missed."""
    caught = numbers.before.caught if numbers.after is None else numbers.before.caught | numbers.after.caught
    hit, miss = np.flatnonzero(caught).tolist(), np.flatnonzero(~caught).tolist()
    half = ROWS // 2
    return sorted((hit[:half] + miss[:half] + hit[half:] + miss[half:])[:ROWS])


class TitleLists:
    """The artists in a figure; `move` sets them to some numbers.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Attributes
    ----------
    lines : list
        The lines of the lists, as `outlines` takes them.
    """

    def __init__(self, figure):
        self._axes = axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(HEIGHT, 0)
        self._heads = [self._write(x, 30, size="title", weight="bold") for x in COLUMNS]
        self._subs = [self._write(x, 61) for x in COLUMNS]
        self._mores = [self._write(x, TOP + ROWS * PITCH - 4, colour=SOFT_INK) for x in COLUMNS]
        self._lists = [[self._make_row(x, place) for place in range(ROWS)] for x in COLUMNS[:2]]
        self._words = self._axes.add_patch(PathPatch(outlines([]), facecolor=INK, linewidth=0))
        self.lines = []
        for dx, word in zip(MARKS, ("before", "after"), strict=True):
            self._write(COLUMNS[2] + dx, 92, colour=SOFT_INK, ha="center").set_text(word)
        self._hearts, self._arrows, self._scores = (self._mark(*sign) for sign in (HEART, ARROW, SCORE))
        self._caught, self._missed = self._mark(*CAUGHT), self._mark(*MISSED)
        self._hint = self._write(COLUMNS[1] + BAR / 2, 260, ha="center", colour=SOFT_INK)
        self._hint.set_fontsize(24)
        self._make_legend()

    def _write(self, x, y, *, size="note", colour=INK, ha="left", weight="normal"):
        return self._axes.text(x, y, "", fontsize=FONT[size], color=colour, ha=ha, va="center", weight=weight)

    def _mark(self, marker, colour, size, edge=1.0, edge_colour=None):
        (line,) = self._axes.plot(
            [], [], linestyle="none", marker=marker, markersize=size, markerfacecolor=colour,
            markeredgecolor=edge_colour or INK, markeredgewidth=edge,
        )  # fmt: skip
        return line

    def _make_row(self, x, place):
        y = TOP + place * PITCH
        bar = self._axes.add_patch(Rectangle((x, y - 17), 0, 34, linewidth=0))
        frame = self._axes.add_patch(Rectangle((x, y - 17), LOVED + 14, 34, fill=False, edgecolor=INK, linewidth=2))
        for artist in (bar, frame):
            artist.set_animated(True)  # a row that is not in use is in no background either
        return bar, frame

    def _make_legend(self):
        y = HEIGHT - 28
        self._legend = self._write(COLUMNS[0], y, colour=SOFT_INK)
        for mark, x, word in (
            (HEART, 470, "loved"), (ARROW, 560, "shown by the late stage"),
            (CAUGHT, 836, "a candidate"), (MISSED, 980, "missed"),
        ):  # fmt: skip
            self._mark(*mark).set_data([x], [y])
            self._write(x + 16, y, colour=SOFT_INK).set_text(word)
        self._score_sign = self._mark(*SCORE)
        self._score_sign.set_data([290], [y])
        self._score_word = self._write(302, y, colour=SOFT_INK)

    def draw_background(self, numbers):
        """Write the legend."""
        scale, fitted = numbers.source.scale, numbers.source.name == FITTED
        what = {5.0: "this person's stars", 1.0: "P(4 stars or more), semi-synthetic"}.get(scale, "watch ratio")
        self._legend.set_text(f"bar: {what}")
        self._score_sign.set_visible(fitted)
        self._score_word.set_text("fitted score" if fitted else "")

    def move(self, numbers):
        """Set titles, bars and marks; return the artists to draw, in order."""
        setting, source, after = numbers.setting, numbers.source, numbers.after
        self._heads[0].set_text("Before training")
        self._heads[1].set_text("Not trained yet" if after is None else f"After {after.steps:,} steps")
        self._heads[1].set_color(INK if after is None else look_of(METHODS[setting.method][0]).colour)
        self._heads[2].set_text(f"Loved {source.things}: {numbers.loved.size}")
        self._subs[0].set_text(f"random towers, K = {setting.k}, all people {numbers.before.value:.2f}")
        to_do = f", {setting.n_steps:,} steps to train"
        self._subs[1].set_text(setting.method + (to_do if after is None else f", all people {after.value:.2f}"))
        caught = f"candidates: {numbers.before.caught.sum()} before"
        self._subs[2].set_text(caught + ("" if after is None else f", {after.caught.sum()} after"))
        self._hint.set_text("press Train" if after is None else "")
        bars, frames, marks, self.lines = [], [], ([], [], []), []
        for column, side in enumerate((numbers.before, after)):
            self._move_list(numbers, column, side, (bars, frames), marks)
        self._move_loved(numbers)
        self._words.set_path(outlines(self.lines))
        texts = [text for text in (*self._heads, *self._subs, *self._mores, self._hint) if text.get_text()]
        for line, points in zip((self._hearts, self._arrows, self._scores), marks, strict=True):
            line.set_data(*np.reshape(points, (-1, 2)).T)
        signs = [self._hearts, self._arrows, self._scores, self._caught, self._missed]
        return [*bars, *frames, *texts, self._words, *signs]

    def _move_list(self, numbers, column, side, artists, marks):
        listed = [] if side is None else rows_of(side)
        source, x = numbers.source, COLUMNS[column]
        scale, digits = source.scale or numbers.best or 1.0, 1 if source.scale == 5.0 else 2
        bars, frames = artists
        hearts, arrows, scores = marks
        for row, ((place, item), (bar, frame)) in enumerate(zip(listed, self._lists[column], strict=False)):
            reward, loved, y = numbers.reward(item), item in numbers.loved, TOP + row * PITCH
            bar.set_width(BAR * min(max(reward / scale, 0.0), 1.0))
            bar.set_facecolor(PETROFF["tan"] if loved else GRID)
            bar.set_alpha(0.5 if loved else 1.0)
            self.lines.append((x + 6, y, f"{place}. {shorten(source.titles[item], 25)}", 0.0))
            self.lines.append((x + VALUE, y, f"{reward:.{digits}f}", 1.0))
            bars.append(bar)
            if loved:
                hearts.append((x + LOVED, y))
            if source.name == FITTED:
                score = source.world.utility[numbers.setting.person, item]
                scores.append((x + BAR * min(max(score / scale, 0.0), 1.04), y + 13))
            if item == side.shown:
                frames.append(frame)
                arrows.append((x - 14, y))
        more = 0 if side is None else side.candidates.size - len(listed)
        self._mores[column].set_text(f"… and {count(more, 'more candidate')}" if more else "")

    def _move_loved(self, numbers):
        caught, missed = [], []
        for row, place in enumerate(places_of_loved(numbers)):
            title = shorten(numbers.source.titles[numbers.loved[place]], 23)
            self.lines.append((COLUMNS[2], TOP + row * PITCH, title, 0.0))
            for dx, side in zip(MARKS, (numbers.before, numbers.after), strict=True):
                if side is not None:
                    (caught if side.caught[place] else missed).append((COLUMNS[2] + dx, TOP + row * PITCH))
        self._caught.set_data(*np.reshape(caught, (-1, 2)).T)
        self._missed.set_data(*np.reshape(missed, (-1, 2)).T)
        more = numbers.loved.size - ROWS
        self._mores[2].set_text(f"… and {more} more" if more > 0 else "")
