"""The value of a model in a world, without noise, and the values to compare it with.

Evaluation is deterministic: each user's K candidates are the early stage's largest logits, the late stage shows L of
them, and the mean reward of what is shown counts.
"""

from math import lgamma

import numpy as np

from capg_core._checks import as_count, as_instance
from capg_core._types import ArrayLike
from capg_core.late_stage import LateStageLike, as_parts, as_position_weights
from capg_core.training.towers import TwoTower
from capg_core.worlds.world import World

_NOISE_DRAWS = 16  # of a noisy late stage that shows more than one item; the draws are always the same


def _best_l(seen, n_outputs):
    return np.argsort(-seen, axis=1, kind="stable")[:, :n_outputs]


def _shown_reward(reward, utility, stage, position_weights):
    """Return the expected reward of each context (B,) under one late stage, given its candidates' numbers (B, K)."""
    if stage.is_uniform:
        return reward.mean(axis=1)
    n_outputs = position_weights.size
    if stage.is_noisy and n_outputs == 1:  # the largest of what it sees is a softmax draw
        liked = stage.sign * utility
        chance = np.exp(stage.beta * (liked - liked.max(axis=1, keepdims=True)))
        return (chance * reward).sum(axis=1) / chance.sum(axis=1)
    draws = sights(stage, utility, np.random.default_rng(0))
    shown = (np.take_along_axis(reward, _best_l(seen, n_outputs), axis=1) for seen in draws)
    return sum(rewards @ position_weights for rewards in shown) / len(draws)


def sights(stage, utility, rng):
    """Return what a late stage ranks by: once, or as often as the noise is drawn."""
    if stage.is_strict:
        return [stage.seen(utility)]
    return [stage.seen(utility, rng.gumbel(size=utility.shape) / stage.beta) for _ in range(_NOISE_DRAWS)]


def evaluate(
    model: TwoTower,
    world: World,
    k: int,
    *,
    late_stage: LateStageLike = "optimal",
    n_outputs: int = 1,
    position_weights: ArrayLike | None = None,
) -> float:
    """
    Mean reward over all users of a world, without noise.

    Parameters
    ----------
    model : TwoTower
    world : World
    k : int
        Number of candidates.
    late_stage : {"optimal", "noisy", "uniform", "anti"}, noisy or mixture
        The expectation over its own chance is taken (by 16 fixed draws for a noisy one that shows several items).
    n_outputs : int
        Number of items shown, L.
    position_weights : (L,) array_like, optional
        How much each position counts; scaled to sum to one. The mean if not given.

    Returns
    -------
    float
        In units of the reward.

    Raises
    ------
    ValueError
        For a model of another size than the world, a bad k, late stage, n_outputs or weight.

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> world = capg.World([[0.0, 1.0, 2.0]])
    >>> model = capg.TwoTower(1, 3, 2, 1, np.random.default_rng(0))
    >>> capg.evaluate(model, world, 3)
    2.0
    """
    as_instance(model, "model", TwoTower, " (a result of training has it as .model)")
    as_instance(world, "world", World)
    if (model.n_users, model.n_items) != world.mean_reward.shape:
        raise ValueError(f"model is for ({model.n_users}, {model.n_items}); expected {world.mean_reward.shape}")
    parts = as_parts(late_stage)
    k, n_outputs = check_sizes(world, k, n_outputs)
    position_weights = as_position_weights(position_weights, n_outputs)
    users = np.arange(world.n_users)
    # lower items first, so that equal utilities rank by index
    lists = np.sort(model.candidates(users, k, world.available), axis=1)
    reward = world.mean_reward[users[:, None], lists]
    utility = world.utility[users[:, None], lists]
    values = (chance * _shown_reward(reward, utility, stage, position_weights).mean() for stage, chance in parts)
    return float(sum(values))


def check_sizes(world, k, n_outputs):
    """Return (k, n_outputs): whole numbers, L <= K <= the smallest pool."""
    as_instance(world, "world", World)
    k, n_outputs = as_count(k, "k"), as_count(n_outputs, "n_outputs")
    if k > world.smallest_pool:
        raise ValueError(f"k = {k}; expected at most {world.smallest_pool}, the smallest pool of a user")
    if n_outputs > k:
        raise ValueError(f"n_outputs = {n_outputs}; expected at most k = {k}: only candidates can be shown")
    return k, n_outputs


def optimal_value(world: World, *, n_outputs: int = 1, position_weights: ArrayLike | None = None) -> float:
    """
    The largest value any pair of stages can reach: every user is shown the best items.

    Parameters
    ----------
    world : World
    n_outputs, position_weights
        As in :func:`evaluate`; the heaviest position gets the best item.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For bad arguments.

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.optimal_value(capg.World([[0.0, 1.0], [5.0, 2.0]]))
    3.0
    """
    _, n_outputs = check_sizes(world, as_instance(world, "world", World).smallest_pool, n_outputs)
    position_weights = np.sort(as_position_weights(position_weights, n_outputs))[::-1]
    reward = world.mean_reward
    if world.available is not None:
        reward = np.where(world.available, reward, -np.inf)
    best = -np.sort(-reward, axis=1)[:, :n_outputs]
    return float((best @ position_weights).mean())


def _log_choose(n, k):
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _shown_by_rank(pool, k, n_outputs):
    """Return (pool, L): P(a strict late stage shows the item of rank r at position l) from K random candidates."""
    table = np.zeros((pool, n_outputs))
    for position in range(n_outputs):
        for r in range(position, pool):
            worse = pool - 1 - r
            if worse >= k - 1 - position:
                log_p = _log_choose(r, position) + _log_choose(worse, k - 1 - position) - _log_choose(pool, k)
                table[r, position] = np.exp(log_p)
    return table


def uniform_value(
    world: World,
    k: int,
    *,
    late_stage: LateStageLike = "optimal",
    n_outputs: int = 1,
    position_weights: ArrayLike | None = None,
) -> float:
    """
    The value of an early stage that picks K candidates at random, all sets alike.

    Parameters
    ----------
    world : World
    k : int
    late_stage : {"optimal", "noisy", "uniform", "anti"}, noisy or mixture
    n_outputs, position_weights
        As in :func:`evaluate`.

    Returns
    -------
    float
        Exact (hypergeometric), but for a noisy late stage: there the mean over 16 fixed draws of its noise.

    Raises
    ------
    ValueError
        For bad arguments.

    Examples
    --------
    >>> import capg_core as capg
    >>> round(capg.uniform_value(capg.World([[0.0, 1.0, 2.0]]), 2), 6)
    1.666667
    """
    parts = as_parts(late_stage)
    k, n_outputs = check_sizes(world, k, n_outputs)
    position_weights = as_position_weights(position_weights, n_outputs)
    tables, total = {}, 0.0
    for stage, chance in parts:
        rng = np.random.default_rng(0)
        for user in range(world.n_users):
            pool = slice(None) if world.available is None else np.flatnonzero(world.available[user])
            reward = world.mean_reward[user, pool]
            if stage.is_uniform:
                total += chance * reward.mean()
                continue
            if reward.size not in tables:
                tables[reward.size] = _shown_by_rank(reward.size, k, n_outputs) @ position_weights
            draws = sights(stage, world.utility[user, pool], rng)
            for seen in draws:
                total += chance / len(draws) * (tables[reward.size] @ reward[np.argsort(-seen, kind="stable")])
    return float(total / world.n_users)
