"""The numbers behind the ladder panel: five rungs, each the rewards times the score of an event.

All rungs look at the same lists, so that what differs is the rung.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.drawing import FINE_STEPS, round_up
from capg_core.classroom.problem import (
    SYNTHETIC,
    Estimate,
    check_k,
    cosine,
    degrees,
    exact_at,
    exact_moments,
    load_problem,
    orders,
    output_scores,
    project,
)

EVENTS = {
    "V-PG": "list",
    "Set-PG": "set",
    "Outcome-PG": "outcome",
    "CA-PG": "inclusion",
    "CA-PG-SwR": "top-1",
}
RUNGS = tuple(EVENTS)
UNBIASED = RUNGS[:3]
N_LISTS = 400  # behind a measured variance
N_DOTS = 300  # of which drawn
# Log times on the race clock at which the set scores are added up; the integrand is analytic and dies off on
# sides; equal steps of this size give ten digits.
_CLOCK = np.arange(-20.0, 10.0, 0.125)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    rung: str
    k: int
    baseline: bool
    zoom: bool
    seed: int


def rung_above(rung):
    """Return the rung above this one, or None for the first."""
    place = RUNGS.index(rung)
    return RUNGS[place - 1] if place else None


def set_scores(logits, candidates):
    """Return the scores of many sets at once, on one grid of the race clock.

    The same as `capg_core.set_score`, which places nodes for each set; one grid for all turns the work into two
    matrix products, quick enough for a slider.

    Parameters
    ----------
    logits : (n,) array
        Not hundreds apart: the grid is fixed.
    candidates : (N, K) array of int

    Returns
    -------
    (N, n) array
    """
    drawn = np.zeros((len(candidates), len(logits)))
    np.put_along_axis(drawn, candidates, 1.0, axis=1)
    rate = np.minimum(np.exp(logits[:, None] + _CLOCK), 700.0)  # item, node
    rest = (1.0 - drawn) @ np.exp(logits)
    log_mass = drawn @ np.log(-np.expm1(-rate)) - rest[:, None] * np.exp(_CLOCK) + _CLOCK
    mass = np.exp(log_mass - log_mass.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    share = (mass @ (rate / np.expm1(rate)).T) * drawn
    return share - (1.0 - drawn) * np.exp(logits) * (share.sum(axis=1) / rest)[:, None]


@dataclass(frozen=True, eq=False)
class Rung(Estimate):
    """One rung at one K, with `N_DOTS` samples; the variance is measured for list and set, exact for the others.

    Attributes
    ----------
    angle : float
        Between its mean and the true gradient, in degrees.
    """

    angle: float


@lru_cache(maxsize=8)
def _shown(k, seed):
    """Return the lists of K candidates and the item shown from each."""
    candidates = orders(SYNTHETIC, 1.0, seed)[:N_LISTS, :k]
    return candidates, capg.choose_output(candidates, load_problem(SYNTHETIC).utility)


@lru_cache(maxsize=8)
def _list_or_set_scores(rung, k, seed):
    logits, candidates = load_problem(SYNTHETIC).logits, _shown(k, seed)[0]
    return capg.list_score(logits, candidates) if rung == "V-PG" else set_scores(logits, candidates)


def _scores_by_item(rung, k):
    """Return the score for each shown item, a row an item, NaN where it is too rare to matter."""
    if rung == "CA-PG-SwR":
        logits = load_problem(SYNTHETIC).logits
        return capg.inclusion_score(logits, np.arange(len(logits)), k, marginal="with_replacement")
    return output_scores(SYNTHETIC, 1.0, k, rung)


@lru_cache(maxsize=1024)
def rung_at(rung, k, baseline, seed):
    """Return a `Rung`.

    Parameters
    ----------
    rung : str
        One of `RUNGS`.
    k : int
    baseline : bool
        Whether the mean reward is subtracted.
    seed : int

    Returns
    -------
    Rung
    """
    problem, exact = load_problem(SYNTHETIC), exact_at(SYNTHETIC, 1.0, k)
    advantage = problem.mean_reward - (exact.value if baseline else 0.0)
    outputs = _shown(k, seed)[1]
    if rung in ("V-PG", "Set-PG"):
        samples = advantage[outputs][:, None] * _list_or_set_scores(rung, k, seed)
        # The law of total variance: what the shown item explains is exact, and only the rest is measured.
        outcome = rung_at("Outcome-PG", k, baseline, seed)
        explained = advantage[outputs][:, None] * _scores_by_item("Outcome-PG", k)[outputs]
        squares = np.sum(samples**2, axis=1) - np.sum(explained**2, axis=1)
        variance = outcome.variance + max(float(np.nanmean(squares)), 0.0)
        return Rung(exact.gradient, variance, samples[:N_DOTS].copy(), 0.0)
    scores = _scores_by_item(rung, k)
    mean, variance = exact_moments(exact.outcome, advantage, scores)
    dots = advantage[outputs[:N_DOTS], None] * scores[outputs[:N_DOTS]]
    return Rung(mean, variance, dots, 0.0 if rung in UNBIASED else degrees(cosine(mean, exact.gradient, zero=0.0)))


@lru_cache(maxsize=256)
def window(rung, baseline, k=None):
    """Return the half-width of the cloud's axes.

    Parameters
    ----------
    rung : str
        Its dots and those of the rung above have to fit, all but a few of the lists' and sets'.
    baseline : bool
    k : int, optional
        Fit this K alone; without it, one window for every K.

    Returns
    -------
    float
    """
    reach = 0.0
    for size in (1, 5, 20, 50, 99) if k is None else (k,):
        gradient = exact_at(SYNTHETIC, 1.0, size).gradient
        for shown in {rung, rung_above(rung) or rung}:
            far = np.abs(project(rung_at(shown, size, baseline, 0).samples, gradient))
            share = 0.985 if shown in ("V-PG", "Set-PG") else 1.0
            reach = max(reach, float(np.nanquantile(far, share)) * (1.0 if share < 1 else 1.1))
    return round_up(reach, (1, 1.5, 2, 3, 4, 6, 8) if k is None else FINE_STEPS)


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    rungs : dict
        Every rung to its `Rung`.
    item : int
        The item shown most often.
    chosen : (N_DOTS,) bool
        Which of the drawn lists show it.
    """

    setting: Setting
    rungs: dict
    gradient: np.ndarray
    item: int
    chosen: np.ndarray
    window: float


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    if setting.rung not in RUNGS:
        raise ValueError(f"rung is {setting.rung!r}; expected one of {', '.join(RUNGS)}")
    check_k(setting.k, load_problem(SYNTHETIC).n_items)
    exact = exact_at(SYNTHETIC, 1.0, setting.k)
    item = int(np.argmax(exact.outcome))
    return Numbers(
        setting,
        {rung: rung_at(rung, setting.k, setting.baseline, setting.seed) for rung in RUNGS},
        exact.gradient,
        item,
        _shown(setting.k, setting.seed)[1][:N_DOTS] == item,
        window(setting.rung, setting.baseline, setting.k if setting.zoom else None),
    )
