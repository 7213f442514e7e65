"""The numbers behind the ladder panel: five rungs, each the rewards times the score of an event.

All rungs look at the same lists, so that what differs is the rung.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.drawing import round_up
from capg_core.classroom.problem import (
    CLICKS,
    STEADY,
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
    reward_variance,
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
N_LISTS = 300  # drawn as dots, and behind a measured variance
FRAMES = 10  # pictures from one rung to the next
# Log times on the race clock at which the set scores are added up; the integrand is analytic and dies off on
# sides; equal steps of this size give ten digits.
_CLOCK = np.arange(-20.0, 10.0, 0.125)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    rung: str
    way: int  # in frames, down from the first rung
    k: int
    baseline: bool
    rewards: str
    seed: int


def way_to(rung):
    """Return how far down a rung is, in frames.

    Examples
    --------
    >>> way_to("Outcome-PG")
    20
    """
    return FRAMES * RUNGS.index(rung)


def next_rung(way):
    """Return the rung that the dots are on, or fly to.

    Examples
    --------
    >>> next_rung(0), next_rung(13), next_rung(20)
    ('V-PG', 'Outcome-PG', 'Outcome-PG')
    """
    return RUNGS[-(-way // FRAMES)]


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
    """One rung at one K; the variance is measured for list and set, exact for the others.

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


def rewards_of(k, rewards, seed):
    """Return the item shown from each list and its reward: the mean each time, or a click with that chance."""
    outputs = _shown(k, seed)[1]
    mean = load_problem(SYNTHETIC).mean_reward[outputs]
    if rewards != CLICKS:
        return outputs, mean
    return outputs, (np.random.default_rng([seed, 1]).random(len(outputs)) < mean).astype(float)


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
def rung_at(rung, k, baseline, seed, rewards=STEADY):
    """Return a `Rung`.

    Parameters
    ----------
    rung : str
        One of `RUNGS`.
    k : int
    baseline : bool
        Whether the mean reward is subtracted.
    seed : int
    rewards : str
        One of `problem.REWARDS`.

    Returns
    -------
    Rung
    """
    problem, exact = load_problem(SYNTHETIC), exact_at(SYNTHETIC, 1.0, k)
    level = exact.value if baseline else 0.0
    advantage = problem.mean_reward - level
    noise = reward_variance(problem.mean_reward, rewards)
    outputs, reward = rewards_of(k, rewards, seed)
    if rung in ("V-PG", "Set-PG"):
        scores = _list_or_set_scores(rung, k, seed)
        # The law of total variance: what the shown item explains is exact, and only the rest is measured.
        outcome = rung_at("Outcome-PG", k, baseline, seed, rewards)
        more = np.sum(scores**2, axis=1) - np.sum(_scores_by_item("Outcome-PG", k) ** 2, axis=1)[outputs]
        rest = float(np.nanmean((advantage**2 + noise)[outputs] * more))
        return Rung(exact.gradient, outcome.variance + max(rest, 0.0), (reward - level)[:, None] * scores, 0.0)
    scores = _scores_by_item(rung, k)
    mean, variance = exact_moments(exact.outcome, advantage, scores, noise)
    angle = 0.0 if rung in UNBIASED else degrees(cosine(mean, exact.gradient, zero=0.0))
    return Rung(mean, variance, (reward - level)[:, None] * scores[outputs], angle)


@lru_cache(maxsize=256)
def window(k, baseline, rewards):
    """Return the half-width of the cloud's axes, one for all the rungs: all but a few of V-PG's dots fit."""
    samples = rung_at("V-PG", k, baseline, 0, rewards).samples
    far = np.abs(project(samples, exact_at(SYNTHETIC, 1.0, k).gradient))
    return round_up(float(np.quantile(far, 0.985)), (1, 1.5, 2.5, 4, 6))


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    rungs : dict
        Every rung down to the one shown, to its `Rung`.
    flown : float
        How much of the way from the rung above is done: 1 on the rung.
    item : int
        The item shown most often.
    chosen : (N_LISTS,) bool
        Which of the lists show it, and with clicks, got one.
    """

    setting: Setting
    rungs: dict
    flown: float
    gradient: np.ndarray
    item: int
    chosen: np.ndarray
    window: float


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    if setting.rung not in RUNGS:
        raise ValueError(f"rung is {setting.rung!r}; expected one of {', '.join(RUNGS)}")
    if not 0 <= setting.way <= way_to(RUNGS[-1]):
        raise ValueError(f"way is {setting.way}; expected 0 to {way_to(RUNGS[-1])}")
    if next_rung(setting.way) != setting.rung:
        raise ValueError(f"way is {setting.way}; expected one that ends on {setting.rung}")
    check_k(setting.k, load_problem(SYNTHETIC).n_items)
    exact = exact_at(SYNTHETIC, 1.0, setting.k)
    item = int(np.argmax(exact.outcome))
    outputs, reward = rewards_of(setting.k, setting.rewards, setting.seed)
    reached = RUNGS[: RUNGS.index(setting.rung) + 1]
    where = (setting.k, setting.baseline, setting.seed, setting.rewards)
    return Numbers(
        setting,
        {rung: rung_at(rung, *where) for rung in reached},
        1.0 - (way_to(setting.rung) - setting.way) / FRAMES,
        exact.gradient,
        item,
        (outputs == item) & (reward > 0.0),
        window(setting.k, setting.baseline, setting.rewards),
    )
