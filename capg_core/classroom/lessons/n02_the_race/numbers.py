"""The numbers behind the race picture: arrival times, who is in, and how often, beside what is exact.

A race is one row of standard exponential noise divided by the weights. The noise stays while a slider moves, so the
picture changes because of the slider (common random numbers).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.drawing import FINE_STEPS, round_up
from capg_core.classroom.problem import check_k

N_ITEMS = 12
MARKED = 5  # the item whose logit has a slider
N_RACES = 2000
MOMENTS = 100  # of a race: the clock goes from 0, the start, to this, the right end of the axis


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on; ``races`` have closed before the one that is drawn."""

    clock: int
    races: int
    k: int
    logit: float
    seed: int


def logits_with(logit):
    """Return the logits of the twelve items, from 1.5 down to -1.5, with the marked one's set.

    Parameters
    ----------
    logit : float
        Of item 5.

    Returns
    -------
    (12,) array
    """
    logits = np.linspace(1.5, -1.5, N_ITEMS)
    logits[MARKED] = logit
    return logits


@lru_cache(maxsize=4)
def noise(seed):
    """Return standard exponential noise, one row for each race."""
    return np.random.default_rng(seed + 2).standard_exponential(size=(N_RACES, N_ITEMS))


def count_at_most(chances, most):
    """P(at most `most` arrivals) of independent arrivals with different chances (a Poisson-binomial).

    Parameters
    ----------
    chances : (m, ...) array
        One row for each item.
    most : int

    Returns
    -------
    (...) array

    Examples
    --------
    >>> float(count_at_most(np.array([0.5, 0.5]), 1))
    0.75
    """
    counts = np.zeros((most + 2, *chances.shape[1:]))
    counts[0] = 1.0
    for chance in chances:
        counts[1:] = counts[1:] * (1 - chance) + counts[:-1] * chance
        counts[0] = counts[0] * (1 - chance)
    return counts[: most + 1].sum(axis=0)


@dataclass(frozen=True, eq=False)
class Races:
    """All the races of one logit and one K.

    Attributes
    ----------
    times : (2000, 12) array
        Arrival times.
    closing : (2000,) array
        The K-th of them in each race.
    counts : (2001, 12) int array
        In how many of the first 0, 1, ... races each item was a candidate.
    exact : (12,) array
        Inclusion probabilities.
    usual : float
        The time by which nearly all races have closed.
    """

    times: np.ndarray
    closing: np.ndarray
    counts: np.ndarray
    exact: np.ndarray
    usual: float

    def end(self, race):
        """Return the end of a race's axis of time: the same for nearly all of them, and later than it closes."""
        late = 1.05 * self.closing[race]
        return self.usual if late <= self.usual else round_up(late, FINE_STEPS)

    def moment(self, race, time):
        """Return the first moment of the clock that is not before a time."""
        return int(np.ceil(MOMENTS * time / self.end(race)))


@lru_cache(maxsize=32)
def races_of(logit, k, seed):
    """Return the `Races` of a logit of the marked item, a K and a seed."""
    logits = logits_with(logit)
    times = noise(seed) / np.exp(logits)
    closing = np.partition(times, k - 1, axis=1)[:, k - 1]
    counts = np.zeros((N_RACES + 1, N_ITEMS), dtype=int)
    np.cumsum(times <= closing[:, None], axis=0, out=counts[1:])
    usual = round_up(1.05 * np.quantile(closing, 0.9), FINE_STEPS)
    return Races(times, closing, counts, capg.inclusion_probabilities(logits, k), usual)


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    times : (12,) array
        Arrival times in the race that is drawn.
    closing, t, end : float
        The K-th of them, the time now, and the end of the axis.
    n_closed : int
        Races that count: those before, and this one once it has closed.
    counts : (12,) int array
        In how many of them each item was a candidate.
    exact : (12,) array
        Inclusion probabilities.
    """

    setting: Setting
    times: np.ndarray
    closing: float
    t: float
    end: float
    n_closed: int
    counts: np.ndarray
    exact: np.ndarray

    @property
    def closed(self):
        """True once K items have arrived."""
        return self.n_closed > self.setting.races

    @property
    def arrived(self):
        """The items that have arrived by now, in order of arrival."""
        order = np.argsort(self.times, kind="stable")
        return order[self.times[order] <= self.t]

    @property
    def expected(self):
        """What the counts would be on average."""
        return self.n_closed * self.exact


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    check_k(setting.k, N_ITEMS)
    if not 0 <= setting.races < N_RACES:
        raise ValueError(f"the races before are {setting.races}; expected 0 to {N_RACES - 1}")
    if not 0 <= setting.clock <= MOMENTS:
        raise ValueError(f"the clock is {setting.clock}; expected 0 to {MOMENTS}")
    races, race = races_of(setting.logit, setting.k, setting.seed), setting.races
    end = races.end(race)
    t = end * setting.clock / MOMENTS
    closing = float(races.closing[race])
    n_closed = race + int(closing <= t)
    return Numbers(setting, races.times[race], closing, t, end, n_closed, races.counts[n_closed], races.exact)


def step(setting):
    """Return clock and race one step later: at the next arrival or, once the race has closed, at the next start.

    Examples
    --------
    >>> step(Setting(clock=100, races=3, k=5, logit=0.0, seed=0))
    (0, 4)
    """
    numbers = numbers_at(setting)
    if numbers.closed:
        return (0, setting.races + 1) if setting.races < N_RACES - 1 else (setting.clock, setting.races)
    races = races_of(setting.logit, setting.k, setting.seed)
    following = np.min(numbers.times[numbers.times > numbers.t])
    return races.moment(setting.races, following), setting.races


def play(setting, moments, jump):
    """Return clock and race a tick later.

    Parameters
    ----------
    setting : Setting
    moments : int
        How far the clock goes; it rests for a while once the race has closed, before the next one starts.
    jump : int
        Or how many races go by, each shown at the moment at which it closes; 0 to let the clock go.
    """
    races, last = races_of(setting.logit, setting.k, setting.seed), N_RACES - 1
    if jump:
        race = min(setting.races + jump, last)
        return races.moment(race, races.closing[race]), race
    rest = min(races.moment(setting.races, races.closing[setting.races]) + 5 * moments, MOMENTS)
    if setting.clock < rest:
        return min(setting.clock + moments, rest), setting.races
    return (0, setting.races + 1) if setting.races < last else (setting.clock, last)
