"""The core for anybody's model: logits in, candidates or the gradient of the estimated value on every logit out.

A model gives a batch of contexts its logits (B, n), in any framework. `sample_batch` draws the candidates, the late
stage shows something, rewards come in, and `batch_gradient` says how each logit should move. The rest is the
framework's backward pass. Training uses the same code.
"""

import math
import threading

import numpy as np

from capg_core._checks import (
    as_batch_logits,
    as_candidates,
    as_count,
    as_generator,
    as_indices,
    as_plain,
    as_rows,
    as_vector,
    refuse_outsiders,
)  # fmt: skip
from capg_core._types import ArrayLike, Floats, Items, NDArray
from capg_core.batch.draw import can_be_drawn, draw_batch
from capg_core.batch.exp import weigh_rows
from capg_core.estimators import as_baseline, gains_of, refuse_lonely_mean, refuse_never_shown
from capg_core.ladder import choose_rung
from capg_core.late_stage import LateStageLike, as_parts, as_position_weights
from capg_core.rung import LIST, Batch, First

NONE = np.empty((0, 0))
# So many weights keep their memory from call to call: getting it from the system takes as long as filling it.
_KEPT = 2**20
_kept = threading.local()


def fill_gradient(
    chosen, theta, exp_theta, shifts, places, candidates, outputs, rewards, *, parts, utility, noise, first, expected,
    baseline, position_weights, rows,
):  # fmt: skip
    """
    Fill rows (M, B, n) with an estimator's rows for a batch, of arguments that are checked; return the `Batch`.

    ``expected`` is what the critic expects of each output, (B, L), or zero; the others are as in `Batch`.
    """
    gains = gains_of(rewards, expected, baseline, position_weights)
    batch = Batch(theta, exp_theta, shifts, places, candidates, outputs, gains, parts, utility, noise, first)
    chosen.fill(batch, rows)
    return batch


def sample_batch(logits: ArrayLike, k: int, rng: np.random.Generator) -> Items:
    """
    Draw one candidate list for each of many contexts, from the Plackett-Luce top-K without replacement.

    Parameters
    ----------
    logits : (B, n) array_like
        Early-stage logits, a row per context; -inf masks an item.
    k : int
        Number of candidates. "Swap-PG" wants one more: the next arrival is the last column.
    rng : numpy.random.Generator
        The same state gives the same lists.

    Returns
    -------
    (B, k) int64
        Items in the order in which they were drawn.

    Raises
    ------
    ValueError
        For bad logits or rng, or a k beyond the items of a row that are not masked.

    Notes
    -----
    Exact. `sample_candidates` draws many lists of one context.

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> capg.sample_batch([[0.0, 900.0], [900.0, 0.0]], 1, np.random.default_rng(0))
    array([[1],
           [0]])
    """
    theta, pool, _ = as_batch_logits(logits)
    k = as_count(k, "k", 1, pool)
    candidates, shifts = np.empty((theta.shape[0], k), np.int64), np.empty((1, theta.shape[0]))
    weights = np.empty((1, 1, theta.shape[1]))  # of one context at a time: nobody asks for them later
    draw_batch(theta[None], np.array([k]), as_generator(rng), True, candidates, weights, shifts)
    return candidates


def batch_gradient(
    logits: ArrayLike,
    estimator: str,
    k: int,
    *,
    outputs: ArrayLike,
    rewards: ArrayLike,
    candidates: ArrayLike | None = None,
    utility: ArrayLike | None = None,
    critic: ArrayLike | None = None,
    late_stage: LateStageLike = "optimal",
    marginal: str = "asymptotic",
    baseline: str | float | None = None,
    residual: str | None = None,
    position_weights: ArrayLike | None = None,
    importance: ArrayLike | None = None,
) -> Floats | NDArray[np.float32]:
    """
    Gradient of the estimated value on every logit, a row per context: what a model's backward pass is given.

    Parameters
    ----------
    logits : (B, n) array_like
        Early-stage logits; -inf masks an item.
    estimator : str
        One of ``ESTIMATORS``.
    k : int
        Number of candidates.
    outputs : (B,) or (B, L) array_like of int
        What the late stage has shown, best first.
    rewards : (B,) or (B, L) array_like
        The reward of each.
    candidates : (B, k) array_like of int, optional
        In the order of the draws; needed by the estimators that see the list. "Swap-PG" needs (B, k + 1): the next
        arrival too.
    utility, critic : (n,) or (B, n) array_like, optional
        What the late stage ranks by, and the predicted reward, of each item; of an estimator that does not need the
        ranking of all, (B, k + 1) will do, beside the candidates. Where k + 1 = n, (B, n) is one for each item. As in
        :func:`estimate_gradients`.
    late_stage : {"optimal", "uniform", "anti"} or mixture
        Used by "Outcome-PG" and "Swap-PG". A noisy one is "optimal" with its noise in the utility.
    marginal : {"asymptotic", "exact", "paper"}
        How "CA-PG" and "Outcome-PG", or a residual of these, compute their probability. Only the asymptotic one is
        quick.
    baseline : None, "mean" or float
        Subtracted from every reward, or reward - critic. "mean" is the mean of the other contexts.
    residual : {None, "list", "inclusion", "outcome"}
        For "Swap-PG", as in :func:`estimate_gradients`.
    position_weights : (L,) array_like, optional
        How much each position counts; scaled to sum to one. The mean if not given.
    importance : (B,) array_like, optional
        What each row is multiplied by: the ratio of the present policy's probability of what was logged to that of the
        policy that logged it.

    Returns
    -------
    (B, n) float64, or float32 where the logits are
        Upward, in units of the reward, not divided by B: ``logits.backward(gradient=-rows / B)`` in PyTorch,
        ``vjp(rows / B)`` in JAX.

    Raises
    ------
    ValueError
        For bad arguments, something needed that is not given, or an estimator that has no such form.

    Notes
    -----
    O(B (n + K)) for the estimators with a quick form, float64 inside.

    Examples
    --------
    >>> import capg_core as capg
    >>> print(capg.batch_gradient([[0.0, 0.0]], "CA-PG", 1, outputs=[1], rewards=[2.0], marginal="exact"))
    [[-1.  1.]]
    """
    chosen = choose_rung(estimator, marginal, residual)
    parts = as_parts(late_stage, exact=chosen.needs_critic or chosen.needs_ranking)
    theta, pool, is_single = as_batch_logits(logits)
    n_rows, n_items = theta.shape
    k = as_count(k, "k", 1, pool)
    outputs = _as_item_rows(outputs, theta, "outputs", f"shape ({n_rows},) or ({n_rows}, L)")
    rewards = as_rows(rewards, "rewards", outputs.shape)
    position_weights = as_position_weights(position_weights, outputs.shape[1])
    as_baseline(baseline, lambda: None)
    chosen.check(1, outputs.shape[1])
    refuse_lonely_mean(baseline, n_rows, "rows of logits")
    if outputs.shape[1] > k:
        raise ValueError(f"outputs has shape {outputs.shape}; expected at most k = {k} of them in a row")
    refuse_no_next(chosen, k, pool, n_items)
    arrivals = _as_arrivals(candidates, theta, k, chosen, outputs)
    chosen.refuse_missing(utility, critic, parts)
    first, expected = _first_of(chosen, arrivals, outputs, utility, critic, theta.shape, k, position_weights)
    ranking = _of_all(utility, "utility", theta.shape) if chosen.needs_ranking else NONE
    if importance is not None:
        importance = as_rows(importance, "importance", (n_rows,))
    # from here on nothing is called that is not ours: the scratch would be another's
    exp_theta, shifts = _scratch(1, n_rows, n_items), np.empty((1, n_rows))
    weigh_rows(theta, exp_theta[0], shifts[0])
    rows = np.empty((1, n_rows, n_items))
    fill_gradient(
        chosen, theta[None], exp_theta, shifts, np.array([k]),
        None if arrivals is None else np.ascontiguousarray(arrivals[:, :k]), outputs, rewards, parts=parts,
        utility=ranking, noise=NONE, first=first,
        expected=expected, baseline=baseline, position_weights=position_weights, rows=rows,
    )  # fmt: skip
    rows = rows[0]
    if chosen.needs_ranking:
        refuse_never_shown(rows, outputs[:, 0])
    if importance is not None:
        rows *= importance[:, None]
    return rows.astype(np.float32) if is_single else rows


def _as_item_rows(values, logits, name, expected):
    """Return distinct items (B, m) that can be drawn, a row per row of logits (B, n); (B,) will do for one each."""
    given = as_plain(values, name, expected)
    array = given.reshape(-1, 1) if given.ndim == 1 else given
    if array.ndim != 2 or array.shape[0] != logits.shape[0]:
        raise ValueError(f"{name} has shape {given.shape}; expected {expected}")
    array = as_indices(array, logits.shape[1], name)
    if not can_be_drawn(array, logits):
        for b, row in enumerate(array):  # one of them says what is wrong
            as_candidates(row, logits[b], f"{name}[{b}]")
    return array


def _scratch(*shape):
    """Return an array to write to, of memory that the next call in this thread gets too."""
    size = math.prod(shape)
    if size > _KEPT:
        return np.empty(shape)
    if getattr(_kept, "memory", NONE).size < size:
        _kept.memory = np.empty(size)
    return _kept.memory[:size].reshape(shape)


def _places(outputs, arrivals):
    """Return where each output (B, L) stands among the arrivals (B, F); 0 where it does not."""
    return (outputs[:, :, None] == arrivals[:, None, :]).argmax(axis=2)


def _first_of(chosen, arrivals, outputs, utility, critic, shape, k, position_weights):
    """Return what a rung with a critic sees of a batch, and what the critic expects of each output; else None and 0."""
    if not chosen.needs_critic:
        _check_unused(critic, "critic", shape, k)
        if not chosen.needs_ranking:
            _check_unused(utility, "utility", shape, k)
        return None, 0.0
    ranked, predicted = (
        _at_arrivals(values, name, arrivals, shape[1]) for name, values in (("utility", utility), ("critic", critic))
    )
    expected = np.take_along_axis(predicted, _places(outputs, arrivals), axis=1)
    return First(arrivals, ranked, predicted, NONE, position_weights), expected


def refuse_no_next(chosen, k, pool, n_items):
    """Refuse a k after which some pool has no next arrival, where the estimator needs one."""
    if chosen.needs_critic and k == pool < n_items:
        raise ValueError(
            f"k = {k} with estimator = {chosen.rung.name!r}; expected at most {k - 1}, one less than the smallest "
            "pool: it needs the next arrival"
        )


def _as_arrivals(candidates, theta, k, chosen, outputs):
    """Return the candidates, with a critic the next arrival too; None where none are given and none are needed."""
    wanted = k + (chosen.needs_critic and k < theta.shape[1])
    shape = f"shape ({theta.shape[0]}, {wanted})"
    if candidates is None:
        if chosen.needs_critic or chosen.scored.sees == LIST:
            raise ValueError(f"candidates = None; expected {shape}, which {chosen.rung.name!r} needs")
        return None
    arrivals = _as_item_rows(candidates, theta, "candidates", shape)
    if arrivals.shape[1] != wanted:
        hint = ", the candidates and the next arrival" if chosen.needs_critic else ""
        raise ValueError(f"candidates has shape {arrivals.shape}; expected {shape}{hint}")
    refuse_outsiders(outputs, arrivals[:, :k])
    return arrivals


def _check_unused(values, name, shape, k):
    """Refuse what is no utility or critic, though the estimator does not look at it."""
    if values is None:
        return
    array = as_plain(values, name, f"shape {shape} or ({shape[1]},)")
    if array.ndim == 1:
        as_vector(array, shape[1], name)
    else:
        as_rows(array, name, (shape[0], array.shape[-1] if array.shape[-1:] in ((k,), (k + 1,)) else shape[1]))


def _of_all(values, name, shape):
    """Return one number per item and context, (B, n), of what is given as that or as (n,)."""
    array = as_plain(values, name, f"shape {shape} or ({shape[1]},)")
    if array.ndim == 1:
        return np.tile(as_vector(array, shape[1], name), (shape[0], 1))
    return as_rows(array, name, shape)


def _at_arrivals(values, name, arrivals, n_items):
    """Return one number per first arrival, (B, F), of what is given as that, as (B, n) or as (n,); zeros of None."""
    if values is None:
        return np.zeros(arrivals.shape)
    array = as_plain(values, name, f"shape {arrivals.shape}, ({arrivals.shape[0]}, {n_items}) or ({n_items},)")
    if array.ndim == 1:
        return as_vector(array, n_items, name)[arrivals]
    if array.shape == (arrivals.shape[0], n_items):
        return np.take_along_axis(as_rows(array, name, array.shape), arrivals, axis=1)
    return as_rows(array, name, arrivals.shape)
