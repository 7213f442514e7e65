"""The training race: learning curves that are drawn while they train."""

import math

import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator

import capg_core as capg
from capg_core.classroom.controls import button, candidates, choice, pick, ticks, whole_text
from capg_core.classroom.drawing import mark, spread, write
from capg_core.classroom.lessons.n07_training_race.numbers import best_value, lead_of, random_value, recorded_curves
from capg_core.classroom.lessons.n07_training_race.words import (
    Numbers,
    ladder,
    lead_words,
    name_of,
    sentence_of,
    title_of,
)
from capg_core.classroom.problem import ToDo
from capg_core.classroom.racing import (
    ESTIMATORS,
    LATE_STAGES,
    LIST_BASELINE,
    MEAN_BASELINE,
    NO_BASELINE,
    PAPER_RATES,
    Race,
    Setting,
    paper_setting_curve,
)
from capg_core.classroom.racing_panel import RacingPanel
from capg_core.classroom.words import duration, small
from capg_core.look import FONT, GRID, INK, PAPER, SOFT_INK, dress_axes, look_of

KS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
STEPS = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 500_000)
SAME_RATE = "same rate for all"
IN_STEPS, IN_LOG_STEPS, IN_SECONDS = "steps", "steps, log scale", "seconds of training"
BOX = (0.065, 0.135, 0.635, 0.765)
LABEL_X = 0.745


class TrainingPanel(RacingPanel):
    """Estimators that train side by side; their curves grow while one looks. A stored race is shown at first.

    Parameters
    ----------
    world : World, optional
        What to train on; ``capg.SyntheticWorld()``, the paper's, if not given.
    rate : float or None
        The learning rate of all; None for the paper's rates.
    **start
        What the other controls begin with: ``k``, ``estimators``, ``n_steps``, ``seed``, and ``late_stage`` and
        ``baseline``, names in the menus.

    Examples
    --------
    >>> panel = TrainingPanel(capg.SyntheticWorld(30, 40), k=5, n_steps=60)
    >>> panel.start()
    >>> panel.wait(60)
    True
    >>> panel.text.startswith("After 60 steps at K = 5 (optimal late stage, rate 0.1 for all, no baseline)")
    True
    >>> sorted(panel.results), int(panel.results["CA-PG"].steps[-1])
    (['CA-PG', 'V-PG'], 60)
    """

    shows = "Learning curves of the estimators that are ticked, between random candidates and the most one can reach."
    cut = 0.738
    k = candidates(10, KS, width=420)
    late_stage = choice("Late stage", "optimal", LATE_STAGES)
    toggles = ticks("Train", ESTIMATORS, ("V-PG", "CA-PG"), "estimators")
    rate = pick("Rate for all", 0.1, RATES, "{:g}".format, width=420)
    rate_mode = choice("Learning rate", SAME_RATE, (SAME_RATE, PAPER_RATES))
    n_steps = choice("Steps", 20_000, STEPS, "{:,}".format)
    baseline = choice("Baseline", NO_BASELINE, (NO_BASELINE, LIST_BASELINE, MEAN_BASELINE))
    seed = whole_text("Seed", 0)
    horizontal = choice("Horizontal axis", IN_STEPS, (IN_STEPS, IN_LOG_STEPS, IN_SECONDS))
    start_button = button("Start", "start", style="primary")
    rows = (
        "k late_stage",
        "toggles",
        "rate rate_mode",
        "n_steps baseline",
        "seed horizontal",
        "start_button stop_button bar status",
    )

    def __init__(self, world=None, *, rate=0.1, **start):
        if not isinstance(world, capg.World | None):
            raise ValueError(f"world is {world!r}; expected a World")
        super().__init__(**start, **({"rate_mode": PAPER_RATES} if rate is None else {"rate": rate}))
        self._paper_world = world is None
        self.world = capg.SyntheticWorld() if world is None else world
        self._references = {}
        self.pictures = 0  # drawn since the last start
        self._make_artists()
        k, pool = self.k.value, self.world.smallest_pool
        with self.quietly():
            self.k.options = [option for option in self.k.options if option[1] <= pool or option[1] == k]
            self.k.value = k
        self._show_rate()
        self.refresh()

    @property
    def results(self):
        """Estimator to `capg.TrainingResult`, of the last race, up to now."""
        race = self._race
        return {} if race is None else {name: run.result() for name, run in race.runs.items()}

    def changed(self, name):
        """Draw anew."""
        self._show_rate()
        super().changed(name)

    def _show_rate(self):
        """Take the slider away while the paper's rates are used: it would show another rate than theirs."""
        self.rate.disabled = self.rate_mode.value == PAPER_RATES
        self.rate.layout.visibility = "hidden" if self.rate.disabled else "visible"

    # The race.

    def asked(self):
        """Return the `Setting` that the controls ask for."""
        values = self.values()
        del values["horizontal"]
        if values.pop("rate_mode") == PAPER_RATES:
            values["rate"] = PAPER_RATES
        return Setting(**values)

    def new_race(self):
        """Return a race of the estimators that are ticked."""
        if self.missing():
            raise ToDo(self.missing())
        self.pictures = 0
        return Race(self.world, self.asked(), self.report)

    def missing(self):
        """Say that there is nobody to race."""
        return "" if self.asked().estimators else "Nothing is ticked: tick at least one estimator, then press Start."

    def remark(self):
        """Say when CA-PG passed the line."""
        passed = self._when_passed(self._target(self._race.setting))
        if passed is None:
            return ""
        return f"; CA-PG passed the line at step {passed[0]:,}, {duration(passed[1])} of its training"

    # Numbers.

    def settings(self):
        """Read what the picture depends on: of a race, how far it is; before one, the controls."""
        race = self._race
        if race is None:
            return self.asked(), self.horizontal.value, 0, None
        return race.setting, self.horizontal.value, sum(r.done for r in race.runs.values()), (id(race), race.running)

    def compute(self, settings):
        """Collect the curves so far."""
        setting, horizontal, done, _ = settings
        key = setting.k, setting.late_stage
        if key not in self._references:
            late_stage, said = LATE_STAGES[setting.late_stage], self.status.value
            # a noisy late stage takes most of a second at its first visit: the page shows this at once
            self.status.value = small("Computing what candidates can earn with this late stage …")
            try:
                lowest = random_value(self.world, setting.k, late_stage)
                self._references[key] = best_value(self.world, setting.k, late_stage), lowest
            finally:
                self.status.value = said
        target = self._target(setting)
        race = self._race
        runs = {} if race is None else race.runs
        curves = {}
        for name, run in runs.items():
            x = run.seconds if horizontal == IN_SECONDS else run.steps
            n_points = len(run.policy_value)
            curves[name] = (np.array(x[:n_points]), np.array(run.policy_value[:n_points]))
        state = "idle" if race is None else "running" if race.running else "over"
        done = 0 if race is None else race.done
        measured = min((run.steps[-1] for run in runs.values() if run.steps), default=0)
        if race is None and self._paper_world and horizontal != IN_SECONDS and recorded_curves(setting):
            curves, state, done, measured = recorded_curves(setting), "recorded", setting.n_steps, setting.n_steps
        bounds, passed = self._references[key], self._when_passed(target)
        return Numbers(
            setting, horizontal, *bounds, target, curves, lead_of(curves), passed, measured, done, state
        )  # fmt: skip

    def _target(self, setting):
        """Return CA-PG's last value in the paper's setting, where the panel's setting is comparable."""
        comparable = self._paper_world and (setting.k, setting.late_stage) == (10, "optimal")
        return float(paper_setting_curve()[1][-1]) if comparable else None

    def _when_passed(self, target):
        """Return (steps, seconds of training) when CA-PG reached the target, or None."""
        run = self._race.runs.get("CA-PG") if self._race is not None else None
        if target is None or run is None:
            return None
        reached = (i for i, value in enumerate(run.policy_value) if value >= target)
        first = next(reached, None)
        return None if first is None else (run.steps[first], run.seconds[first])

    # The picture.

    def _limits(self, numbers):
        """Return (x limits, y low, y high); they change seldom, because a new background costs time."""
        curves = [curve for curve in numbers.curves.values() if curve[0].size]
        seen = max([x[-1] for x, _ in curves], default=0)
        left = 0.8 * numbers.setting.eval_every if numbers.horizontal == IN_LOG_STEPS else 0
        if numbers.horizontal != IN_SECONDS:
            right = min(ladder(max(seen, numbers.done), 100), max(numbers.setting.n_steps, 1))
            right = max(right, 1) if numbers.state != "idle" else max(numbers.setting.n_steps, 1)
        else:
            right = ladder(seen, 1)
        values = np.concatenate([y for _, y in curves]) if curves else np.empty(0)
        span = numbers.best - numbers.random
        span = span if span > 0.0 else max(abs(numbers.best), 1.0)
        lowest = min(numbers.random, values.min(initial=numbers.random))
        down = math.ceil(round((numbers.random - lowest) / span * 10, 6)) / 10
        top = max(numbers.best, values.max(initial=numbers.best))
        return (left, max(right, 2.0 * left)), numbers.random - (0.06 + down) * span, top + 0.06 * span

    def background_key(self, numbers):
        """Everything but the curves."""
        return (numbers.setting, numbers.horizontal, numbers.target, self._limits(numbers), numbers.state)

    def _make_artists(self):
        self._axes = self.figure.add_axes(BOX)
        self._lines, self._heads, self._names = {}, {}, {}
        for estimator in ESTIMATORS:
            look = look_of(estimator)
            (self._lines[estimator],) = self._axes.plot([], [], look.line, color=look.colour, linewidth=3, zorder=3)
            self._heads[estimator] = mark(self._axes, look, 11, zorder=4, clip_on=False)
            self._names[estimator] = write(self.figure, LABEL_X, 0, va="center", weight="bold", color=look.colour)
        self._bounds, self._bound_names = {}, {}
        for name, colour, line in (("best", INK, "--"), ("random", SOFT_INK, ":"),
                                   ("target", look_of("CA-PG").colour, "-.")):  # fmt: skip
            self._bounds[name] = self._axes.axhline(0, color=colour, linestyle=line, linewidth=2, zorder=2)
            self._bound_names[name] = write(self.figure, LABEL_X, 0, va="center", color=colour)
        self._arrow = self._axes.plot([], [], color=INK, linewidth=2, zorder=4)[0]
        self._tip = self._axes.plot([], [], "<", color=INK, markersize=11, zorder=4)[0]
        self._lead = write(
            self.figure, BOX[0] + BOX[2] - 0.012, 0, size="label", ha="right", va="bottom", linespacing=1.1
        )
        self._lead.set_path_effects([withStroke(linewidth=4, foreground=PAPER)])  # where it lies over a curve
        self._counter = write(self.figure, LABEL_X, BOX[1] + BOX[3] + 0.03, size="title")
        self._recorded = write(self.figure, LABEL_X, 0.03, "recorded; press Start\nfor a live race", color=SOFT_INK)
        self._hint = self._axes.text(0.5, 0.5, "press Start", transform=self._axes.transAxes, ha="center", va="center",
                                     fontsize=30, color=SOFT_INK, backgroundcolor=PAPER)  # fmt: skip

    def draw_background(self, numbers):
        """Update axes, title and reference lines."""
        ends, low, high = self._limits(numbers)
        if numbers.horizontal == IN_LOG_STEPS:
            self._axes.set_xscale("log", nonpositive="mask")  # step 0 has no place
            self._axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ends[1] < 1000 * ends[0] else (1,)))
        else:
            self._axes.set_xscale("linear")
        self._axes.minorticks_off()
        dress_axes(self._axes, "", numbers.horizontal, "mean reward of all users")
        self._axes.set_title(title_of(numbers.setting), fontsize=FONT["title"], color=INK, loc="left", pad=12)
        self._axes.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}" if value >= 10 else f"{value:g}")
        self._axes.set_xlim(*ends)
        self._axes.set_ylim(low, high)
        self._axes.grid(True, color=GRID)
        for name, line in self._bounds.items():
            level = getattr(numbers, name)
            line.set_visible(level is not None)
            if level is not None:
                line.set_ydata([level, level])
        self._hint.set_visible(numbers.state == "idle")
        self._recorded.set_visible(numbers.state == "recorded")

    def draw_moving(self, numbers):
        """Let the curves grow, and put the labels beside their ends."""
        moving, labels = [], []
        for estimator, (x, y) in numbers.curves.items():
            if not x.size:
                continue
            name = name_of(numbers.setting, estimator)
            look, line, head = look_of(name), self._lines[estimator], self._heads[estimator]
            line.set(xdata=x, ydata=y, linestyle="--" if look.hollow else look.line)
            head.set(xdata=x[-1:], ydata=y[-1:], **look.markers)
            moving += [line, head]
            self._names[estimator].set_text(f"{name} {y[-1]:.2f}")
            labels.append((y[-1], self._names[estimator]))
        words = {"best": "best for this late stage", "random": "random candidates", "target": "500,000 steps at 0.01:"}
        for name, text in self._bound_names.items():
            level = getattr(numbers, name)
            if level is not None:
                text.set_text(f"{words[name]} {level:.2f}")
                labels.append((level, text))
        _, low, high = self._limits(numbers)
        wanted = [BOX[1] + BOX[3] * (level - low) / (high - low) for level, _ in labels]
        placed = spread(wanted, 0.052, BOX[1], BOX[1] + BOX[3] - 0.01)
        for place, (_, text) in zip(placed, labels, strict=True):
            text.set_y(place)
            moving.append(text)
        self._counter.set_text(f"{numbers.done:,} steps" if numbers.state != "idle" else "")
        self.pictures += 1
        return [*moving, *self._point_back(numbers.lead, numbers.horizontal == IN_SECONDS, low, high), self._counter]

    def _point_back(self, lead, in_time, low, high):
        """Draw an arrow from the end of the last curve back to when the leader was as far."""
        if lead is None:
            return []
        self._arrow.set_data([lead.begin, lead.end], [lead.level, lead.level])
        self._tip.set_data([lead.begin], [lead.level])
        self._lead.set_text(lead_words(lead, in_time))
        self._lead.set_y(BOX[1] + BOX[3] * (lead.level - low) / (high - low) + 0.012)
        return [self._arrow, self._tip, self._lead]

    # The sentence.

    def sentence_of(self, numbers):
        """Say in numbers what the picture shows."""
        return sentence_of(numbers, numbers.horizontal == IN_SECONDS)
