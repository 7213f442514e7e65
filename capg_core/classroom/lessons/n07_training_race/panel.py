"""The training race: learning curves that are drawn while they train."""

import math
import time

import ipywidgets as widgets
import numpy as np

import capg_core as capg
from capg_core.classroom.lessons.n07_training_race.words import (
    Numbers,
    duration,
    ladder,
    make_menu,
    make_slider,
    name_of,
    sentence_of,
    small,
    title_of,
    with_children,
)
from capg_core.classroom.panel import RacingPanel, control_rows, run_controls
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
from capg_core.look import FONT, GRID, INK, PAPER, SOFT_INK, dress_axes, look_of, spread

KS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
STEPS = (500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 500_000)
SAME_RATE = "same rate for all"
IN_STEPS, IN_SECONDS = "steps", "seconds of training"
BOX = (0.065, 0.135, 0.655, 0.765)
LABEL_X = 0.732
_SAY_EVERY = 2.0  # seconds between two sentences while training: a screen reader reads each of them


class TrainingPanel(RacingPanel):
    """Estimators that train side by side; their curves grow while one looks.

    Parameters
    ----------
    world : World, optional
        What to train on; ``capg.SyntheticWorld()``, the paper's, if not given.
    k : int
    estimators : sequence of str
        Which are ticked.
    n_steps, seed : int
    rate : float or None
        The learning rate of all; None for the paper's rates.
    late_stage : str
        One of the menu's names.
    baseline : str
        One of the menu's names.

    Attributes
    ----------
    k, rate_mode, rate, late_stage, baseline, n_steps, seed, horizontal : ipywidgets controls
        Set their ``.value`` to drive the panel; a race that runs keeps the values it was started with.
    toggles : dict
        Estimator to checkbox.
    start_button, stop_button : ipywidgets.Button
    bar, status : ipywidgets
        The progress, and the time left.
    pictures : int
        How many were drawn since the last start.

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

    def __init__(
        self, world=None, *, k=10, estimators=("V-PG", "CA-PG"), n_steps=20_000, seed=0, rate=0.1,
        late_stage="optimal", baseline=NO_BASELINE,
    ):  # fmt: skip
        for estimator in estimators:
            if estimator not in ESTIMATORS:
                raise ValueError(f"estimator is {estimator!r}; expected some of {', '.join(ESTIMATORS)}")
        self._paper_world = world is None
        self.world = capg.SyntheticWorld() if world is None else world
        if not isinstance(self.world, capg.World):
            raise ValueError(f"world is {world!r}; expected a World")
        self._first = Setting(tuple(estimators), k, PAPER_RATES if rate is None else rate, late_stage, baseline,
                              n_steps, seed)  # fmt: skip
        self._race, self._references = None, {}
        self._said, self.pictures = 0.0, 0
        super().__init__()

    # Driving it.

    def start(self):
        """Train with the controls' present values, in the background; a race that runs is stopped and replaced."""
        with self._lock:
            self.stop()
            self._race, self.pictures, self._said = None, 0, 0.0
            setting = self._wanted()
            if not setting.estimators:
                raise ValueError("no estimator is ticked; tick at least one")
            self._race = Race(self.world, setting, self._report)
            self.bar.value, self.bar.bar_style = 0.0, ""
            self.status.value = small("preparing …")
            self._race.start()

    def close(self):
        """Stop, and take the panel's widgets out of the notebook."""
        self.stop()
        for widget in with_children(self.widget):
            widget.close()

    @property
    def results(self):
        """Estimator to `capg.TrainingResult`, of the last race, up to now."""
        race = self._race
        return {} if race is None else {name: run.result() for name, run in race.runs.items()}

    # Controls.

    def make_controls(self):
        """Make the controls, in the order the Tab key visits them."""
        first, pool = self._first, self.world.smallest_pool
        self.k = make_slider("Candidates K", [k for k in KS if k <= pool], first.k, str)
        self.late_stage = make_menu("Late stage", list(LATE_STAGES), first.late_stage)
        narrow = widgets.Layout(width="auto", margin="0 16px 0 0")
        self.toggles = {
            e: widgets.Checkbox(value=e in first.estimators, description=look_of(e).label, indent=False, layout=narrow)
            for e in ESTIMATORS
        }
        paper = first.rate == PAPER_RATES
        self.rate_mode = make_menu("Learning rate", [SAME_RATE, PAPER_RATES], PAPER_RATES if paper else SAME_RATE)
        self.rate = make_slider("Rate for all", RATES, 0.1 if paper else first.rate, "{:g}".format)
        self.rate.disabled = paper
        self.baseline = make_menu("Baseline", [NO_BASELINE, LIST_BASELINE, MEAN_BASELINE], first.baseline)
        steps = sorted({*STEPS, first.n_steps})
        self.n_steps = make_menu("Steps", [(f"{n:,}", n) for n in steps], first.n_steps)
        self.seed = widgets.BoundedIntText(value=first.seed, min=0, max=10**6, description="Seed",
                                           style={"description_width": "105px"},
                                           layout=widgets.Layout(width="220px"))  # fmt: skip
        self.horizontal = make_menu("Horizontal axis", [IN_STEPS, IN_SECONDS], IN_STEPS)
        self.start_button, self.stop_button, self.bar, self.status = run_controls(self, "Start")
        self._watch_controls()
        label = widgets.HTML('<span style="font-size:14px">Train</span>', layout={"margin": "0 10px 0 72px"})
        rows = [
            [self.k, self.late_stage],
            [label, *self.toggles.values()],
            [self.rate, self.rate_mode],
            [self.n_steps, self.baseline],
            [self.seed, self.horizontal],
            [self.start_button, self.stop_button, self.bar, self.status],
        ]
        return control_rows(rows)

    def _watch_controls(self):
        changed = self.guard(lambda change: self._change())
        for control in (self.k, self.late_stage, self.rate_mode, self.rate, self.baseline, self.n_steps, self.seed,
                        self.horizontal, *self.toggles.values()):  # fmt: skip
            control.observe(changed, names="value")

    def _change(self):
        self.rate.disabled = self.rate_mode.value == PAPER_RATES
        self.refresh()
        self._say_status()

    def _wanted(self):
        """Return the setting that the controls ask for."""
        rate = PAPER_RATES if self.rate_mode.value == PAPER_RATES else self.rate.value
        return Setting(
            tuple(e for e, box in self.toggles.items() if box.value), self.k.value, rate, self.late_stage.value,
            self.baseline.value, self.n_steps.value, self.seed.value,
        )  # fmt: skip

    # What the race's thread calls.

    def _report(self, race):
        with self._lock:
            if race is not self._race:
                return  # replaced by a newer one
            if race.error is not None:
                self._race = None if not race.runs else race
                self._say_error(race.error)
                self.bar.bar_style = "danger"
                self.status.value = ""
                return
            self.refresh()
            self.bar.value = race.progress
            if not race.running:
                self.bar.bar_style = "" if race.stopped else "success"
            self._say_status()

    def _say_status(self):
        race = self._race
        if race is None:
            self.status.value = ""
            return
        done, left = max((run.done for run in race.runs.values()), default=0), race.seconds_left
        words = f"step {done:,} of {race.setting.n_steps:,}"
        if race.running:
            words += f", {duration(left)} left" if math.isfinite(left) else ""
        else:
            words += ", stopped" if race.progress < 1.0 else ", done"
            words += f" after {duration(race.elapsed)}"
        passed = self._when_passed(self._target(race.setting))
        if passed is not None:
            words += f"; CA-PG passed the line at step {passed[0]:,}, {duration(passed[1])} of its training"
        if self._wanted() != race.setting:
            words += ". The settings were changed: Start trains with the new ones"
        self.status.value = small(words + ".")

    # Numbers.

    def settings(self):
        """Read what the picture depends on: of a race, how far it is; before one, the controls."""
        race = self._race
        if race is None:
            return self._wanted(), self.horizontal.value, 0, None
        return race.setting, self.horizontal.value, sum(r.done for r in race.runs.values()), (id(race), race.running)

    def compute(self, settings):
        """Collect the curves so far."""
        setting, horizontal, done, _ = settings
        key = setting.k, setting.late_stage
        if key not in self._references:
            late_stage = LATE_STAGES[setting.late_stage]
            lowest = capg.uniform_value(self.world, setting.k, late_stage=late_stage)
            self._references[key] = capg.optimal_value(self.world), lowest
        target = self._target(setting)
        race = self._race
        runs = {} if race is None else race.runs
        curves = {}
        for name, run in runs.items():
            x = run.steps if horizontal == IN_STEPS else run.seconds
            n_points = len(run.policy_value)
            curves[name] = (np.array(x[:n_points]), np.array(run.policy_value[:n_points]))
        state = "idle" if race is None else "running" if race.running else "over"
        done = max((run.done for run in runs.values()), default=0)
        measured = min((run.steps[-1] for run in runs.values() if run.steps), default=0)
        passed = self._when_passed(target)
        return Numbers(setting, horizontal, *self._references[key], target, curves, passed, measured, done, state)

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
        """Return (x limit, y low, y high); they change seldom, because a new background costs time."""
        curves = [curve for curve in numbers.curves.values() if curve[0].size]
        seen = max([x[-1] for x, _ in curves], default=0)
        if numbers.horizontal == IN_STEPS:
            right = min(ladder(max(seen, numbers.done), 100), max(numbers.setting.n_steps, 1))
            right = max(right, 1) if numbers.state != "idle" else max(numbers.setting.n_steps, 1)
        else:
            right = ladder(seen, 1)
        values = np.concatenate([y for _, y in curves]) if curves else np.empty(0)
        span = numbers.highest - numbers.random
        span = span if span > 0.0 else max(abs(numbers.highest), 1.0)
        lowest = min(numbers.random, values.min(initial=numbers.random))
        down = math.ceil(round((numbers.random - lowest) / span * 10, 6)) / 10
        top = max(numbers.highest, values.max(initial=numbers.highest))
        return right, numbers.random - (0.06 + down) * span, top + 0.06 * span

    def background_key(self, numbers):
        """Everything but the curves."""
        return (numbers.setting, numbers.horizontal, numbers.target, self._limits(numbers), numbers.state == "idle")

    def _make_artists(self):
        self._axes = self.figure.add_axes(BOX)
        self._lines, self._heads, self._names = {}, {}, {}
        for estimator in ESTIMATORS:
            look = look_of(estimator)
            (self._lines[estimator],) = self._axes.plot([], [], look.line, color=look.colour, linewidth=3, zorder=3)
            (self._heads[estimator],) = self._axes.plot(
                [], [], look.marker, color=look.colour, markersize=11, markeredgecolor=PAPER, zorder=4, clip_on=False
            )
            self._names[estimator] = self.figure.text(
                LABEL_X, 0, "", fontsize=FONT["note"], va="center", weight="bold", color=look.colour
            )
        self._bounds, self._bound_names = {}, {}
        for name, colour, line in (("highest", INK, "--"), ("random", SOFT_INK, ":"),
                                   ("target", look_of("CA-PG").colour, "-.")):  # fmt: skip
            self._bounds[name] = self._axes.axhline(0, color=colour, linestyle=line, linewidth=2, zorder=2)
            self._bound_names[name] = self.figure.text(LABEL_X, 0, "", fontsize=FONT["note"], va="center", color=colour)
        self._counter = self.figure.text(LABEL_X, BOX[1] + BOX[3] + 0.03, "", fontsize=FONT["title"], color=INK)
        self._hint = self._axes.text(0.5, 0.5, "press Start", transform=self._axes.transAxes, ha="center", va="center",
                                     fontsize=30, color=SOFT_INK, backgroundcolor=PAPER)  # fmt: skip

    def draw_background(self, numbers):
        """Update axes, title and reference lines."""
        if not hasattr(self, "_axes"):
            self._make_artists()
        dress_axes(self._axes, "", numbers.horizontal, "mean reward of all users")
        self._axes.set_title(title_of(numbers.setting), fontsize=FONT["title"], color=INK, loc="left", pad=12)
        self._axes.xaxis.set_major_formatter(lambda value, place: f"{value:,.0f}" if value >= 10 else f"{value:g}")
        right, low, high = self._limits(numbers)
        self._axes.set_xlim(0, right)
        self._axes.set_ylim(low, high)
        self._axes.grid(True, color=GRID)
        for name, line in self._bounds.items():
            level = getattr(numbers, name)
            line.set_visible(level is not None)
            if level is not None:
                line.set_ydata([level, level])
        self._hint.set_visible(numbers.state == "idle")

    def draw_moving(self, numbers):
        """Let the curves grow, and put the labels beside their ends."""
        moving, labels = [], []
        for estimator, (x, y) in numbers.curves.items():
            if not x.size:
                continue
            self._lines[estimator].set_data(x, y)
            self._heads[estimator].set_data(x[-1:], y[-1:])
            moving += [self._lines[estimator], self._heads[estimator]]
            self._names[estimator].set_text(f"{name_of(numbers.setting, estimator)} {y[-1]:.2f}")
            labels.append((y[-1], self._names[estimator]))
        words = {"highest": "highest possible", "random": "random candidates", "target": "500,000 steps at 0.01:"}
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
        return [*moving, self._counter]

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows; while training, a new sentence every two seconds."""
        now = time.monotonic()
        if numbers.state == "running" and now - self._said < _SAY_EVERY:
            return self.text
        self._said = now
        return sentence_of(numbers)
