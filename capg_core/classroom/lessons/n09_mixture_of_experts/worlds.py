"""Worlds whose users have one or two interests, and a training whose towers have any width.

`capg_core.train` has towers of width 10. To tell more experts from more parameters one needs two experts of width 5.
"""

import numpy as np

import capg_core as capg
from capg_core.training.step import BatchGradient
from capg_core.training.training import adagrad_step


def interests_world(n_interests, n_users=60, n_tastes=40, per_taste=5, seed=0):
    """Make a world in which every user likes the items of a few tastes.

    Parameters
    ----------
    n_interests : int
        Tastes a user likes, drawn at random.
    n_users, n_tastes, per_taste, seed : int

    Returns
    -------
    World
        The mean reward is 1 higher on the tastes a user likes, plus U(0, 0.2); its noise has sd 0.3.

    Raises
    ------
    ValueError
        If a user should like more tastes than there are.
    """
    if not 1 <= n_interests <= n_tastes:
        raise ValueError(f"n_interests = {n_interests}; expected 1 to {n_tastes}, the number of tastes")
    rng = np.random.default_rng(seed)
    taste = np.repeat(np.arange(n_tastes), per_taste)
    reward = 0.2 * rng.random((n_users, taste.size))
    for user in range(n_users):
        reward[user, np.isin(taste, rng.permutation(n_tastes)[:n_interests])] += 1.0
    return capg.World(reward, 0.3)


def four_worlds():
    """Return worlds in which several experts may help, or not: name to (world, K, items shown)."""
    return {
        "two interests, 10 shown": (interests_world(2), 20, 10),
        "two interests, 1 shown": (interests_world(2), 20, 1),
        "one interest, 5 shown": (interests_world(1), 20, 5),
        "SyntheticWorld, 1 shown": (capg.SyntheticWorld(100, 200), 10, 1),
    }


def trained_value(world, k, *, n_experts, width, n_outputs, n_steps, estimator="CA-PG", rate=0.1, seed=0):
    """Train towers of a given width as `capg_core.train` does, and return the value at the end.

    Parameters
    ----------
    world : World
    k, n_experts, n_outputs, n_steps, seed : int
    width : int
        Length of the embeddings; 10 gives what `capg_core.train` gives.
    estimator : str
    rate : float
        Adagrad's learning rate.

    Returns
    -------
    float
    """
    batch = 128
    for_model, for_steps = np.random.SeedSequence(seed).spawn(2)
    model = capg.TwoTower(world.n_users, world.n_items, width, n_experts, np.random.default_rng(for_model))
    gradient = BatchGradient(
        world, estimator, k, marginal="asymptotic", baseline=None, late_stage="optimal", n_outputs=n_outputs,
        position_weights=None, n_experts=n_experts, batch_size=batch,
    )  # fmt: skip
    rng = np.random.default_rng(for_steps)
    sums = np.zeros_like(model.users), np.zeros_like(model.items)
    total = np.zeros((world.n_users, width))
    for _ in range(n_steps):
        users = rng.integers(world.n_users, size=batch)
        rows = gradient(model.logits(users), users, rng)
        of_users = np.matmul(rows, model.items) / batch
        of_items = np.matmul(rows.transpose(0, 2, 1), model.users[:, users] / batch)
        adagrad_step(model.users, users, sums[0], of_users, of_items, model.items, sums[1], rate, total)
    return capg.evaluate(model, world, k, n_outputs=n_outputs)
