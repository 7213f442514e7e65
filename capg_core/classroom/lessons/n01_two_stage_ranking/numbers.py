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
ERRS = "errs one time in five"
# in the library's words, with their chances: one that errs picks the best, but one time in five at random
LATE_STAGES = {
    "picks the best": {"optimal": 1.0},
    ERRS: {"optimal": 0.8, "uniform": 0.2},
    "picks at random": {"uniform": 1.0},
    "picks the worst": {"anti": 1.0},
}
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
    def parts(self):
        """What the late stage does, in the library's words, with the chance of each."""
        return LATE_STAGES[self.late_stage]


@dataclass(frozen=True, eq=False)
class Person:
    """One person's films: rating, utility, place in the person's own order (1 is best), the films by place, what the
    rest of the early stage's score may be.
    """

    user: int
    titles: tuple
    mean_reward: np.ndarray
    utility: np.ndarray
    rank: np.ndarray
    by_rank: np.ndarray
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
        by_rank = np.argsort(-p.utility, kind="stable")
        rank = np.empty(n, dtype=int)
        rank[by_rank] = np.arange(1, n + 1)
        noise = np.random.default_rng(100 + user).normal(size=n)
        others = dict(zip(RESTS, (standardise(noise), p.logits), strict=True))
        found.append(Person(user, p.titles, p.mean_reward, p.utility, rank, by_rank, standardise(p.utility), others))
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
    """What one person is shown in one draw.

    Attributes
    ----------
    candidates : (K,) array
    best_candidate, output : int
        The candidate the person likes most, and the film shown.
    regret : float
    """

    candidates: np.ndarray
    best_candidate: int
    output: int
    regret: float


@lru_cache(maxsize=64)
def _noise(user, n_items, seed):
    """Return Gumbel noise, a random place for each film, and what says whether a late stage that may err does."""
    rng = np.random.default_rng([user, seed])
    return rng.gumbel(size=n_items), rng.permutation(n_items), rng.random()


def _late_order(person, parts, places, luck):
    """Return what the late stage ranks by: a random order where it picks at random."""
    if luck < parts.get("uniform", 0.0):
        return places
    return -person.utility if "anti" in parts else person.utility


def draw_of(person, setting):
    """Let both stages choose once.

    Returns
    -------
    Draw
    """
    gumbel, *late = _noise(person.user, person.n_items, setting.seed)
    logits = early_logits(person, setting.quality, setting.rest)
    candidates = np.argsort(-(logits + gumbel), kind="stable")[: setting.k]
    output = int(candidates[np.argmax(_late_order(person, setting.parts, *late)[candidates])])
    best_candidate = int(candidates[np.argmin(person.rank[candidates])])
    return Draw(candidates, best_candidate, output, float(person.mean_reward.max() - person.mean_reward[output]))


def _mixed(parts, of_one):
    """Return what is expected of a late stage, as a mean over what it may do."""
    return sum(chance * of_one(late_stage) for late_stage, chance in parts.items())


@lru_cache(maxsize=1024)
def expected_regret(quality, rest, k, late_stage):
    """Return the exact expected regret in stars, averaged over the people; the late stage in the library's word.

    Returns
    -------
    float
    """
    values = [
        p.mean_reward.max() - capg.policy_value(early_logits(p, quality, rest), k, p.mean_reward, p.utility, late_stage)
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
    for person, by_draw in zip(people(), _in_order(quality, rest), strict=True):
        if late_stage == "uniform":
            shown = np.cumsum(person.mean_reward[person.by_rank[by_draw]], axis=1) / curve_ks()
        else:
            # The best place so far (or the worst) names a film, and the film its reward.
            best_so_far = np.minimum if late_stage == "optimal" else np.maximum
            shown = person.mean_reward[person.by_rank][best_so_far.accumulate(by_draw, axis=1)]
        total += person.mean_reward.max() - shown.mean(axis=0)
    return total / N_USERS


@lru_cache(maxsize=4)
def _in_order(quality, rest):
    """Return for each person, draw and place in it which film comes, by its place from the person's best, 0."""
    found = []
    for person, gumbel in zip(people(), _gumbels(), strict=True):
        keys = -(gumbel + early_logits(person, quality, rest))[:, person.by_rank]
        found.append(np.argsort(keys, axis=1)[:, :MAX_K])
    return tuple(found)


@lru_cache(maxsize=3)
def blind_curve(late_stage):
    """Return the exact regret of an early stage that lets any K films through, at every K of `curve_ks`.

    Of all sets of K of n films, C(n - h, K) of C(n, K) hold none of the h best: a product of h ratios.

    Returns
    -------
    (MAX_K,) array
    """
    total = np.zeros(MAX_K)
    for person in people():
        stars, n = np.sort(person.mean_reward)[::-1], person.n_items
        if late_stage == "uniform":
            total += stars[0] - stars.mean()
            continue
        taken = np.arange(n)
        missed = np.cumprod(np.maximum(n - curve_ks()[:, None] - taken, 0) / (n - taken), axis=1)
        shown = -np.diff(missed, axis=1, prepend=1.0)
        total += stars[0] - shown @ (stars if late_stage == "optimal" else stars[::-1])
    return np.maximum(total / N_USERS, 0.0)


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    draws : tuple of Draw
    regret, miss : float
        Expected, exact; the miss is the regret that a perfect late stage would have.
    blind : float
        The regret of an early stage that picks at random.
    curve, miss_curve, blind_curve : (MAX_K,) array
        The same at every K; the first two are averages over draws.
    """

    setting: Setting
    draws: tuple
    regret: float
    miss: float
    blind: float
    curve: np.ndarray
    miss_curve: np.ndarray
    blind_curve: np.ndarray

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
    early, parts = (setting.quality, setting.rest), setting.parts
    blind = _mixed(parts, blind_curve)
    return Numbers(
        setting,
        tuple(draw_of(person, setting) for person in people()),
        _mixed(parts, lambda late: expected_regret(*early, setting.k, late)),
        expected_regret(*early, setting.k, "optimal"),
        float(blind[setting.k - 1]),
        _mixed(parts, lambda late: regret_curve(*early, late)),
        regret_curve(*early, "optimal"),
        blind,
    )
