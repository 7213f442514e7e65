"""The numbers behind the race picture: arrival times, the threshold, and inclusion probabilities two ways.

A race is one row of standard exponential noise divided by the weights. The noise stays while a slider moves, so the
picture changes because of the slider (common random numbers).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.problem import check_k

NAMES = "ABCDEFGHIJKL"
N_RUNNERS = len(NAMES)
MARKED = 5  # runner F, whose logit has a slider
N_RACES = 2000  # behind a simulated inclusion probability
START, END = 0.005, 50.0  # the times in sight
CLOCKS = np.geomspace(1e-6, END, 701)  # where the integrand is known; log t is evenly spaced


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    t: float
    logit: float
    k: int
    seed: int


def logits_with(logit):
    """Return the logits of the twelve runners, from 1.5 down to -1.5, with the marked one's set.

    Parameters
    ----------
    logit : float
        Of runner F.

    Returns
    -------
    (12,) array
    """
    logits = np.linspace(1.5, -1.5, N_RUNNERS)
    logits[MARKED] = logit
    return logits


@lru_cache(maxsize=4)
def noise(seed):
    """Return standard exponential noise, one row a race; the first row is the race drawn."""
    return np.random.default_rng(seed + 2).standard_exponential(size=(N_RACES, N_RUNNERS))


def count_at_most(chances, most):
    """P(at most `most` arrivals) of independent arrivals with different chances (a Poisson-binomial).

    Parameters
    ----------
    chances : (m, ...) array
        One row a runner.
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
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    times : (12,) array
        Arrival times of the race drawn.
    threshold : float
        The K-th of them.
    arrived : (12,) array
        P(arrived by the clock), for each runner.
    exact, simulated : (12,) array
        Inclusion probabilities.
    density : (701,) array
        Of the marked runner at `CLOCKS`, for an axis of log t: it arrives now, and at most K - 1 before it.
    filled : float
        The part of its area up to the clock.
    """

    setting: Setting
    times: np.ndarray
    threshold: float
    arrived: np.ndarray
    exact: np.ndarray
    simulated: np.ndarray
    density: np.ndarray
    filled: float


@lru_cache(maxsize=256)
def _race(logit, k, seed):
    """Return what does not depend on the clock: times, exact, simulated, density."""
    logits = logits_with(logit)
    weights = np.exp(logits)
    times = noise(seed) / weights
    thresholds = np.partition(times, k - 1, axis=1)[:, k - 1]
    simulated = np.mean(times <= thresholds[:, None], axis=0)
    others = np.delete(weights, MARKED)
    rate = weights[MARKED] * CLOCKS
    density = rate * np.exp(-rate) * count_at_most(-np.expm1(-others[:, None] * CLOCKS), k - 1)
    return times[0], float(thresholds[0]), capg.inclusion_probabilities(logits, k), simulated, density


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    check_k(setting.k, N_RUNNERS, "runners")
    if not setting.t > 0:
        raise ValueError(f"the clock is {setting.t}; expected a positive time")
    times, threshold, exact, simulated, density = _race(setting.logit, setting.k, setting.seed)
    arrived = -np.expm1(-np.exp(logits_with(setting.logit)) * setting.t)
    # The area in log t, by trapezoids, plus the sliver before the first clock.
    s = np.log(CLOCKS)
    area = density[0] + np.concatenate([[0.0], np.cumsum(np.diff(s) * (density[1:] + density[:-1]) / 2)])
    filled = float(np.interp(np.log(setting.t), s, area))
    return Numbers(setting, times, threshold, arrived, exact, simulated, density, filled)
