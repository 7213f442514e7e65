"""The panel of 01: the late stage can only pick from what the early stage let through."""

import numpy as np

from capg_core.classroom.controls import button, candidates, choice, number
from capg_core.classroom.drawing import legend, log_axis, star, write
from capg_core.classroom.lessons.n01_two_stage_ranking import numbers as lesson
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import LATE_STAGES, MAX_K, RESTS, people
from capg_core.classroom.outlines import Lines
from capg_core.classroom.panel import Panel
from capg_core.classroom.words import count, shorten
from capg_core.look import FONT, INK, PETROFF, SOFT_INK, dress_axes

PEOPLE_BOX = (0.02, 0.145, 0.54, 0.77)
CURVE_BOX = (0.655, 0.145, 0.325, 0.60)
TOP_OF = {"optimal": 2.2, "uniform": 4.4, "anti": 4.4}
LONGEST_TITLE = 42
LOOK = {"label_width": 145, "width": 430}


class TwoStagePanel(Panel):
    """The film that each of six people ends up with, beside the regret against K.

    Examples
    --------
    >>> panel = TwoStagePanel(k=5)
    >>> panel.k.value = 20
    >>> panel.text.startswith("K = 20, early-stage quality 0.3")
    True
    """

    shows = "Left, the films of six people and which one each is shown; right, the expected regret against K."
    lesson = lesson
    k = candidates(20, MAX_K, **LOOK)
    late_stage = choice("The late stage", "picks the best", LATE_STAGES, label_width=145, width=380)
    quality = number("Early-stage quality", 0.3, 0.0, 1.0, 0.05, **LOOK)
    rest = choice("The rest of the score", RESTS[0], RESTS, label_width=145, width=380)
    new_noise = button("New draw", "draw_again")
    rows = ("k late_stage", "quality rest new_noise")

    def __init__(self, **start):
        super().__init__(**start)
        self._make_people()
        self._make_curves()
        self.refresh()

    # The picture.

    def background_key(self, numbers):
        """The late stage sets the height of the axes and the curve of random candidates."""
        return numbers.setting.ranks

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
        self._rows = []
        for row, person in enumerate(people()):
            places = _place(person, np.arange(person.n_items))
            axes.plot(places, np.full(person.n_items, row), "|", color=PETROFF["grey"], markersize=6, alpha=0.7)
            (dots,) = axes.plot([], [], "o", color=INK, markersize=5.5, markeredgewidth=0, zorder=3)
            shown = star(axes, 16, markeredgewidth=1.1, zorder=5)
            self._rows.append((dots, shown))
        self._captions = Lines(self.figure)
        (tick,) = axes.plot([], [], "|", color=PETROFF["grey"], markersize=9, label="a film they rated")
        dots, shown = self._rows[0]
        dots.set_label("a candidate")
        shown.set_label("shown")
        middle = PEOPLE_BOX[0] + PEOPLE_BOX[2] / 2
        legend(self.figure, [tick, dots, shown], (middle, 0.0), 3, loc="lower center", handletextpad=0.2)

    def _make_curves(self):
        axes = self.figure.add_axes(CURVE_BOX)
        dress_axes(axes, "", "candidates K", "regret in stars")
        log_axis(axes, 0.9, MAX_K * 1.1, (1, 2, 5, 10, 20, 50, 90))
        (self._random,) = axes.plot([], [], ":", color=PETROFF["grey"], linewidth=3, label="random candidates")
        (self._total,) = axes.plot([], [], "-", color=INK, linewidth=2.4, label="regret")
        (self._miss,) = axes.plot([], [], "--", color=PETROFF["orange"], linewidth=2.4, label="candidate miss")
        (self._point,) = axes.plot([], [], "o", color=INK, markersize=10, zorder=5)
        self._this_draw = star(axes, 15, zorder=6, label="this draw")
        self._now = axes.axvline(1, color=SOFT_INK, linewidth=1.2)
        self._curve_axes = axes
        write(self.figure, CURVE_BOX[0], 0.938, "regret: stars below their best", "title")
        handles = [self._total, self._miss, self._random, self._this_draw]
        legend(self.figure, handles, (CURVE_BOX[0] - 0.045, 0.93), 2, columnspacing=0.9, handlelength=1.7)

    def draw_background(self, numbers):
        """Draw the people's films, the axes, and the curve of an early stage that picks at random."""
        late_stage = numbers.setting.ranks
        self._curve_axes.set_ylim(-0.03 * TOP_OF[late_stage], TOP_OF[late_stage])
        self._random.set_data(*lesson.uniform_curve(late_stage))

    def draw_moving(self, numbers):
        """Move the candidates, the films shown and the curves."""
        setting, moving, captions = numbers.setting, [], []
        for row, (person, draw) in enumerate(zip(people(), numbers.draws, strict=True)):
            dots, shown = self._rows[row]
            dots.set_data(_place(person, draw.candidates), np.full(setting.k, row))
            shown.set_data([_place(person, draw.output)], [row])
            captions.append((*self._above(row), _caption(person, draw), 0.0))
            moving += [dots, shown]
        ks = lesson.curve_ks()
        where = (setting.quality, setting.rest)
        self._total.set_data(ks, lesson.regret_curve(*where, setting.ranks))
        self._miss.set_data(ks, lesson.regret_curve(*where, "optimal"))
        self._now.set_xdata([setting.k, setting.k])
        self._point.set_data([setting.k], [numbers.regret])
        self._this_draw.set_data([setting.k], [np.mean([draw.regret for draw in numbers.draws])])
        moving.append(self._captions.write(captions))
        return [*moving, self._now, self._total, self._miss, self._point, self._this_draw]

    def _above(self, row):
        """Return where the words over a row begin, in parts of the figure."""
        left, bottom, width, height = PEOPLE_BOX
        low, high = self._people_axes.get_ylim()
        return left + width * (0.035 - 0.012) / 1.07, bottom + height * (row - 0.36 - low) / (high - low)

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
            f"would have {numbers.random_regret:.2f}."
        )


def _place(person, items):
    """Return where films stand in the person's own order: 0 is the worst, 1 the best."""
    return 1.0 - (person.rank[items] - 1) / (person.n_items - 1)


def _caption(person, draw):
    text = f"user {person.user}: {shorten(person.titles[draw.output], LONGEST_TITLE)}"
    text += f", {count(person.mean_reward[draw.output], 'star')}"
    if draw.output == person.best:
        return text + ", the best"
    if person.best in draw.candidates:
        return text + " (the best was a candidate)"
    return text
