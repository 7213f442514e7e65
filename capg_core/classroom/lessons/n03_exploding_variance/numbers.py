"""The numbers behind the signal-and-noise panel: one long order a list, and everything at every K from running sums."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from capg_core.classroom.drawing import FINE_STEPS, round_up
from capg_core.classroom.problem import (
    CLICKS,
    STEADY,
    SYNTHETIC,
    check_k,
    curve_ks,
    exact_at,
    exact_moments,
    load_problem,
    output_scores,
    project,
    reward_variance,
)

N_WALKS = 8
MAX_BATCH = 512
N_LISTS = N_WALKS * MAX_BATCH
METHODS = ("V-PG", "CA-PG")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    k: int
    batch: int
    rewards: str
    baseline: bool
    seed: int


@dataclass(frozen=True, eq=False)
class Lists:
    """Simulated orders of all items, so that the first K columns are a candidate list.

    Attributes
    ----------
    order : (N_LISTS, n) int
    shown_reward : (N_LISTS, n) float
        Column K - 1: the mean reward of the item shown from the first K.
    squared : (N_LISTS, n) float
        Column K - 1: the squared length of the score of the first K.
    inverse : (N_LISTS, n) float
        One over the weight left before each draw.
    luck : (N_LISTS,) float
        Between 0 and 1: a click comes if it is below the mean reward.
    """

    order: np.ndarray
    shown_reward: np.ndarray
    squared: np.ndarray
    inverse: np.ndarray
    luck: np.ndarray


@lru_cache(maxsize=2)
def simulate(seed):
    """Return `Lists` for the synthetic problem.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Lists
    """
    problem, rng = load_problem(SYNTHETIC), np.random.default_rng([seed, 3])
    order = np.argsort(-(problem.logits + rng.gumbel(size=(N_LISTS, problem.n_items))), axis=1)
    luck = rng.random(N_LISTS)
    weight = np.exp(problem.logits)[order]
    left = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]  # added up from the end, so nothing cancels
    inverse = 1.0 / left
    pulled = np.cumsum(inverse, axis=1)
    squares = weight**2
    not_drawn = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1] - squares
    squared = np.cumsum((1.0 - weight * pulled) ** 2, axis=1) + pulled**2 * not_drawn
    shown = np.maximum.accumulate(problem.mean_reward[order], axis=1)
    return Lists(order, shown, squared, inverse, luck)


@dataclass(frozen=True)
class Moments:
    """One estimator at one K: length of its mean, standard deviation of one estimate, cosine with the true gradient."""

    signal: float
    noise: float
    cosine: float

    def snr(self, batch):
        """Signal over the noise of a mean of `batch` estimates."""
        return self.signal * np.sqrt(batch) / self.noise if self.noise > 0 else float("inf")

    @property
    def needed(self):
        """How many estimates bring signal-to-noise to 1."""
        return (self.noise / self.signal) ** 2 if self.signal > 0 else float("inf")


@lru_cache(maxsize=2048)
def moments_at(k, estimator, baseline, rewards, seed):
    """Return `Moments` of one estimate.

    V-PG's mean is the exact gradient; its variance is measured on `N_LISTS` lists, and exact over clicks. CA-PG depends
    on the list through the shown item alone: exact sums.

    Parameters
    ----------
    k : int
    estimator : str
        One of `METHODS`.
    baseline : bool
        Whether the mean reward is subtracted.
    rewards : str
        One of `capg_core.classroom.problem.REWARDS`.
    seed : int

    Returns
    -------
    Moments
    """
    problem, exact = load_problem(SYNTHETIC), exact_at(SYNTHETIC, 1.0, k)
    level, length = exact.value if baseline else 0.0, float(np.linalg.norm(exact.gradient))
    noise = reward_variance(problem.mean_reward, rewards)
    if estimator == "V-PG":
        lists = simulate(seed)
        reward = lists.shown_reward[:, k - 1]
        spread = reward * (1.0 - reward) if rewards == CLICKS else 0.0
        squared = ((reward - level) ** 2 + spread) * lists.squared[:, k - 1]
        variance = float(np.mean(squared)) - length**2
        return Moments(length, float(np.sqrt(max(variance, 0.0))), 1.0)
    scores = output_scores(SYNTHETIC, 1.0, k, estimator)
    mean, variance = exact_moments(exact.outcome, problem.mean_reward - level, scores, noise)
    signal = float(np.linalg.norm(mean))
    return Moments(signal, float(np.sqrt(max(variance, 0.0))), float(mean @ exact.gradient / (signal * length)))


def curve(estimator, baseline, rewards, seed):
    """Return K values, and signal and noise of one estimate at each.

    Returns
    -------
    tuple of array
    """
    ks = curve_ks(load_problem(SYNTHETIC).n_items)
    found = [moments_at(int(k), estimator, baseline, rewards, seed) for k in ks]
    return ks, np.array([m.signal for m in found]), np.array([m.noise for m in found])


def _walk_gains(setting):
    """Return (reward - baseline) / batch of the lists in the walks, one row a walk."""
    lists, rows = simulate(setting.seed), slice(0, N_WALKS * setting.batch)
    reward = lists.shown_reward[rows, setting.k - 1]
    if setting.rewards != STEADY:
        reward = 1.0 * (lists.luck[rows] < reward)
    level = exact_at(SYNTHETIC, 1.0, setting.k).value if setting.baseline else 0.0
    # Lists 0, 8, 16, ... are the first walk, so a larger batch holds the smaller one.
    return (reward - level).reshape(setting.batch, N_WALKS).T / setting.batch


def walks(setting):
    """Return the V-PG batch means draw by draw: partial sums of the surprises, times the rewards.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    (N_WALKS, K + 1, 2) array
        Coordinates along the true gradient and across it, from the origin on.
    """
    problem, lists, k = load_problem(SYNTHETIC), simulate(setting.seed), setting.k
    n_used = N_WALKS * setting.batch
    order, inverse = lists.order[:n_used], lists.inverse[:n_used, :k]
    weight = np.exp(problem.logits)
    gains = _walk_gains(setting)
    result = np.zeros((N_WALKS, k + 1, 2))
    for axis, direction in enumerate(project(np.eye(problem.n_items), exact_at(SYNTHETIC, 1.0, k).gradient)):
        drawn = (weight * direction)[order[:, :k]]
        left = (weight * direction).sum() - np.cumsum(drawn, axis=1) + drawn
        surprise = direction[order[:, :k]] - left * inverse
        in_batches = surprise.reshape(setting.batch, N_WALKS, k)
        result[:, 1:, axis] = np.cumsum(np.einsum("wb,bwk->wk", gains, in_batches), axis=1)
    return result


def credit_means(setting):
    """Return the CA-PG batch means of the same lists.

    Parameters
    ----------
    setting : Setting

    Returns
    -------
    (N_WALKS, 2) array
        Coordinates as in `walks`.
    """
    problem, lists, k = load_problem(SYNTHETIC), simulate(setting.seed), setting.k
    scores = np.nan_to_num(output_scores(SYNTHETIC, 1.0, k, "CA-PG"))
    x, y = project(scores, exact_at(SYNTHETIC, 1.0, k).gradient)
    order = lists.order[: N_WALKS * setting.batch, :k]
    shown = order[np.arange(len(order)), np.argmax(problem.mean_reward[order], axis=1)]
    shown = shown.reshape(setting.batch, N_WALKS).T
    gains = _walk_gains(setting)
    return np.stack([(gains * x[shown]).sum(axis=1), (gains * y[shown]).sum(axis=1)], axis=1)


def _drawn(setting):
    """Return what is drawn on the walks' axes: the walks, CA-PG's means, the true gradient; and how far it goes."""
    gradient = exact_at(SYNTHETIC, 1.0, setting.k).gradient
    found = walks(setting), credit_means(setting), project(gradient, gradient)
    return *found, 1.05 * max(float(np.abs(points).max()) for points in found)


@lru_cache(maxsize=64)
def window(batch, baseline, rewards):
    """Return the half-width of the walks' axes at every K up to 22, so that the walks are seen to grow."""
    ks = curve_ks(load_problem(SYNTHETIC).n_items)[[0, -5]]  # those whose CA-PG scores the curves need anyway
    how = {"batch": batch, "baseline": baseline, "rewards": rewards, "seed": 0}
    return round_up(max(_drawn(Setting(k=int(k), **how))[-1] for k in ks), FINE_STEPS)


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting."""

    setting: Setting
    moments: dict
    curves: dict
    walks: np.ndarray
    credit: np.ndarray
    gradient: tuple
    window: float


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    s = setting
    check_k(s.k, load_problem(SYNTHETIC).n_items)
    if not 1 <= s.batch <= MAX_BATCH:
        raise ValueError(f"batch is {s.batch}; expected 1 to {MAX_BATCH}")
    where = (s.baseline, s.rewards, s.seed)
    drawn, credit, truth, reach = _drawn(s)
    # with more draws, or other noise, a walk may go further: nothing is out of sight
    half = max(window(s.batch, s.baseline, s.rewards), round_up(reach, FINE_STEPS))
    return Numbers(
        s,
        {e: moments_at(s.k, e, *where) for e in METHODS},
        {e: curve(e, *where) for e in METHODS},
        drawn,
        credit,
        truth,
        half,
    )
