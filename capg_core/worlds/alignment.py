"""How well a world's late stage agrees with its rewards.

The policy gradient trains the early stage towards what the late stage will pick. Where the late stage ranks badly, a
good candidate can lose to a bad one, so a world's alignment says how much of the reward the two stages can reach.
"""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_instance
from capg_core.worlds.world import World


@dataclass(frozen=True)
class Alignment:
    """Agreement of a late stage with the mean rewards, averaged over users.

    Attributes
    ----------
    rank_correlation : float
        Mean of the users' Spearman correlations between utility and mean reward; equal values share their mean rank.
        From -1 to 1. 0 for a user whose utilities are all equal.
    concordance : float
        Mean over users of the probability that the utility orders two of the user's items as the mean reward does. The
        items are drawn at random among pairs that differ in mean reward. Equal utilities count half. From 0 to 1; a
        late stage that ranks at random has 0.5.
    n_users : int
        The number of users in these means.
    """

    rank_correlation: float
    concordance: float
    n_users: int


def _codes(values):
    """Return each value's place among the distinct values, ascending, and how often each of those occurs."""
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    return codes, counts


def _rank_correlation(utility, utility_counts, reward, reward_counts):
    """Return Spearman's correlation of two lists of codes; 0 if the utilities are all equal."""
    if utility_counts.size == 1:
        return 0.0
    # The mean rank of equal values: the last of them less half the others.
    x = (np.cumsum(utility_counts) - (utility_counts - 1) / 2.0)[utility]
    y = (np.cumsum(reward_counts) - (reward_counts - 1) / 2.0)[reward]
    x -= x.mean()
    y -= y.mean()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))  # rounding can pass 1


def _inversions(codes):
    """Return the number of pairs i < j with codes[i] > codes[j], whole numbers of at least 0, in O(n log² n).

    Two codes differ first in some bit, from the highest down. Once the items with equal higher bits stand together, in
    their old order, a pair is inverted if the one with the bit set stands before the one without.
    """
    total = 0
    for bit in range(int(codes.max()).bit_length() - 1, -1, -1):
        ordered = codes[np.argsort(codes >> (bit + 1), kind="stable")]
        is_set = (ordered >> bit) & 1
        group = ordered >> (bit + 1)
        before = np.cumsum(is_set) - is_set
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        sizes = np.diff(np.r_[starts, group.size])
        in_group = before - np.repeat(before[starts], sizes)
        total += int(in_group[is_set == 0].sum())
    return total


def _n_pairs(counts):
    """Return the number of pairs within groups of these sizes."""
    return int((counts * (counts - 1) // 2).sum())


def _concordance(utility, utility_counts, reward, reward_counts):
    """Return the share of the pairs of different reward that the utility orders as the reward does, ties half."""
    n = utility.size
    # Within equal rewards the utility ascends, so that none of those pairs counts as inverted.
    discordant = _inversions(utility[np.lexsort((utility, reward))])
    both_equal = _n_pairs(np.unique(reward * utility_counts.size + utility, return_counts=True)[1])
    tied = _n_pairs(utility_counts) - both_equal
    differing = n * (n - 1) // 2 - _n_pairs(reward_counts)
    return 1.0 - (discordant + tied / 2.0) / differing


def alignment(world: World) -> Alignment:
    """
    Measure how well a world's late stage agrees with its rewards.

    Each user counts once, over the items in the user's pool. Users whose mean rewards are all equal are left out: for
    them every order is as good.

    Parameters
    ----------
    world : World

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        If ``world`` is not a World, or every user's mean rewards are all equal.

    Examples
    --------
    >>> from capg_core.worlds.alignment import alignment
    >>> from capg_core.worlds.world import World
    >>> alignment(World([[1.0, 2.0, 3.0]], utility=[[1.0, 3.0, 2.0]]))
    Alignment(rank_correlation=0.5, concordance=0.6666666666666667, n_users=1)
    """
    as_instance(world, "world", World)
    correlations, concordances = [], []
    for user in range(world.n_users):
        pool = slice(None) if world.available is None else world.available[user]
        reward, reward_counts = _codes(world.mean_reward[user, pool])
        if reward_counts.size == 1:
            continue
        utility, utility_counts = _codes(world.utility[user, pool])
        correlations.append(_rank_correlation(utility, utility_counts, reward, reward_counts))
        concordances.append(_concordance(utility, utility_counts, reward, reward_counts))
    if not correlations:
        raise ValueError(
            f"world has {world.n_users} users, each with equal mean rewards; expected a user whose rewards differ"
        )
    return Alignment(float(np.mean(correlations)), float(np.mean(concordances)), len(correlations))
