"""One context, as several lessons look at it: data to choose from, lists drawn by common noise, exact values.

Candidate lists of all lengths come from one draw of Gumbel noise: the list of length K is the first K places
of one long order. So a picture changes because of the slider, and not because of new luck (common random numbers).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg

N_LISTS = 2000  # lists behind a measured variance
SYNTHETIC = "Synthetic, 100 items"
N_SYNTHETIC = 100
SYNTHETIC_SEED = 0
DIRECTION_SEED = 12345
RARE = 1e-6  # of the chance of any but the likeliest output; what is rarer changes no digit shown
LENGTH_ZERO = 1e-12  # a gradient shorter than this is rounding
STEADY, CLICKS = "the same each time", "clicks"
REWARDS = (STEADY, CLICKS)


@dataclass(frozen=True, eq=False)
class Problem:
    """One context: logits before they are scaled, mean rewards and late-stage utilities."""

    name: str
    logits: np.ndarray
    mean_reward: np.ndarray
    utility: np.ndarray

    @property
    def n_items(self):
        return len(self.logits)


@lru_cache(maxsize=1)
def ratings_users():
    """Choose a few users: the first three, by number, with 100 to 150 rated films.

    Returns
    -------
    dict
        The name shown for a user, to the user's number.
    """
    ratings = capg.load_ratings()
    chosen = {}
    for user in sorted(int(user) for user in ratings.users_with_at_least(100)):
        n_films = len(ratings.user_problem(user).items)
        if 100 <= n_films <= 150:
            chosen[f"Ratings of user {user}, {n_films} films"] = user
        if len(chosen) == 3:
            break
    return chosen


def data_names():
    """Return the names of the problems one can choose, the synthetic one first."""
    return (SYNTHETIC, *ratings_users())


@lru_cache(maxsize=8)
def load_problem(name):
    """Return the `Problem` of that name.

    Parameters
    ----------
    name : str
        One of `data_names`.

    Returns
    -------
    Problem
        Synthetic: logits from N(0, 1), mean rewards from U(0, 1), the late stage ranks by the mean
        reward. Ratings: the films a user rated, logits from other users' ratings, the reward is the
        user's own rating.
    """
    if name == SYNTHETIC:
        rng = np.random.default_rng(SYNTHETIC_SEED)
        logits, mean_reward = rng.normal(size=N_SYNTHETIC), rng.random(N_SYNTHETIC)
        return Problem(name, logits, mean_reward, mean_reward)
    if name not in ratings_users():
        raise ValueError(f"data is {name!r}; expected one of {', '.join(data_names())}")
    problem = capg.load_ratings().user_problem(ratings_users()[name])
    return Problem(name, problem.logits, problem.mean_reward, problem.utility)


def most_reward(mean_reward):
    """Return what a click is worth: 1 where mean rewards are below 1, and 5 of five stars."""
    return float(np.ceil(np.max(mean_reward)))


def reward_variance(mean_reward, rewards):
    """Return the variance of each item's reward about its mean.

    Parameters
    ----------
    mean_reward : (n,) array
    rewards : str
        One of `REWARDS`. Clicks: the most, or nothing, with the same means.

    Returns
    -------
    (n,) array
    """
    if rewards not in REWARDS:
        raise ValueError(f"rewards is {rewards!r}; expected one of {', '.join(REWARDS)}")
    if rewards == STEADY:
        return np.zeros(len(mean_reward))
    return mean_reward * (most_reward(mean_reward) - mean_reward)


class ToDo(ValueError):
    """What is still to be chosen before there is a picture: the text says what to do, and nothing has gone wrong."""


def check_k(k, n_items, things="items"):
    """Raise a ValueError unless some, and not all, of the items can be candidates."""
    if not 1 <= k < n_items:
        raise ValueError(f"K is {k}; expected 1 to {n_items - 1} for {n_items} {things}")


def curve_ks(n_items):
    """Return about twelve values of K from 1 to n - 1, evenly spaced on a log axis."""
    wanted = np.geomspace(1, min(100, n_items - 1), 13)
    return np.unique(np.round(wanted).astype(int))


@lru_cache(maxsize=6)
def orders(name, peakedness, seed):
    """Return `N_LISTS` orders of all items; their first K columns are candidate lists of length K."""
    logits = load_problem(name).logits
    noise = np.random.default_rng(seed).gumbel(size=(N_LISTS, len(logits)))
    return np.argsort(-(peakedness * logits + noise), axis=1)


@lru_cache(maxsize=6)
def outputs_by_length(name, peakedness, seed):
    """Return the item shown from each list of `orders`, at every length: those of length K are in column K - 1.

    A longer list shows the same item or a better one, so one pass along the orders serves every K.
    """
    utility = load_problem(name).utility
    best_first = np.argsort(-utility, kind="stable")  # ties to the lower index, as `capg_core.choose_output` has it
    rank = np.empty(len(utility), np.int16)
    rank[best_first] = np.arange(len(utility))
    best = np.minimum.accumulate(rank[orders(name, peakedness, seed)], axis=1)
    return best_first.astype(np.int16)[best]


@dataclass(frozen=True, eq=False)
class Exact:
    """What does not depend on the noise, at one K."""

    value: float
    gradient: np.ndarray
    outcome: np.ndarray


@lru_cache(maxsize=512)
def exact_at(name, peakedness, k):
    """Return the exact policy value, its gradient and the outcome probabilities."""
    problem = load_problem(name)
    logits = peakedness * problem.logits
    outcome = capg.outcome_probabilities(logits, k, problem.utility)
    return Exact(
        float(outcome @ problem.mean_reward),  # as `capg_core.policy_value` has it
        capg.policy_gradient(logits, k, problem.mean_reward, problem.utility),
        outcome,
    )


@lru_cache(maxsize=200)  # every K of two estimators, 80 kB each; a class has many kernels on one machine
def output_scores(name, peakedness, k, estimator):
    """Return the score of every output that can happen: an (n, n) array, rows of NaN for the others."""
    problem = load_problem(name)
    logits = peakedness * problem.logits
    outcome = exact_at(name, peakedness, k).outcome
    # relative to the others: where one output is nearly certain, the rare ones are all the variance there is
    items = np.flatnonzero(outcome > RARE * np.sort(outcome)[:-1].sum())
    scores = np.full((problem.n_items, problem.n_items), np.nan)
    if k == 1:  # shown is what was drawn, by a softmax; the integrals would take longest here
        scores[items] = capg.inclusion_score(logits, items, k, "with_replacement")
    elif estimator == "CA-PG":
        scores[items] = capg.inclusion_score(logits, items, k)
    else:
        scores[items] = capg.outcome_score(logits, items, k, problem.utility)
    return scores


@dataclass(frozen=True, eq=False)
class Estimate:
    """One estimator at one K.

    Attributes
    ----------
    mean : (n,) array
    variance : float
        Trace of the covariance of one estimate.
    samples : (N, n) array
        Single estimates.
    """

    mean: np.ndarray
    variance: float
    samples: np.ndarray

    @property
    def signal(self):
        """Squared length of the expected estimate."""
        return float(self.mean @ self.mean)

    @property
    def snr(self):
        """Length of the mean over the root of the variance, as in `capg_core.gradient_diagnostics`."""
        return float(np.sqrt(self.signal / self.variance)) if self.variance > 0 else float("inf")


def exact_moments(outcome, advantage, scores, noise=0.0):
    """Return mean and variance of an estimate that depends on the list through the shown item alone.

    Parameters
    ----------
    outcome : (n,) array
        Outcome probabilities.
    advantage : (n,) array
        Mean reward minus baseline.
    scores : (n, n) array
        A row per shown item, of NaN where it is too rare to matter.
    noise : float or (n,) array
        The variance of each item's reward about its mean.

    Returns
    -------
    mean : (n,) array
    variance : float
    """
    items = np.flatnonzero(np.isfinite(scores[:, 0]))
    chance, scores = outcome[items], scores[items]
    gradients = advantage[items, None] * scores
    mean = chance @ gradients
    around = gradients - mean
    noise = np.broadcast_to(noise, outcome.shape)[items]
    squared = np.einsum("ij,ij->i", around, around) + noise * np.einsum("ij,ij->i", scores, scores)
    return mean, float(chance @ squared)


@lru_cache(maxsize=8)
def _fixed_direction(n_items):
    return np.random.default_rng(DIRECTION_SEED).normal(size=n_items)


def project(vectors, gradient):
    """Project on the direction of the true gradient and on one fixed direction orthogonal to it.

    Parameters
    ----------
    vectors : (..., n) array
    gradient : (n,) array

    Returns
    -------
    tuple of array
        The two coordinates.
    """
    fixed = _fixed_direction(len(gradient))
    length = np.linalg.norm(gradient)
    along = gradient / length if length > 0 else np.ones_like(gradient) / np.sqrt(len(gradient))
    across = fixed - (fixed @ along) * along
    across /= np.linalg.norm(across)
    return vectors @ along, vectors @ across


def cosine(first, second, zero=LENGTH_ZERO):
    """Return the cosine of the angle between two vectors; NaN where one of them is not longer than `zero`."""
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    return float(first @ second / (lengths[0] * lengths[1])) if min(lengths) > zero else float("nan")


def degrees(cosine):
    """Return the angle of a cosine in degrees."""
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
