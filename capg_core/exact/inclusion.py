"""First-order inclusion probabilities pi_a = P(a among the K candidates), and their gradients.

Exact by quadrature over the race clock; asymptotic (Rosén), the paper's formula and drawing with replacement are
the cheap alternatives. With p_j = 1 - exp(-w_j t), s = log t and N_{-i} = arrivals by t among the items other than i::

    pi_i = integral of dp_i P(N_{-i} <= K-1)
"""

import numpy as np

from capg_core._checks import as_items, as_k, as_logits, as_name, as_vector, renamed
from capg_core._types import ArrayLike, Floats
from capg_core.exact.inclusion_counts import inclusion_kernel
from capg_core.exact.inclusion_many import many_kernel, open_nodes, undecided
from capg_core.exact.inclusion_slopes import gradient_kernel, score_kernel
from capg_core.exact.paper_formula import paper_inclusion
from capg_core.exact.race import arrival_rates, arrived_by, asymptotic_clock, clock_nodes, log_total, near_logits

INCLUSION_MARGINALS = ("exact", "asymptotic", "paper", "with_replacement")

_SUM_TOLERANCE = 1e-13  # of sum pi, beside K
_SLOPE_TOLERANCE = 1e-12  # of the gradient's sum, beside the largest weight
_MANY = 1e6  # n K beyond which the counts are not gone through one by one
_MAX_REFINE = 32
_NO_CHANCE = 1e-250  # a probability below this has lost digits, or is zero


def _finite(logits):
    """Return the positions of the items that can arrive, and their logits, brought near zero."""
    keep = np.flatnonzero(np.isfinite(logits))
    return keep, near_logits(np.ascontiguousarray(logits[keep]))


def _exact_inclusion(theta, k):
    """Exact inclusion probabilities of finite logits, refined until they sum to K."""
    if k == theta.size:
        return np.ones(k)
    if theta.size * k >= _MANY and (found := undecided(theta, k)):
        return found.spread(_exact_inclusion(theta[found.items], found.k))
    refine = 1
    while True:
        nodes, node_weights, gaps = clock_nodes(theta, k, refine=refine)
        pi = np.zeros(theta.size)
        if theta.size * k >= _MANY:
            many = open_nodes(theta, nodes)
            many_kernel(theta, k, np.empty(0), nodes[many], node_weights[many], pi)
            nodes, node_weights = nodes[~many], node_weights[~many]
        pi += inclusion_kernel(theta, k, nodes, node_weights, gaps)
        if abs(pi.sum() - k) <= _SUM_TOLERANCE * k or refine >= _MAX_REFINE:
            return np.minimum(pi, 1.0)
        refine *= 2


def _exact_gradient(theta, k, c):
    """Exact gradient of sum c pi, refined until it sums to zero."""
    if theta.size * k >= _MANY and (found := undecided(theta, k)):
        few = theta[found.items]
        return found.spread_gradient(_exact_gradient(few, found.k, c[found.items]), _exact_inclusion(few, found.k), c)
    refine = 1
    while True:
        nodes, node_weights, gaps = clock_nodes(theta, k, refine=refine)
        gradient = np.zeros(theta.size)
        if theta.size * k >= _MANY:
            many = open_nodes(theta, nodes)
            many_kernel(theta, k, c, nodes[many], node_weights[many], gradient)
            nodes, node_weights = nodes[~many], node_weights[~many]
        gradient += gradient_kernel(theta, k, c, nodes, node_weights, gaps[0, 1])
        if abs(gradient.sum()) <= _SLOPE_TOLERANCE * np.abs(c).max() or refine >= _MAX_REFINE:
            return gradient
        refine *= 2


@renamed(method="marginal")
def inclusion_probabilities(logits: ArrayLike, k: int, marginal: str = "exact") -> Floats:
    """
    Probability that each item is among the K candidates.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits, natural-log units; -inf masks an item.
    k : int
        Number of candidates, from 1 to the number of finite logits.
    marginal : {"exact", "asymptotic", "paper", "with_replacement"}
        "exact": quadrature over the race clock, O(n K Q) for Q nodes, and O(n Q) with n K in the millions; about 1e-15.
        "asymptotic": Rosén's clock, O(n).
        "paper": 1 - prod_r (1 - w_a / (W - the r-1 largest other weights)). "with_replacement": K softmax(logits),
        the expected number of times that an item is drawn with replacement; it can exceed 1.

    Returns
    -------
    (n,) float64
        Probabilities; exact ones sum to K.

    Raises
    ------
    ValueError
        For logits that are NaN, +inf, empty or not a vector, k out of range, or an unknown marginal.

    Notes
    -----
    "paper" and "with_replacement" follow Kiyohara et al. (2026); "asymptotic" follows Rosén (1997).

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.inclusion_probabilities([1000.0, 0.0, 0.0], 2))
    [1.  0.5 0.5]
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    as_name(marginal, "marginal", INCLUSION_MARGINALS)
    return inclusion_of(logits, k, marginal)


def inclusion_of(logits, k, marginal="exact"):
    """Return what `inclusion_probabilities` does, of arguments that are checked."""
    keep, theta = _finite(logits)
    result = np.zeros(logits.size)
    if marginal == "exact":
        result[keep] = _exact_inclusion(theta, k)
    elif marginal == "asymptotic":
        if k == theta.size:
            result[keep] = 1.0
        else:
            result[keep] = arrived_by(theta, asymptotic_clock(theta, float(k)))
    elif marginal == "paper":
        result[keep] = paper_inclusion(theta, np.arange(theta.size), k, False)[0]
    else:
        result[keep] = k * np.exp(theta - log_total(theta))
    return result


def inclusion_gradient(logits: ArrayLike, k: int, weights: ArrayLike) -> Floats:
    """
    Exact gradient of sum_a weights_a pi_a with respect to the logits.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    k : int
        Number of candidates.
    weights : (n,) array_like
        One finite weight for each item.

    Returns
    -------
    (n,) float64
        The gradient; it sums to zero, because a shift of all logits changes nothing.

    Raises
    ------
    ValueError
        For bad logits, k or weights.

    Notes
    -----
    O(n K Q), and O(n Q) with n K in the millions. Equation in this module's docstring; derived here.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.inclusion_gradient([0.0, 0.0], 1, [1.0, 0.0]))
    [ 0.25 -0.25]
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    return inclusion_gradient_of(logits, k, as_vector(weights, logits.size, "weights"))


def inclusion_gradient_of(logits, k, item_weights):
    """Return what `inclusion_gradient` does, of arguments that are checked."""
    keep, theta = _finite(logits)
    result = np.zeros(logits.size)
    if k < theta.size:
        kept = item_weights[keep]
        # a constant weight has no gradient; without it nothing large cancels
        result[keep] = _exact_gradient(theta, k, kept - kept.mean())
    return result


@renamed(method="marginal")
def inclusion_score(logits: ArrayLike, items: ArrayLike, k: int, marginal: str = "exact") -> Floats:
    """
    Gradient of log pi_a with respect to the logits, for each of some items.

    Parameters
    ----------
    logits : (n,) array_like
        Early-stage logits; -inf masks an item.
    items : (m,) array_like of int
        Items with a finite logit.
    k : int
        Number of candidates.
    marginal : {"exact", "asymptotic", "paper", "with_replacement"}
        As in :func:`inclusion_probabilities`. With replacement the score is that of the top-1 softmax.

    Returns
    -------
    (m, n) float64
        Row i is the gradient for items[i].

    Raises
    ------
    ValueError
        For bad logits, k or marginal, or an item out of range or masked.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.inclusion_score([0.0, 0.0], [0], 1))
    [[ 0.5 -0.5]]
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    items = as_items(items, logits)
    return inclusion_score_of(logits, items, k, as_name(marginal, "marginal", INCLUSION_MARGINALS))


def inclusion_score_of(logits, items, k, marginal="exact"):
    """Return what `inclusion_score` does, of arguments that are checked."""
    keep, theta = _finite(logits)
    unique, inverse = np.unique(np.searchsorted(keep, items), return_inverse=True)
    rows = np.zeros((unique.size, logits.size))
    rows[:, keep] = _SCORES[marginal](theta, unique, k)
    return rows[inverse]


def log_inclusion_of(logits, items, k):
    """Return log pi_a of some items with a finite logit, also where pi_a is no double."""
    keep = np.flatnonzero(np.isfinite(logits))
    theta = np.ascontiguousarray(logits[keep])
    pi = inclusion_of(logits, k)[items]
    result = np.log(np.maximum(pi, _NO_CHANCE))
    for place in np.flatnonzero(pi < _NO_CHANCE):
        a = np.searchsorted(keep, items[place])
        own = _raised(theta, a, k)
        result[place] = np.log(inclusion_of(own, k)[a]) + theta[a] - own[a]
    return result


def _raised(theta, a, k):
    """
    Return the logits with that of a negligible item raised, so that pi_a is above underflow and still negligible.

    So weak an item changes nothing for the others: pi_a is proportional to its weight, and its score the same.
    """
    own = theta.copy()
    own[a] = -asymptotic_clock(np.delete(theta, a), k - 0.5) - 300.0
    return own


def _exact_scores(theta, items, k):
    if k == theta.size:
        return np.zeros((items.size, theta.size))
    nodes, node_weights, gaps = clock_nodes(theta, k)
    pi = inclusion_kernel(theta, k, nodes, node_weights, gaps)
    rows = score_kernel(theta, items, k, nodes, node_weights)
    for row, a in enumerate(items):
        chance = pi[a]
        if chance < _NO_CHANCE:
            own = _raised(theta, a, k)
            chance = inclusion_kernel(own, k, nodes, node_weights, gaps)[a]
            rows[row] = score_kernel(own, items[row : row + 1], k, nodes, node_weights)[0]
        rows[row] /= chance
    return rows


def _asymptotic_scores(theta, items, k):
    if k == theta.size:
        return np.zeros((items.size, theta.size))
    lam, shares = arrival_rates(theta, asymptotic_clock(theta, float(k)))
    own = np.maximum(lam[items], 1e-300)  # x / (e^x - 1) is 1 where the rate underflows
    f = own / np.expm1(own)
    rows = -f[:, None] * shares
    rows[np.arange(items.size), items] += f
    return rows


def _paper_scores(theta, items, k):
    return paper_inclusion(theta, items, k, True)[1]


def _with_replacement_scores(theta, items, k):
    rows = np.tile(-np.exp(theta - log_total(theta)), (items.size, 1))
    rows[np.arange(items.size), items] += 1.0
    return rows


_SCORES = {
    "exact": _exact_scores,
    "asymptotic": _asymptotic_scores,
    "paper": _paper_scores,
    "with_replacement": _with_replacement_scores,
}
