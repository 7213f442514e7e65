"""The numbers behind the two-stage picture: what six people are shown, and their regret against K.

Lists of all lengths come from one draw of Gumbel noise, and the noise in the early stage's logits is fixed, so the
picture changes because of the slider (common random numbers).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg

N_USERS = 6
MAX_BEST = 6  # of films with a person's highest rating: with many of them nearly any list holds one
MAX_K = 90
SHARPNESS = 2.0  # standard deviation of the logits
N_ORDERS = 300  # a person, behind the curves
LATE_STAGES = {"picks the best": "optimal", "picks at random": "uniform", "picks the worst": "anti"}
RESTS = ("random noise", "what others think")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    k: int
    quality: float
    rest: str
    late_stage: str  # a name of `LATE_STAGES`
    seed: int

    @property
    def ranks(self):
        """How the late stage ranks, in the library's word."""
        return LATE_STAGES[self.late_stage]


@dataclass(frozen=True, eq=False)
class Person:
    """One person's films: rating, utility, place in the person's own order (1 is best) and what the rest may be."""

    user: int
    titles: tuple
    mean_reward: np.ndarray
    utility: np.ndarray
    rank: np.ndarray
    taste: np.ndarray
    others: dict

    @property
    def n_items(self):
        return len(self.titles)

    @property
    def best(self):
        """The film the person likes most."""
        return int(np.argmax(self.utility))


def standardise(values):
    """Return values with mean 0 and standard deviation 1.

    Examples
    --------
    >>> standardise([0.0, 2.0])
    array([-1.,  1.])
    """
    values = np.asarray(values, dtype=float)
    return (values - values.mean()) / values.std()


@lru_cache(maxsize=1)
def people():
    """Return the first six users, by number, with 100 to 150 films of which at most six have their highest rating.

    Returns
    -------
    tuple of Person
    """
    ratings, found = capg.load_ratings(), []
    for user in (int(user) for user in ratings.users_with_at_least(100)):
        p = ratings.user_problem(user)
        n = len(p.items)
        if n > 150 or np.sum(p.mean_reward == p.mean_reward.max()) > MAX_BEST:
            continue
        rank = np.empty(n, dtype=int)
        rank[np.argsort(-p.utility, kind="stable")] = np.arange(1, n + 1)
        noise = np.random.default_rng(100 + user).normal(size=n)
        others = dict(zip(RESTS, (standardise(noise), p.logits), strict=True))
        found.append(Person(user, p.titles, p.mean_reward, p.utility, rank, standardise(p.utility), others))
        if len(found) == N_USERS:
            break
    return tuple(found)


def early_logits(person, quality, rest):
    """Mix what the person likes with something else, and give the result a standard deviation of `SHARPNESS`.

    Parameters
    ----------
    person : Person
    quality : float
        From 0, nothing of the person's own taste, to 1, nothing else.
    rest : str
        One of `RESTS`.

    Returns
    -------
    (n,) array
    """
    return SHARPNESS * standardise(quality * person.taste + np.sqrt(1 - quality**2) * person.others[rest])


@dataclass(frozen=True, eq=False)
class Draw:
    """What one person is shown in one draw."""

    candidates: np.ndarray
    output: int
    regret: float


@lru_cache(maxsize=64)
def _noise(user, n_items, seed):
    """Return Gumbel noise, and for each film the place a late stage that picks at random gives it."""
    rng = np.random.default_rng([user, seed])
    return rng.gumbel(size=n_items), rng.permutation(n_items)


def _late_order(person, late_stage, places):
    """Return what the late stage ranks by: a fixed random order for one that picks at random."""
    return {"optimal": person.utility, "anti": -person.utility, "uniform": places}[late_stage]


def draw_of(person, setting):
    """Let both stages choose once.

    Returns
    -------
    Draw
    """
    gumbel, places = _noise(person.user, person.n_items, setting.seed)
    logits = early_logits(person, setting.quality, setting.rest)
    candidates = np.argsort(-(logits + gumbel), kind="stable")[: setting.k]
    output = int(candidates[np.argmax(_late_order(person, setting.ranks, places)[candidates])])
    return Draw(candidates, output, float(person.mean_reward.max() - person.mean_reward[output]))


@lru_cache(maxsize=1024)
def expected_regret(quality, rest, k, late_stage):
    """Return the exact expected regret in stars, averaged over the people.

    Returns
    -------
    float
    """
    values = [
        p.mean_reward.max() - capg.policy_value(early_logits(p, quality, rest), k, p.mean_reward, p.utility, late_stage)
        for p in people()
    ]
    return max(0.0, float(np.mean(values)))


@lru_cache(maxsize=1024)
def uniform_regret(k, late_stage):
    """Return the expected regret of an early stage that picks K films at random (hypergeometric, exact)."""
    values = [
        p.mean_reward.max()
        - capg.uniform_value(capg.World(p.mean_reward[None], 0.0, p.utility[None]), k, late_stage=late_stage)
        for p in people()
    ]
    return max(0.0, float(np.mean(values)))


def curve_ks():
    """Return the values of K at which the curves are drawn: all, for they cost nothing."""
    return np.arange(1, MAX_K + 1)


@lru_cache(maxsize=6)
def _gumbels():
    return tuple(np.random.default_rng([p.user, 12345]).gumbel(size=(N_ORDERS, p.n_items)) for p in people())


@lru_cache(maxsize=128)
def regret_curve(quality, rest, late_stage):
    """Return the regret at every K of `curve_ks`, averaged over the people and `N_ORDERS` draws for each.

    One order of all films gives the lists of every length: the best of the first K is a running maximum.

    Returns
    -------
    (MAX_K,) array
    """
    total = np.zeros(MAX_K)
    for person, gumbel in zip(people(), _gumbels(), strict=True):
        order = np.argsort(-(early_logits(person, quality, rest) + gumbel), axis=1)[:, :MAX_K]
        if late_stage == "uniform":
            shown = np.cumsum(person.mean_reward[order], axis=1) / curve_ks()
        else:
            # The best rank so far (or the worst) names a film, and the film its reward.
            best_so_far = np.minimum if late_stage == "optimal" else np.maximum
            by_rank = person.mean_reward[np.argsort(person.rank)]
            shown = by_rank[best_so_far.accumulate(person.rank[order], axis=1) - 1]
        total += person.mean_reward.max() - shown.mean(axis=0)
    return total / N_USERS


@lru_cache(maxsize=3)
def uniform_curve(late_stage):
    """Return K values and the regret of an early stage that picks at random at each of them."""
    ks = np.unique(np.round(np.geomspace(1, MAX_K, 25)).astype(int))
    return ks, np.array([uniform_regret(int(k), late_stage) for k in ks])


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting. `miss` is the regret that a perfect late stage would have."""

    setting: Setting
    draws: tuple
    regret: float
    miss: float
    random_regret: float

    @property
    def mistake(self):
        """The part of the regret that the late stage is to blame for."""
        return max(0.0, self.regret - self.miss)


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    if not 1 <= setting.k <= MAX_K:
        raise ValueError(f"K is {setting.k}; expected 1 to {MAX_K}")
    if not 0 <= setting.quality <= 1:
        raise ValueError(f"quality is {setting.quality}; expected 0 to 1")
    where = (setting.quality, setting.rest, setting.k)
    return Numbers(
        setting,
        tuple(draw_of(person, setting) for person in people()),
        expected_regret(*where, setting.ranks),
        expected_regret(*where, "optimal"),
        uniform_regret(setting.k, setting.ranks),
    )
