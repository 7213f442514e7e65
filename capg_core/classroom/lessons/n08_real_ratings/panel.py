"""The recommendation panel: one person's candidates before and after training, by title, and the loved ones missed."""

import numpy as np

from capg_core.classroom.controls import button, candidates, choice, pick, text, whole_text
from capg_core.classroom.lessons.n08_real_ratings import numbers as lesson
from capg_core.classroom.lessons.n08_real_ratings.numbers import KUAIREC, METHODS, OWN, RATE, SOURCES, source_of
from capg_core.classroom.lessons.n08_real_ratings.picture import HEIGHT, WIDTH, TitleLists
from capg_core.classroom.racing import MEAN_BASELINE, NO_BASELINE, Race
from capg_core.classroom.racing import Setting as RaceSetting
from capg_core.classroom.racing_panel import RacingPanel

KS = (1, 2, 5, 10, 20, 50, 100)
STEPS = (50, 100, 200, 500, 1000, 3000)
_MOST_KEPT = 40  # trainings


class RecommendationPanel(RacingPanel):
    """Titles that an early stage lets through, before and after training, on real people's ratings.

    Parameters
    ----------
    user : int
        The person, as `capg_core.load_ratings` numbers users; the first in the list if the data has no such person.
    **start
        What the controls begin with: ``k``, ``n_steps``, ``seed``, and ``data`` and ``method``, names in the menus.

    Examples
    --------
    >>> panel = RecommendationPanel(k=5, n_steps=20)
    >>> panel.start()
    >>> panel.wait(60)
    True
    >>> panel.text.startswith("User 597: 220 films; loved: 29 films with 5 stars. K = 5")
    True
    """

    shows = "One person's candidates by title before and after training, and which of the loved films are missed."
    cut = 0.677
    size = (WIDTH / 100, HEIGHT / 100)
    verb = "Train"
    data = choice("Data", OWN, SOURCES, width=560)
    path = text("KuaiRec path", "folder, zip or small_matrix.csv")
    k = candidates(5, KS, width=400)
    person = pick("Person", 0, [("…", 0)], width=480)
    method = choice("Estimator", "CA-PG", METHODS, width=350)
    n_steps = choice("Steps", 200, STEPS, "{:,}".format, width=230)
    seed = whole_text("Seed", 0)
    train_button = button("Train", "start", style="primary")
    rows = ("data path", "k person", "method n_steps seed", "train_button stop_button bar status")

    def __init__(self, user=597, **start):
        super().__init__(**start)
        self._user, self._trained = user, {}
        self._lists = TitleLists(self.figure)
        self._fit_controls()
        self.refresh()

    def _fit_controls(self):
        """Let the sliders offer what the data has; the same person and K stay if they can."""
        self.path.disabled = self.data.value != KUAIREC
        if self.data.value == KUAIREC and not self.path.value:
            return
        source = source_of(self.data.value, self.path.value.strip())
        ks = [(str(k), k) for k in sorted({*KS, self.k.value}) if k <= source.world.smallest_pool]
        k = min(self.k.value, ks[-1][1])
        users = getattr(source.world, "users", np.empty(0))
        rows = np.flatnonzero(users == self._user)
        row = int(rows[0]) if rows.size else next(iter(source.people.values()))
        with self.quietly():
            self.k.options, self.k.value = ks, k
            # the slider's own words must fit beside it on a narrow page; the sentence says how many films there are
            self.person.options = [(words.partition(":")[0], person) for words, person in source.people.items()]
            self.person.value = row

    def changed(self, name):
        """Draw anew; other data have other people."""
        if name in ("data", "path"):
            self._shown = None  # the same path can hold a file now
            self._fit_controls()
        if self.data.value != KUAIREC:
            self._user = int(source_of(self.data.value).world.users[self.person.value])
        super().changed(name)

    # The training.

    def _setting(self):
        """Return what the controls ask for."""
        values = self.values()
        return lesson.Setting(**{**values, "path": values["path"] if values["data"] == KUAIREC else ""})

    def asked(self):
        """Return what a training depends on."""
        return self._setting().training

    def new_race(self):
        """Return a race of one."""
        setting = self._setting()
        estimator, baseline = METHODS[setting.method]
        race_setting = RaceSetting(
            estimators=(estimator,), k=setting.k, rate=RATE, late_stage="optimal",
            baseline=MEAN_BASELINE if baseline else NO_BASELINE, n_steps=setting.n_steps, seed=setting.seed,
        )  # fmt: skip
        return Race(source_of(setting.data, setting.path).world, race_setting, self.report)

    def keep(self):
        """Keep what was learned at this setting, so that it is there when one comes back."""
        so_far = self._so_far(self._asked)
        if so_far is not None:
            self._trained[self._asked] = so_far
            while len(self._trained) > _MOST_KEPT:
                self._trained.pop(next(iter(self._trained)))

    def _so_far(self, asked):
        """Return (model, steps, value) of a training, the one in hand or one that was kept; None if there is none."""
        run = next(iter(self._race.runs.values()), None) if self._race is not None and asked == self._asked else None
        if run is None or not run.policy_value:
            return self._trained.get(asked)
        return run.model, run.done, run.policy_value[-1]

    # Numbers.

    def settings(self):
        """Read the controls, and how far the training at this setting is."""
        setting = self._setting()
        so_far = self._so_far(setting.training)
        in_hand = self._race is not None and self._asked == setting.training
        return setting, so_far and so_far[1], in_hand and self._race.running

    def compute(self, settings):
        """Compute one person's lists."""
        return lesson.numbers_at(settings[0], self._so_far(settings[0].training))

    # The picture.

    def background_key(self, numbers):
        """The legend under the columns."""
        return numbers.source.name

    def draw_background(self, numbers):
        """Write the legend."""
        self._lists.draw_background(numbers)

    def draw_moving(self, numbers):
        """Write the titles."""
        return self._lists.move(numbers)

    # The sentence.

    def sentence_of(self, numbers):
        """Say in numbers what the picture shows."""
        return lesson.describe(numbers)
