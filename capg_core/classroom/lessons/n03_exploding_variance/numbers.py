"""The numbers behind the signal-and-noise panel: one long order a list, and everything at every K from running sums.

Half of the requests come from users who rate every item higher by a constant, the gap. A constant reward teaches
nothing, so the true gradient is the same for both kinds of user and for every gap; only the noise is not.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from capg_core.classroom.drawing import FINE_STEPS, round_up
from capg_core.classroom.problem import (
    SYNTHETIC,
    check_k,
    curve_ks,
    exact_at,
    load_problem,
    output_scores,
    project,
)

N_WALKS = 8
MAX_BATCH = 512
N_LISTS = N_WALKS * MAX_BATCH
NONE, COMMON, OWN = "none", "one mean for all", "each user's own mean"
BASELINES = (NONE, COMMON, OWN)
LADDER = ("V-PG", "Outcome-PG", "CA-PG")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    k: int
    batch: int
    baseline: str
    gap: float
    split: bool
    zoom: bool
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
    higher : (N_LISTS,) bool
        Whether the user is of the kind that rates higher.
    """

    order: np.ndarray
    shown_reward: np.ndarray
    squared: np.ndarray
    inverse: np.ndarray
    higher: np.ndarray


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
    higher = rng.permutation(np.arange(N_LISTS) % 2 == 1)
    weight = np.exp(problem.logits)[order]
    left = np.cumsum(weight[:, ::-1], axis=1)[:, ::-1]  # added up from the end, so nothing cancels
    inverse = 1.0 / left
    pulled = np.cumsum(inverse, axis=1)
    squares = weight**2
    not_drawn = np.cumsum(squares[:, ::-1], axis=1)[:, ::-1] - squares
    squared = np.cumsum((1.0 - weight * pulled) ** 2, axis=1) + pulled**2 * not_drawn
    shown = np.maximum.accumulate(problem.mean_reward[order], axis=1)
    return Lists(order, shown, squared, inverse, higher)


def levels(baseline, gap, value):
    """Return the baseline of the ordinary users and of those who rate higher.

    Parameters
    ----------
    baseline : str
        One of `BASELINES`.
    gap : float
    value : float
        The expected reward of an ordinary user.

    Returns
    -------
    tuple of float
    """
    if baseline not in BASELINES:
        raise ValueError(f"baseline is {baseline!r}; expected one of {', '.join(BASELINES)}")
    if baseline == NONE:
        return 0.0, 0.0
    if baseline == COMMON:
        return value + gap / 2, value + gap / 2
    return value, value + gap


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
def moments_at(k, estimator, baseline, gap, seed):
    """Return `Moments` of one estimate.

    V-PG's mean is the exact gradient and its variance is measured on `N_LISTS` lists, exactly over the kind of user.
    The others depend on the list through the shown item alone: exact sums.

    Parameters
    ----------
    k : int
    estimator : str
        One of `LADDER`.
    baseline : str
        One of `BASELINES`.
    gap : float
    seed : int

    Returns
    -------
    Moments
    """
    exact = exact_at(SYNTHETIC, 1.0, k)
    low, high = levels(baseline, gap, exact.value)
    length = float(np.linalg.norm(exact.gradient))
    if estimator == "V-PG":
        lists = simulate(seed)
        reward, squared = lists.shown_reward[:, k - 1], lists.squared[:, k - 1]
        gain = ((reward - low) ** 2 + (reward + gap - high) ** 2) / 2
        variance = float(np.mean(gain * squared)) - length**2
        return Moments(length, float(np.sqrt(max(variance, 0.0))), 1.0)
    scores = output_scores(SYNTHETIC, 1.0, k, estimator)
    items = np.flatnonzero(np.isfinite(scores[:, 0]))
    chance, reward, scores = exact.outcome[items], load_problem(SYNTHETIC).mean_reward[items], scores[items]
    gain = ((reward - low) ** 2 + (reward + gap - high) ** 2) / 2
    mean = (chance * (reward + gap / 2 - (low + high) / 2)) @ scores
    variance = float((chance * gain) @ np.einsum("ij,ij->i", scores, scores) - mean @ mean)
    noise = float(np.sqrt(max(variance, 0.0)))
    if estimator == "Outcome-PG":
        return Moments(length, noise, 1.0)
    signal = float(np.linalg.norm(mean))
    return Moments(signal, noise, float(mean @ exact.gradient / (signal * length)))


def curve(estimator, baseline, gap, seed):
    """Return K values, and signal and noise of one estimate at each.

    Returns
    -------
    tuple of array
    """
    ks = curve_ks(load_problem(SYNTHETIC).n_items)
    found = [moments_at(int(k), estimator, baseline, gap, seed) for k in ks]
    return ks, np.array([m.signal for m in found]), np.array([m.noise for m in found])


def _walk_gains(setting):
    """Return (reward - baseline) / batch of the lists in the walks, one row a walk."""
    lists = simulate(setting.seed)
    low, high = levels(setting.baseline, setting.gap, exact_at(SYNTHETIC, 1.0, setting.k).value)
    rows = slice(0, N_WALKS * setting.batch)
    reward = lists.shown_reward[rows, setting.k - 1]
    gain = np.where(lists.higher[rows], reward + setting.gap - high, reward - low)
    # Lists 0, 8, 16, ... are the first walk, so a larger batch holds the smaller one.
    return gain.reshape(setting.batch, N_WALKS).T / setting.batch


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


@lru_cache(maxsize=16)
def window(gap):
    """Return the half-width of the walks' axes for single lists without a baseline, the same for every K."""
    reach = 0.0
    for k in (1, 20, 50):
        steps = walks(Setting(k=k, batch=1, baseline=NONE, gap=gap, split=False, zoom=False, seed=0))
        reach = max(reach, float(np.quantile(np.abs(steps), 0.99)))
    return round_up(reach)


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
    check_k(setting.k, load_problem(SYNTHETIC).n_items)
    if not 1 <= setting.batch <= MAX_BATCH:
        raise ValueError(f"batch is {setting.batch}; expected 1 to {MAX_BATCH}")
    shown = LADDER if setting.split else ("V-PG", "CA-PG")
    where = (setting.baseline, setting.gap, setting.seed)
    gradient = exact_at(SYNTHETIC, 1.0, setting.k).gradient
    drawn, credit, truth = walks(setting), credit_means(setting), project(gradient, gradient)
    # zoomed in, all that is drawn is in sight, and no more
    reach = max(float(np.abs(points).max()) for points in (drawn, credit, truth))
    return Numbers(
        setting,
        {e: moments_at(setting.k, e, *where) for e in shown},
        {e: curve(e, *where) for e in shown},
        drawn,
        credit,
        truth,
        round_up(1.05 * reach, FINE_STEPS) if setting.zoom else window(setting.gap),
    )
