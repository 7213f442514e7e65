"""Outcome-PG for several experts, by the thinned clock: an approximation of this lesson, none of the library's rungs.

Item a is shown by a late stage that picks the best candidate if a is a candidate and none of B, the better ones, is::

    rho_a = P(none of B) - P(none of B and a),    P(none of B) = prod_m exp(-W_{m,B} tau_m)

where W_{m,B} is the weight that expert m gives to B, and tau_m are the thinned clocks of the items outside B alone.
"""

import numpy as np

from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import places_of, sample_lists, thinned_clock

_STEP = 1e-4  # of the central differences; errors are of its square


def none_of(logits, places, better):
    """
    Return the chance that no expert draws an item of a set, by the thinned clock of the others.

    Parameters
    ----------
    logits : (M, n) float64
    places : (M,) int
    better : (n,) bool
        The set.

    Returns
    -------
    float
        0 where there are too few others to fill the places.

    Examples
    --------
    >>> theta = np.zeros((2, 100))
    >>> round(none_of(theta, [5, 5], np.arange(100) < 10), 2)  # 10 of 100 items are drawn
    0.31
    """
    others = ~better
    if others.sum() <= sum(places):
        return 0.0
    rates = thinned_clock(logits[:, others], places)
    clocks = rates[:, 0] / np.exp(logits[:, others][:, 0])
    return float(np.exp(-np.exp(logits[:, better]).sum(axis=1) @ clocks))


def outcome_by_clock(logits, places, utility):
    """
    Return the chance of each item to be shown by a late stage that picks the best candidate, (n,), by the clock.

    Examples
    --------
    >>> theta = np.zeros((2, 100))
    >>> rho = outcome_by_clock(theta, [5, 5], np.arange(100.0))
    >>> int(rho.argmax()), round(float(rho.sum()), 6)
    (99, 1.0)
    """
    rho, better, before = np.zeros(utility.size), np.zeros(utility.size, bool), 1.0
    for a in np.argsort(-utility, kind="stable"):
        better[a] = True
        now = none_of(logits, places, better)
        rho[a], before = before - now, now
    return rho


def shown_share(logits, places, utility, n_lists, seed=0):
    """Return the share of simulated lists of which each item is shown, (n,)."""
    lists = sample_lists(logits, places, np.random.default_rng(seed), n_lists)
    best = lists[np.arange(n_lists), utility[lists].argmax(axis=1)]
    return np.bincount(best, minlength=utility.size) / n_lists


def outcome_noise(logits, k, reward, reward_std=0.0, n_lists=100_000, seed=0):
    """
    Measure Outcome-PG by the clock, with the mean reward as the baseline; the late stage ranks by the reward.

    Parameters
    ----------
    logits : (M, n) float64
    k : int
        The places are split as evenly as possible.
    reward : (n,) float64
        The mean rewards.
    reward_std : float or (n,) float64
        The noise of the rewards.
    n_lists, seed : int
        Of the simulation that says how often each item is shown.

    Returns
    -------
    variance : float
        Trace of the covariance of one estimate.
    mean : (M, n) float64
    """
    places = places_of(k, len(logits))
    chance = outcome_by_clock(logits, places, reward)
    scores = np.zeros((reward.size, *logits.shape))
    can = chance > 1e-9  # the others are shown by chances that rounding hides
    for place in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[place] = _STEP
        up, down = (outcome_by_clock(logits + sign * step, places, reward) for sign in (1, -1))
        scores[(can, *place)] = (up - down)[can] / (2 * _STEP * chance[can])
    share = shown_share(logits, places, reward, n_lists, seed)
    gain = reward - share @ reward
    mean = np.einsum("a,amj->mj", share * gain, scores)
    squares = np.einsum("a,amj->", share * (gain**2 + np.asarray(reward_std) ** 2), scores**2)
    return float(squares - np.sum(mean**2)), mean
