"""The recommendation panel: one person's candidates before and after training, by title, and the loved ones missed."""

import html
import math
import time

import ipywidgets as widgets
import numpy as np

from capg_core.classroom.lessons.n08_real_ratings import numbers as recommendation_numbers
from capg_core.classroom.lessons.n08_real_ratings.numbers import KUAIREC, METHODS, OWN, RATE, SOURCES, source_of
from capg_core.classroom.lessons.n08_real_ratings.picture import HEIGHT, WIDTH, TitleLists
from capg_core.classroom.panel import RacingPanel, control_rows, run_controls
from capg_core.classroom.racing import MEAN_BASELINE, NO_BASELINE, Race
from capg_core.classroom.racing import Setting as RaceSetting

KS = (1, 2, 5, 10, 20, 50, 100)
STEPS = (50, 100, 200, 500, 1000, 3000)
_SAY_EVERY = 2.0  # seconds between two sentences while training: a screen reader reads each of them
_MOST_KEPT = 40  # trainings


class RecommendationPanel(RacingPanel):
    """Titles that an early stage lets through, before and after training, on real people's ratings.

    Parameters
    ----------
    data : str
        One of `capg_core.classroom.lessons.n08_real_ratings.numbers.SOURCES`.
    k : int
    user : int
        The person, as `capg_core.load_ratings` numbers users; the first in the list if the data has no such person.
    method : str
        One of `capg_core.classroom.lessons.n08_real_ratings.numbers.METHODS`.
    n_steps, seed : int

    Attributes
    ----------
    data, path, k, person, method, n_steps, seed : ipywidgets controls
        Set their ``.value`` to drive the panel. A training goes on with the settings it was started with.
    train_button, stop_button : ipywidgets.Button
    bar, status : ipywidgets
        The progress, and the time left.
    numbers : Numbers
        What is shown.

    Examples
    --------
    >>> panel = RecommendationPanel(k=5, n_steps=20)
    >>> panel.start()
    >>> panel.wait(60)
    True
    >>> panel.text.startswith("User 486: 108 films; loved: 22 films with 5 stars. K = 5")
    True
    """

    size = (WIDTH / 100, HEIGHT / 100)

    def __init__(self, data=OWN, k=5, user=486, method="CA-PG", n_steps=200, seed=0):
        if method not in METHODS:
            raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
        self._first = data, k, user, method, n_steps, seed
        self._trained, self._race, self._race_key = {}, None, None
        self._quiet, self._said, self._user = False, 0.0, user
        self.numbers = self._lists = None
        super().__init__()

    # Driving it.

    def start(self):
        """Train with the controls' present values, in the background; a training that runs is stopped and replaced."""
        with self._lock:
            self.stop()
            setting = self._setting()
            source = source_of(setting.data, setting.path)
            estimator, baseline = METHODS[setting.method]
            race_setting = RaceSetting(
                (estimator,), setting.k, RATE, "optimal", MEAN_BASELINE if baseline else NO_BASELINE, setting.n_steps,
                setting.seed,
            )  # fmt: skip
            self._race, self._race_key = Race(source.world, race_setting, self._report), setting.training
            self._said = 0.0
            self.bar.value, self.bar.bar_style = 0.0, ""
            self.status.value = _small("preparing …")
            self._race.start()

    # Controls.

    def make_controls(self):
        """Make the controls, in the order the Tab key visits them."""
        data, k, _, method, n_steps, seed = self._first
        self.data = _menu("Data", SOURCES, data, "560px")
        self.path = widgets.Text(
            description="KuaiRec path", placeholder="folder, zip or small_matrix.csv", continuous_update=False,
            disabled=data != KUAIREC, style={"description_width": "105px"}, layout=widgets.Layout(width="420px"),
        )  # fmt: skip
        ks = [(str(choice), choice) for choice in sorted({*KS, k})]
        self.k = _slider("Candidates K", ks, k, "400px")
        self.person = _slider("Person", [("…", 0)], 0, "580px")
        self.method = _menu("Estimator", list(METHODS), method, "350px")
        steps = [(f"{n:,}", n) for n in sorted({*STEPS, n_steps})]
        self.n_steps = _menu("Steps", steps, n_steps, "230px")
        self.seed = widgets.BoundedIntText(
            value=seed, min=0, max=10**6, description="Seed", style={"description_width": "105px"},
            layout=widgets.Layout(width="220px"),
        )  # fmt: skip
        self.train_button, self.stop_button, self.bar, self.status = run_controls(self, "Train")
        self._fill_people()
        changed = self.guard(lambda change: self._change())
        for control in (self.k, self.person, self.method, self.n_steps, self.seed):
            control.observe(changed, names="value")
        for control in (self.data, self.path):
            control.observe(self.guard(lambda change: self._change_data()), names="value")
        rows = [
            [self.data, self.path],
            [self.k, self.person],
            [self.method, self.n_steps, self.seed],
            [self.train_button, self.stop_button, self.bar, self.status],
        ]
        return control_rows(rows)

    def _fill_people(self):
        """Let the sliders offer what the data has; the same person and K stay if they can."""
        if self.data.value == KUAIREC and not self.path.value:
            return
        source = source_of(self.data.value, self.path.value.strip())
        ks = [(str(k), k) for k in sorted({*KS, self.k.value}) if k <= source.world.smallest_pool]
        k = min(self.k.value, ks[-1][1])
        users = getattr(source.world, "users", np.empty(0))
        rows = np.flatnonzero(users == self._user)
        row = int(rows[0]) if rows.size else next(iter(source.people.values()))
        self._quiet = True
        try:
            self.k.options, self.k.value = ks, k
            self.person.options, self.person.value = list(source.people.items()), row
        finally:
            self._quiet = False

    def _change_data(self):
        self.path.disabled = self.data.value != KUAIREC
        self._shown = None  # the same path can hold a file now
        self._fill_people()
        self._change()

    def _change(self):
        if self._quiet:
            return
        if self.data.value != KUAIREC:
            self._user = int(source_of(self.data.value).world.users[self.person.value])
        self.refresh()
        self._say_status()

    def _setting(self):
        """Return what the controls ask for."""
        path = self.path.value.strip() if self.data.value == KUAIREC else ""
        return recommendation_numbers.Setting(
            self.data.value, path, self.k.value, self.person.value, self.method.value, self.n_steps.value,
            self.seed.value,
        )  # fmt: skip

    # What the training's thread calls.

    def _report(self, race):
        with self._lock:
            if race is not self._race:
                return  # replaced by a newer one
            if race.error is not None:
                self._race = self._race_key = None
                self._say_error(race.error)
                self.bar.bar_style = "danger"
                self.status.value = ""
                return
            if not race.running and self._so_far() is not None:
                self._trained[self._race_key] = self._so_far()
                while len(self._trained) > _MOST_KEPT:
                    self._trained.pop(next(iter(self._trained)))
                self.bar.bar_style = "" if race.stopped else "success"
            self.refresh()
            self.bar.value = race.progress
            self._say_status()

    def _so_far(self):
        """Return (model, steps, value) of the training in hand; None before its first evaluation."""
        run = next(iter(self._race.runs.values()), None)
        if run is None or not run.policy_value:
            return None
        return run.model, run.done, run.policy_value[-1]

    def _say_status(self):
        race = self._race
        if race is None:
            self.status.value = ""
            return
        done, left = max((run.done for run in race.runs.values()), default=0), race.seconds_left
        words = f"step {done:,} of {race.setting.n_steps:,}"
        if race.running:
            words += f", {math.ceil(left)} s left" if math.isfinite(left) else ""
        else:
            words += ", stopped" if race.progress < 1.0 else ", done"
        if self._setting().training != self._race_key:
            words += ". That was with other settings: Train trains with these"
        self.status.value = _small(words + ".")

    # Numbers.

    def settings(self):
        """Read the controls, and how far the training at this setting is."""
        setting, race = self._setting(), self._race
        if race is not None and self._race_key == setting.training:
            so_far = self._so_far()
            if so_far is not None:
                return setting, so_far[1], race.running
        kept = self._trained.get(setting.training)
        return setting, None if kept is None else kept[1], False

    def compute(self, settings):
        """Compute one person's lists."""
        setting, steps, _ = settings
        trained = None
        if steps is not None:
            in_hand = self._race is not None and self._race_key == setting.training
            trained = self._so_far() if in_hand else self._trained[setting.training]
        self.numbers = recommendation_numbers.numbers_at(setting, trained)
        return self.numbers

    # The picture.

    def background_key(self, numbers):
        """The legend under the columns."""
        return numbers.source.name

    def draw_background(self, numbers):
        """Write the legend."""
        if self._lists is None:
            self._lists = TitleLists(self.figure)
        self._lists.draw_background(numbers)

    def draw_moving(self, numbers):
        """Write the titles."""
        return self._lists.move(numbers)

    # The sentence.

    def describe(self, numbers):
        """Say in numbers what the picture shows; while training, a new sentence every two seconds."""
        now = time.monotonic()
        if self._race is not None and self._race.running and now - self._said < _SAY_EVERY:
            if self._race_key == numbers.setting.training and self.text:
                return self.text
        self._said = now
        return recommendation_numbers.describe(numbers)


def _slider(description, options, value, width):
    return widgets.SelectionSlider(
        options=options, value=value, description=description, style={"description_width": "105px"},
        layout=widgets.Layout(width=width),
    )  # fmt: skip


def _menu(description, options, value, width):
    return widgets.Dropdown(
        options=options, value=value, description=description, style={"description_width": "105px"},
        layout=widgets.Layout(width=width),
    )  # fmt: skip


def _small(text):
    return f'<span style="font-size:14px">{html.escape(text)}</span>'
