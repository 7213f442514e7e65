"""What the recommendation panel shows: data to choose from, one person's candidates, and the loved films they miss.

Nothing here draws or trains. A `Source` is a world with the words and titles that make it readable.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.problem import ToDo
from capg_core.classroom.racing import ESTIMATORS
from capg_core.classroom.words import count, join
from capg_core.ladder import RUNGS

OWN = "ratings people gave; late stage: own stars"
FITTED = "ratings people gave; late stage: fitted score"
COMPLETED = "completed matrix, semi-synthetic"
KUAIREC = "your KuaiRec file"
SOURCES = (OWN, FITTED, COMPLETED, KUAIREC)

# The name in the menu, to the estimator and its baseline; not what is biased without one.
METHODS = {
    name + mark: (name, baseline)
    for name in ESTIMATORS
    for mark, baseline in (("", None), (" + baseline", "mean"))
    if not RUNGS[name].approximates
    and (baseline or "asymptotic" not in RUNGS[name].needs_baseline)
    and not (baseline and RUNGS[name].needs_critic)
}
RATE = 0.1  # of Adagrad, the same for all
MANY = 10  # loved items where rewards have hardly any ties


def readable(title):
    """Write a MovieLens title as one says it.

    Examples
    --------
    >>> readable("Big Lebowski, The"), readable("Life Is Beautiful (La Vita è bella)"), readable("Heat")
    ('The Big Lebowski', 'Life Is Beautiful', 'Heat')
    """
    title = re.sub(r" \(.*\)$", "", title)
    return re.sub(r"^(.*), (The|A|An|La|Das)$", r"\2 \1", title)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the controls ask for; ``person`` is a row of the world."""

    data: str
    path: str
    k: int
    person: int
    method: str
    n_steps: int
    seed: int

    @property
    def training(self):
        """Return what a training depends on: everything but the person."""
        return (self.data, self.path, self.k, self.method, self.n_steps, self.seed)


class Source:
    """A world, and how to speak of it.

    Attributes
    ----------
    name : str
        One of `SOURCES`.
    world : World
    titles : tuple of str
        One for each item.
    people : dict
        A description of each person, to the person's row; by number of rated items, fewest first.
    things, scale : str, float or None
        What the items are; the largest possible reward: 5 stars, probability 1, or None for watch ratios.
    late_stage : str
        What the late stage ranks by, and how well.
    warning : str
        What has to be said of these rewards whenever they are used; may be empty.
    """

    def __init__(self, name, world, titles, people, *, things="films", scale=None, late_stage="", warning=""):
        self.name, self.world, self.titles, self.people = name, world, tuple(titles), people
        self.things, self.scale, self.late_stage, self.warning = things, scale, late_stage, warning
        self._random, self._towers, self._values = {}, {}, {}

    @cached_property
    def highest(self):
        """The mean reward if everybody is shown a best item."""
        return capg.optimal_value(self.world)

    def random(self, k):
        """Return the mean reward of K candidates picked at random."""
        if k not in self._random:
            self._random[k] = capg.uniform_value(self.world, k)
        return self._random[k]

    def untrained(self, seed):
        """Return the towers that a training with this seed begins with."""
        if seed not in self._towers:
            self._towers = {  # of one seed: towers of a large world are megabytes
                seed: capg.train(
                    self.world, "V-PG", 1, n_steps=0, learning_rate=RATE, seed=seed, eval_every=1, batch_size=1
                ).model
            }
        return self._towers[seed]

    def value_untrained(self, k, seed):
        """Return the mean reward before training."""
        if (k, seed) not in self._values:
            self._values[k, seed] = capg.evaluate(self.untrained(seed), self.world, k)
        return self._values[k, seed]

    def pool(self, person):
        """Return the items that can be shown to a person, ascending."""
        world = self.world
        return np.arange(world.n_items) if world.available is None else np.flatnonzero(world.available[person])

    def loved(self, person):
        """Return the items a person loves, in the order of the data: all of highest rating, or the best ten."""
        pool = self.pool(person)
        reward = self.world.mean_reward[person, pool]
        if self.scale == 5.0:
            return pool[reward == reward.max()]
        return np.sort(pool[np.argsort(-reward, kind="stable")[:MANY]])

    def say(self, reward):
        """Write a reward, with its unit.

        Examples
        --------
        >>> source_of(OWN).say(4.5), source_of(COMPLETED).say(0.914)
        ('4.5 stars', 'P(4 stars or more) = 0.91')
        """
        return {5.0: f"{reward:.1f} stars", 1.0: f"P(4 stars or more) = {reward:.2f}"}.get(
            self.scale, f"watch ratio {reward:.2f}"
        )

    def say_loved(self, person):
        """Say in a few words what counts as loved."""
        n = self.loved(person).size
        if self.scale != 5.0:
            return f"the best {n} {self.things} of this person"
        stars = self.world.mean_reward[person, self.pool(person)].max()
        return f"{count(n, 'film')} with {stars:g} stars"


@lru_cache(maxsize=4)
def source_of(name, path=""):
    """
    Return the `Source` of that name.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    path : str
        Where KuaiRec's file is; the others do not use it.

    Returns
    -------
    Source

    Raises
    ------
    ValueError
        For another name, no path (`ToDo`), or, as `capg_core.load_kuairec` says it, a path without a readable file.
    """
    if name == KUAIREC and not path:
        raise ToDo("Type where your KuaiRec file is, a folder, a zip or small_matrix.csv, and press Enter.")
    if name == KUAIREC:
        return _kuairec(path)
    if name not in SOURCES:
        raise ValueError(f"data is {name!r}; expected one of {', '.join(SOURCES)}")
    error = capg.held_out_error().factorisation
    counts = np.bincount(capg.load_ratings().user)
    if name == COMPLETED:
        world = capg.completed_films()
        return Source(
            name, world, map(readable, world.titles), _people(world.users, counts, "user {}: {} rated"),
            scale=1.0, late_stage="the late stage ranks by the reward itself",
            warning="Semi-synthetic: a model filled every cell and nobody gave these rewards. It misses held-out "
            f"ratings by {error:.2f} stars (root mean square).",
        )  # fmt: skip
    world = capg.observed_films("own" if name == OWN else "fitted")
    found = capg.alignment(world)
    by = "own stars" if name == OWN else f"a fitted score that never saw the rating (held-out error {error:.2f} stars)"
    return Source(
        name, world, map(readable, world.titles), _people(world.users, counts, "user {}: {} films"), scale=5.0,
        late_stage=f"the late stage ranks by {by}: rank correlation {found.rank_correlation:.2f}, "
        f"concordance {found.concordance:.2f}",
    )  # fmt: skip


def _people(users, counts, words):
    order = np.argsort(counts[users], kind="stable")
    return {words.format(users[row], counts[users[row]]): int(row) for row in order}


def _kuairec(path):
    world = capg.load_kuairec(path)
    people = {f"user_id {number}": row for row, number in enumerate(world.user_ids)}
    return Source(
        KUAIREC, world, [f"video {number}" for number in world.video_ids], people, things="videos",
        late_stage="the late stage ranks by the reward itself",
        warning=f"The file has {world.observed_share:.1%} of the pairs; the others count as never watched.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Side:
    """One early stage's recommendation for one person.

    Attributes
    ----------
    candidates : (K,) int64
        Best logit first.
    shown : int
        The item that the late stage shows.
    caught : (n_loved,) bool
        Which loved items are candidates.
    steps : int
        Steps trained.
    value : float
        Mean reward of all people.
    """

    candidates: np.ndarray
    shown: int
    caught: np.ndarray
    steps: int
    value: float


def recommend(source, model, k, person, steps, value):
    """Return the `Side` of a model for one person."""
    candidates = model.candidates([person], k, source.world.available)[0]
    in_order = np.sort(candidates)  # equal utilities rank by index
    shown = int(in_order[np.argmax(source.world.utility[person, in_order])])
    return Side(candidates, shown, np.isin(source.loved(person), candidates), steps, value)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Everything the picture shows; ``after`` is None where nothing was trained yet."""

    setting: Setting
    source: Source
    loved: np.ndarray
    before: Side
    after: Side | None

    def reward(self, item):
        """Return this person's reward of an item."""
        return float(self.source.world.mean_reward[self.setting.person, item])

    @property
    def best(self):
        """This person's highest reward."""
        return float(self.source.world.mean_reward[self.setting.person, self.source.pool(self.setting.person)].max())

    def missed(self, side):
        """Return the titles of the loved items that are not candidates."""
        return [self.source.titles[item] for item in self.loved[~side.caught]]


def numbers_at(setting, trained):
    """
    Compute what the panel shows.

    Parameters
    ----------
    setting : Setting
    trained : tuple or None
        ``(model, steps, value)`` of the training at this setting, as far as it is.

    Returns
    -------
    Numbers
    """
    source, k, person = source_of(setting.data, setting.path), setting.k, setting.person
    before = recommend(source, source.untrained(setting.seed), k, person, 0, source.value_untrained(k, setting.seed))
    after = None if trained is None else recommend(source, trained[0], k, person, *trained[1:])
    return Numbers(setting, source, source.loved(person), before, after)


# Sentences.


def name_some(titles, most=3):
    """Join titles, the first few by name.

    Examples
    --------
    >>> name_some(["Heat", "Alien"]), name_some(["Heat", "Alien", "Up", "Big"], 2), name_some([])
    ('Heat and Alien', 'Heat, Alien and 2 more', 'none')
    """
    rest = len(titles) - most
    parts = list(titles[:most]) + ([f"{rest} more"] if rest > 0 else [])
    if not parts:
        return "none"
    return join(parts)


def _say_side(numbers, side, lead):
    missed, n_loved = numbers.missed(side), numbers.loved.size
    regret = numbers.best - numbers.reward(side.shown)
    text = f"{lead}, the candidates hold {n_loved - len(missed)} of the {n_loved} and miss {len(missed)}"
    text += f" ({name_some(missed)})" if missed else ""
    digits = 1 if numbers.source.scale == 5.0 else 2
    return (
        f"{text}; the late stage shows {numbers.source.titles[side.shown]}, "
        f"{numbers.source.say(numbers.reward(side.shown))}, regret {regret:.{digits}f}."
    )


def describe(numbers):
    """Say in numbers what the picture shows."""
    setting, source = numbers.setting, numbers.source
    who = next(words for words, row in source.people.items() if row == setting.person)
    text = f"{who[0].upper()}{who[1:]}; loved: {source.say_loved(setting.person)}. K = {setting.k}; "
    text += f"{source.late_stage}. " + _say_side(numbers, numbers.before, "Before training")
    if numbers.after is None:
        text += f" {setting.n_steps:,} steps of {setting.method} are not trained yet at this setting: press Train."
        averages = f"{numbers.before.value:.2f} before"
    else:
        text += " " + _say_side(numbers, numbers.after, f"After {numbers.after.steps:,} steps of {setting.method}")
        averages = f"{numbers.before.value:.2f} before, {numbers.after.value:.2f} after"
    text += (
        f" Mean reward of all people: {averages}; random candidates {source.random(setting.k):.2f}, "
        f"highest possible {source.highest:.2f}."
    )
    return text + (f" {source.warning}" if source.warning else "")
