"""The panel of 01: the late stage can only pick from what the early stage let through."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch

from capg_core.classroom.controls import button, candidates, choice, number
from capg_core.classroom.drawing import legend, log_axis, write
from capg_core.classroom.lessons.n01_two_stage_ranking import numbers as lesson
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import LATE_STAGES, MAX_K, RESTS, people
from capg_core.classroom.lessons.n01_two_stage_ranking.pictures import MISS, MISTAKE
from capg_core.classroom.outlines import Lines
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import count, shorten
from capg_core.look import FONT, INK, PAPER, PETROFF, SOFT_INK, dress_axes

PEOPLE_BOX = (0.02, 0.145, 0.54, 0.77)
CURVE_BOX = (0.66, 0.145, 0.32, 0.55)
KEYS = (0.89, 0.83, 0.77)  # of the lines over the curves, in parts of the figure
TOP, TICKS = 2.2, (0, 0.5, 1, 1.5, 2)  # of the curves' axis, in stars
LONGEST_TITLE = 38
LOOK = {"label_width": 145, "width": 430}


class TwoStagePanel(Panel):
    """The film that each of six people ends up with, beside the regret against K and whose fault it is.

    Examples
    --------
    >>> panel = TwoStagePanel(k=5)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, early-stage quality 0.8")
    True
    """

    shows = "Left, the films of six people and which one each is shown; right, the two parts of the regret against K."
    cut = 0.595
    lesson = lesson
    k = candidates(5, MAX_K, **LOOK)
    late_stage = choice("The late stage", "picks the best", LATE_STAGES, label_width=145, width=380)
    quality = number("Early-stage quality", 0.8, 0.0, 1.0, 0.05, **LOOK)
    rest = choice("The rest of the score", RESTS[0], RESTS, label_width=145, width=380)
    new_noise = button("New draw", "draw_again")
    rows = ("k late_stage", "quality rest new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_people()
        self._make_curves()
        self._words = Lines(self.figure)
        self.refresh()

    # The picture.

    def _make_people(self):
        axes = self._people_axes = self.figure.add_axes(PEOPLE_BOX)
        axes.set_title("what six people are shown", fontsize=FONT["title"], color=INK, pad=8)
        axes.set_xlim(-0.035, 1.035)
        axes.set_ylim(len(people()) - 0.55, -0.66)
        axes.set_xticks([0, 1], ["their worst film", "their best film"])
        axes.get_xticklabels()[0].set_ha("left")
        axes.get_xticklabels()[1].set_ha("right")
        axes.set_yticks([])
        axes.tick_params(labelsize=FONT["tick"], colors=INK, length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        every = [(_place(p, np.arange(p.n_items)), np.full(p.n_items, row)) for row, p in enumerate(people())]
        axes.plot(*np.hstack(every), "|", color=PETROFF["grey"], markersize=6, alpha=0.7)
        # the way from the best film down to the one shown, in the colours of the two parts
        self._missed, self._passed = (
            axes.add_collection(LineCollection([], colors=colour, linewidths=9, capstyle="butt", zorder=1))
            for colour in (MISS, MISTAKE)
        )
        (self._dots,) = axes.plot([], [], "o", color=INK, markersize=5.5, markeredgewidth=0, zorder=3)
        (self._films,) = axes.plot([], [], "D", color=INK, markersize=12, markeredgecolor=PAPER, zorder=5)
        (tick,) = axes.plot([], [], "|", color=PETROFF["grey"], markersize=9)
        middle, labels = PEOPLE_BOX[0] + PEOPLE_BOX[2] / 2, ["a film they rated", "a candidate", "shown"]
        handles = [tick, self._dots, self._films]
        legend(self.figure, handles, (middle, 0.0), 3, labels=labels, loc="lower center", handletextpad=0.2)

    def _make_curves(self):
        axes = self.figure.add_axes(CURVE_BOX)
        dress_axes(axes, "", "candidates K", "regret in stars")
        # what is drawn is scaled to these axes, and the words at the ticks change: the background stays
        axes.set(ylim=(0, TOP), yticks=TICKS, yticklabels=[])
        axes.yaxis.set_label_coords(-0.13, 0.5)
        log_axis(axes, 1, MAX_K, (1, 2, 5, 10, 20, 50, 90))
        ks = lesson.curve_ks()
        self._areas = [axes.fill_between(ks, 0 * ks, color=colour, linewidth=0) for colour in (MISS, MISTAKE)]
        (self._blind,) = axes.plot([], [], ":", color=SOFT_INK, linewidth=3)
        (self._total,) = axes.plot([], [], "-", color=INK, linewidth=2.4)
        self._now = axes.axvline(1, color=INK, linewidth=1.4)
        write(self.figure, CURVE_BOX[0], 0.938, "regret: stars below their best", "title")
        left = CURVE_BOX[0] - 0.045
        for y, handle in zip(KEYS, (Patch(color=MISTAKE), Patch(color=MISS), self._blind), strict=True):
            legend(self.figure, [handle], (left, y), 1, labels=[""], loc="center left", borderpad=0, handlelength=1.5)

    def draw_moving(self, numbers):
        """Move the candidates, the films shown and the areas."""
        setting, ks, scale = numbers.setting, lesson.curve_ks(), 1.0 / _unit(numbers)
        dots, shown, missed, passed = [], [], [], []
        for row, (person, draw) in enumerate(zip(people(), numbers.draws, strict=True)):
            here, best = (_place(person, film) for film in (draw.output, draw.best_candidate))
            dots.append((_place(person, draw.candidates), np.full(setting.k, row)))
            shown.append((here, row))
            missed.append([(best, row), (1.0, row)])
            passed.append([(here, row), (best, row)])
        self._dots.set_data(*np.hstack(dots))
        self._films.set_data(*np.transpose(shown))
        self._missed.set_segments(missed)
        self._passed.set_segments(passed)
        miss, total = scale * numbers.miss_curve, scale * numbers.curve
        self._areas[0].set_data(ks, 0 * ks, miss)
        self._areas[1].set_data(ks, miss, total)
        self._total.set_data(ks, total)
        self._blind.set_data(ks, scale * numbers.blind_curve)
        self._now.set_xdata([setting.k, setting.k])
        words = self._words.write([*self._captions(numbers), *_keys(numbers), *_ticks(numbers)])
        people_s = [self._missed, self._passed, self._dots, self._films]
        return [*people_s, *self._areas, self._blind, self._total, self._now, words]

    def _captions(self, numbers):
        """Return the words over each row, and where they begin in parts of the figure."""
        left, bottom, width, height = PEOPLE_BOX
        low, high = self._people_axes.get_ylim()
        for row, (person, draw) in enumerate(zip(people(), numbers.draws, strict=True)):
            y = bottom + height * (row - 0.36 - low) / (high - low)
            yield left + width * (0.035 - 0.012) / 1.07, y, _caption(person, draw), 0.0

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows."""
        setting, draws = numbers.setting, numbers.draws
        n_best = sum(draw.output == person.best for person, draw in zip(people(), draws, strict=True))
        n_held = sum(person.best in draw.candidates for person, draw in zip(people(), draws, strict=True))
        return (
            f"K = {setting.k}, early-stage quality {setting.quality:g} (the rest is {setting.rest}), the late stage "
            f"{setting.late_stage}. In this draw the best film is a candidate for {n_held} of {len(draws)} people "
            f"and is shown to {n_best}; mean regret {np.mean([d.regret for d in draws]):.2f} stars. Expected over all "
            f"draws: regret {numbers.regret:.2f} stars, of which {numbers.miss:.2f} because the candidates missed it "
            f"and {numbers.mistake:.2f} because the late stage did not pick it. An early stage that picks at random "
            f"would have {numbers.blind:.2f}."
        )


def _place(person, items):
    """Return where films stand in the person's own order: 0 is the worst, 1 the best."""
    return 1.0 - (person.rank[items] - 1) / (person.n_items - 1)


def _caption(person, draw):
    text = f"user {person.user}: {shorten(person.titles[draw.output], LONGEST_TITLE)}"
    text += f", {count(person.mean_reward[draw.output], 'star')}"
    return text + (", the best" if draw.output == person.best else "")


def _keys(numbers):
    """Return the words beside the three keys over the curves, with what each is at this K."""
    said = (
        f"late-stage mistake: {numbers.mistake:.2f} stars",
        f"candidate miss: {numbers.miss:.2f} stars",
        f"all, if the early stage is blind: {numbers.blind:.2f}",
    )
    return [(CURVE_BOX[0] - 0.007, y, words, 0.0) for y, words in zip(KEYS, said, strict=True)]


def _unit(numbers):
    """Return what a star of the axes stands for: with the worst late stage everything is twice as high."""
    return 2.0 if "anti" in numbers.setting.parts else 1.0


def _ticks(numbers):
    """Return the words left of the curves' axis."""
    left, bottom, _, height = CURVE_BOX
    return [(left - 0.01, bottom + height * at / TOP, f"{at * _unit(numbers):.1f}", 1.0) for at in TICKS]
