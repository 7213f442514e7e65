"""Worlds: many contexts (users) at once, each with a mean reward, a reward noise and a late-stage utility per item.

A world is what an early-stage ranker is trained on. Any matrices make one; `SyntheticWorld` makes the paper's.

Source: Kiyohara et al. (2026), the synthetic experiment.
"""

import numpy as np

from capg_core._checks import (
    as_count,
    as_generator,
    as_indices,
    as_number,
    as_plain,
    as_pools,
    as_seed,
    refuse_unbounded,
    said,
)
from capg_core._types import ArrayLike, Floats, Items


def as_matrix(values, shape, name):
    """Return finite numbers as a read-only (n_users, n_items) float64 matrix, contiguous; a scalar is broadcast."""
    expected = "(n_users, n_items)" if shape is None else f"{shape}, one number for each user and item"
    array = as_plain(values, name, f"shape {expected}")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} has dtype {array.dtype}; expected real numbers, one for each user and item")
    if array.shape != shape and (array.ndim != 0 or shape is None) and not (shape is None and array.ndim == 2):
        raise ValueError(f"{name} has shape {array.shape}; expected {expected}")
    if array.size == 0:
        raise ValueError(f"{name} is empty, shape {array.shape}; expected at least one user and one item")
    refuse_unbounded(array, name)
    frozen = np.array(array if shape is None else np.broadcast_to(array, shape), np.float64, order="C")
    frozen.flags.writeable = False
    return frozen


class ReadOnly:
    """What holds read-only arrays. NumPy hands back copies and pickles that can be written to; here they cannot."""

    def __setstate__(self, state):
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        self.__dict__.update(state)


class World(ReadOnly):
    """
    A two-stage recommendation problem with many users.

    Parameters
    ----------
    mean_reward : (n_users, n_items) array_like
        Expected reward q of showing an item to a user. Its unit is the unit of every policy value.
    reward_std : float or (n_users, n_items) array_like
        Standard deviation of the reward around its mean, normal.
    utility : float or (n_users, n_items) array_like, optional
        What the late stage ranks by; the mean reward if not given. Ties go to the lower index.
    available : (n_users, n_items) array_like of bool, optional
        False where an item is not in a user's pool; all are if not given.
    critic : float or (n_users, n_items) array_like, optional
        The predicted reward of each item, which "Swap-PG" needs: what a late stage believes.

    Attributes
    ----------
    mean_reward, reward_std, utility : (n_users, n_items) float64, read-only
    critic : (n_users, n_items) float64, read-only, or None
    available : (n_users, n_items) bool, read-only, or None
    n_users, n_items : int
    smallest_pool : int
        The number of available items of the user who has fewest: the largest possible K.

    Raises
    ------
    ValueError
        For matrices of different shapes, numbers that are not finite, a negative ``reward_std``, an empty pool.

    Examples
    --------
    >>> import capg_core as capg
    >>> world = capg.World([[1.0, 0.0, 2.0]], available=[[True, True, False]])
    >>> world.smallest_pool, world.reward(0, 0, None)
    (2, 1.0)
    """

    def __init__(
        self,
        mean_reward: ArrayLike,
        reward_std: ArrayLike = 0.0,
        utility: ArrayLike | None = None,
        *,
        available: ArrayLike | None = None,
        critic: ArrayLike | None = None,
    ) -> None:
        self.mean_reward = as_matrix(mean_reward, None, "mean_reward")
        shape = self.mean_reward.shape
        self.n_users, self.n_items = shape
        self.reward_std = as_matrix(reward_std, shape, "reward_std")
        if self.reward_std.min() < 0.0:
            where = tuple(int(i) for i in np.argwhere(self.reward_std < 0.0)[0])
            raise ValueError(f"reward_std[{where[0]}, {where[1]}] = {self.reward_std[where]}; expected at least 0")
        self.utility = self.mean_reward if utility is None else as_matrix(utility, shape, "utility")
        self.critic = critic
        if critic is not None:  # one matrix in memory where two are the same
            known = {id(mean_reward): self.mean_reward, id(utility): self.utility}.get(id(critic))
            self.critic = as_matrix(critic, shape, "critic") if known is None else known
        self.available, self.smallest_pool = None, self.n_items
        if available is not None:
            self._set_pools(as_pools(available, shape))

    def _set_pools(self, available):
        pools = available.sum(axis=1)
        if pools.min() == 0:
            raise ValueError(f"available[{int(pools.argmin())}] has no True; expected at least one item for each user")
        self.smallest_pool = int(pools.min())
        self.available = np.array(available, order="C")
        self.available.flags.writeable = False

    def reward(self, users: ArrayLike, items: ArrayLike, rng: np.random.Generator) -> Floats:
        """
        Draw rewards.

        Parameters
        ----------
        users, items : array_like of int
            Broadcast against each other.
        rng : numpy.random.Generator or None
            None gives the mean reward.

        Returns
        -------
        float64, of the broadcast shape

        Raises
        ------
        ValueError
            For a user or item that does not exist, shapes that do not fit, or another kind of ``rng``.
        """
        places = []
        for name, values, size, one in (
            ("users", users, self.n_users, "a user"),
            ("items", items, self.n_items, "an item"),
        ):
            array = as_plain(values, name, f"whole numbers, each {one}")
            places.append(as_indices(array, size, name, one).reshape(array.shape))
        users, items = places
        try:
            np.broadcast_shapes(users.shape, items.shape)
        except ValueError as error:
            raise ValueError(f"items has shape {items.shape}; expected one that fits users {users.shape}") from error
        return self.reward_of(users, items, None if rng is None else as_generator(rng))

    def reward_of(self, users: Items, items: Items, rng: np.random.Generator) -> Floats:
        """Return what `reward` does, of arguments that are checked."""
        mean = self.mean_reward[users, items]
        if rng is None:
            return mean if np.ndim(mean) else float(mean)
        return mean + self.reward_std[users, items] * rng.standard_normal(np.shape(mean))


def _softplus(x):
    return np.logaddexp(0.0, x)


def _sigmoid(x):
    return np.exp(-_softplus(-x))


def _unit_rows(rng, n_rows, dim):
    rows = rng.uniform(-1.0, 1.0, (n_rows, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class SyntheticWorld(World):
    """
    The paper's synthetic world, of any size.

    Context and item embeddings x, e are uniform in [-1, 1]^d, normalised. The utility is 10 x'Me with a Gaussian M
    whose rows are normalised; the reward is normal with mean softplus(utility) + 1 and standard deviation
    sigmoid(x'Ce + 1), C Gaussian.

    Parameters
    ----------
    n_users, n_items, dim : int
        The paper's sizes are the defaults.
    seed : int
        Of the world; the training has a seed of its own.
    critic_noise : float
        Standard deviation of the critic's normal errors; its mean is the mean reward.
    shared_embeddings : bool
        True: user i and item i have the same vector, as in the paper's experiment (user and item numbers beyond the
        other's count get their own). False: independent ones.

    Raises
    ------
    ValueError
        For a size below 1 or a negative seed.

    Examples
    --------
    >>> import capg_core as capg
    >>> world = capg.SyntheticWorld(n_users=5, n_items=7, seed=1)
    >>> world.mean_reward.shape, bool(world.mean_reward.min() > 1.0)
    ((5, 7), True)
    """

    def __init__(
        self,
        n_users: int = 1000,
        n_items: int = 1000,
        dim: int = 10,
        seed: int = 0,
        shared_embeddings: bool = True,
        *,
        critic_noise: float = 0.0,
    ) -> None:
        n_users, n_items, dim = as_count(n_users, "n_users"), as_count(n_items, "n_items"), as_count(dim, "dim")
        rng = np.random.default_rng(as_seed(seed))
        if not isinstance(shared_embeddings, (bool, np.bool_)):
            raise ValueError(f"shared_embeddings = {said(shared_embeddings)}; expected True or False")
        if shared_embeddings:
            both = _unit_rows(rng, max(n_users, n_items), dim)
            users, items = both[:n_users], both[:n_items]
        else:
            users, items = _unit_rows(rng, n_users, dim), _unit_rows(rng, n_items, dim)
        m = rng.standard_normal((dim, dim))
        m /= np.linalg.norm(m, axis=1, keepdims=True)
        c = rng.standard_normal((dim, dim))
        utility = 10.0 * users @ m @ items.T
        mean, noise = _softplus(utility) + 1.0, as_number(critic_noise, "critic_noise", 0.0)
        critic = mean if noise == 0.0 else mean + noise * rng.standard_normal(mean.shape)
        super().__init__(mean, _sigmoid(users @ c @ items.T + 1.0), utility, critic=critic)
