"""Worlds whose users have one or two interests."""

import numpy as np

import capg_core as capg


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
