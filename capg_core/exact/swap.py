"""Swap-PG for one context: how the value changes when the last candidate and the next arrival change places.

Draw K+1 items. When the logit of one item moves a little, the candidates change only at the moment when it meets the
K-th of the others. So the whole gradient of V lives on one exchange, for any reward R(S) of a candidate set S. With W_d
the weight left before draw d, A the K first of a list and A' the same with the last replaced by the next::

    dV/dtheta_j = E[ 1{j = a_(K+1)} W_(K+1) sum_{d <= K} 1/W_d (R(A') - R(A)) ]

The average over the orders in which the K+1 can have arrived is in `batch.swap`. Derived here.
"""

import numpy as np

from capg_core._checks import as_candidates, as_k, as_logits, as_vector
from capg_core._types import ArrayLike, Floats
from capg_core.batch.exp import weigh
from capg_core.batch.swap import add_swap_rows, values_without
from capg_core.exact.race import near_logits
from capg_core.late_stage import part_arrays


def _checked(logits, first_arrivals, values_without_each):
    """Return the logits, the first arrivals (K+1,) and the values without each of them."""
    logits = as_logits(logits)
    arrivals = as_candidates(first_arrivals, logits, "first_arrivals")
    as_k(arrivals.shape[-1], logits)
    if arrivals.ndim != 1 or arrivals.size < 2:
        raise ValueError(
            f"first_arrivals has shape {arrivals.shape}; expected (k + 1,): the candidates and the next arrival"
        )
    return logits, arrivals, as_vector(values_without_each, arrivals.size, "values_without")


def swap_gradient(logits: ArrayLike, first_arrivals: ArrayLike, values_without: ArrayLike) -> Floats:
    """
    Unbiased estimate of the policy gradient from the K+1 first arrivals, for any late stage.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    first_arrivals : (K+1,) array_like of int
        The K+1 first arrivals, in any order: K candidates and the next one.
    values_without : (K+1,) array_like
        What the late stage is expected to earn on the others without each of them, in units of the reward: any function
        of a candidate set.

    Returns
    -------
    (n,) float64
        Zero for all but the first arrivals; it sums to zero. Its expectation is the gradient of the expected value.

    Raises
    ------
    ValueError
        For bad logits, arrivals that are repeated, masked or fewer than two, or as many values as there are not.

    Notes
    -----
    sum_i omega_ij (R_i - R_j) for item j, omega_ij the rate at which i and j exchange the last place: an item is raised
    where the list without it would be worse. O(n + K Q), Q some 30 to 300 nodes on the race clock. Derived here.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.swap_gradient([0.0, 0.0, 0.0], [2, 0], [1.0, 0.0]).round(6))
    [ 0.333333  0.       -0.333333]
    """
    logits, arrivals, values = _checked(logits, first_arrivals, values_without)
    return swap_rows(logits, arrivals[None], values[None])[0]


def single_swap_gradient(logits: ArrayLike, first_arrivals: ArrayLike, values_without: ArrayLike) -> Floats:
    """
    The same expectation as :func:`swap_gradient` from the order that was drawn: more noise, and one line of algebra.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    first_arrivals : (K+1,) array_like of int
        The K+1 first arrivals in the order of the draws.
    values_without : (K+1,) array_like
        As in :func:`swap_gradient`; the last two are used.

    Returns
    -------
    (n,) float64
        Zero for all but the last arrival.

    Raises
    ------
    ValueError
        As :func:`swap_gradient`.

    Notes
    -----
    The equation in this module's docstring.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.single_swap_gradient([0.0, 0.0, 0.0], [2, 0], [1.0, 0.0]).round(6))
    [0.666667 0.       0.      ]
    """
    logits, arrivals, values = _checked(logits, first_arrivals, values_without)
    others = logits.copy()
    others[arrivals] = -np.inf
    # the weight left before each draw, added up from the end
    log_left = np.logaddexp.accumulate(np.append(np.logaddexp.reduce(others), logits[arrivals[::-1]]))[:0:-1]
    row = np.zeros(logits.size)
    row[arrivals[-1]] = np.exp(log_left[-1] - log_left[:-1]).sum() * (values[-2] - values[-1])
    return row


def swap_of(problem, arrivals):
    """Return (N, n) gradients of what the critic expects, for a checked problem and its first arrivals (N, K+1)."""
    if arrivals.shape[1] == problem.k:  # every item is a candidate: nothing can be exchanged
        return np.zeros((arrivals.shape[0], problem.logits.size))
    utility = np.zeros(problem.logits.size) if problem.utility is None else problem.utility
    values = np.empty(arrivals.shape)
    values_without(
        arrivals, utility[arrivals], np.empty((0, 0)), *part_arrays(problem.parts), problem.critic[arrivals],
        np.ones(1), values,
    )  # fmt: skip
    return swap_rows(problem.logits, arrivals, values)


def swap_rows(logits, arrivals, values):
    """Return (N, n) rows of :func:`swap_gradient` for first arrivals and values without each, (N, K+1)."""
    theta = near_logits(logits)[None]
    exp_theta, rows = np.empty(theta.shape), np.zeros((arrivals.shape[0], logits.size))
    shift = weigh(theta[0], exp_theta[0])
    add_swap_rows(theta, exp_theta, np.array([shift]), arrivals, values, rows)
    return rows
