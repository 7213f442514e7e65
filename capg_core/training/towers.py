"""The early-stage ranker that is trained: two towers of embeddings, or several experts that share the K places.

The logit of an item for a user is the dot product of their embeddings. With M experts there are M pairs of towers; the
K places are split as evenly as possible, and expert m picks its part from what the earlier ones left.

Source: Kiyohara et al. (2026), the two-tower model and the mixture of experts.
"""

import contextlib
import os
import threading

import numpy as np
from threadpoolctl import ThreadpoolController

from capg_core._checks import as_count, as_generator, as_indices

_CHUNK = 256  # users scored at once, so that memory does not grow with their number
_BLAS, _ONE_AT_A_TIME = ThreadpoolController(), threading.Lock()


@contextlib.contextmanager
def one_blas_thread():
    """Let the linear algebra use one thread: the towers' products are so small that several wait for each other."""
    with _ONE_AT_A_TIME, _BLAS.limit(limits=1, user_api="blas"):
        yield


def split_places(k, n_experts):
    """Return how many of the K places each expert fills: (M,) int64, the first K mod M experts one more."""
    places = np.full(n_experts, k // n_experts, np.int64)
    places[: k % n_experts] += 1
    return places


class TwoTower:
    """
    Embeddings of users and items, for one or more experts.

    Parameters
    ----------
    n_users, n_items, dim, n_experts : int
    rng : numpy.random.Generator
        The initial embeddings are N(0, 1).

    Attributes
    ----------
    users : (M, n_users, dim) float64
    items : (M, n_items, dim) float64
    n_users, n_items, dim, n_experts : int

    Raises
    ------
    ValueError
        For a size below 1, or something other than a generator.

    Examples
    --------
    >>> import numpy as np
    >>> import capg_core as capg
    >>> model = capg.TwoTower(3, 5, 2, 1, np.random.default_rng(0))
    >>> model.logits([0, 2]).shape, model.candidates([0, 2], 4).shape
    ((1, 2, 5), (2, 4))
    """

    def __init__(self, n_users, n_items, dim, n_experts, rng):
        n_users, n_items = as_count(n_users, "n_users"), as_count(n_items, "n_items")
        dim, n_experts = as_count(dim, "dim"), as_count(n_experts, "n_experts")
        rng = as_generator(rng)
        self.users = rng.standard_normal((n_experts, n_users, dim))
        self.items = rng.standard_normal((n_experts, n_items, dim))

    @property
    def n_users(self):
        """Number of users."""
        return self.users.shape[1]

    @property
    def n_items(self):
        """Number of items."""
        return self.items.shape[1]

    @property
    def dim(self):
        """Length of the embeddings."""
        return self.users.shape[2]

    @property
    def n_experts(self):
        """Number of experts."""
        return self.users.shape[0]

    def copy(self):
        """Return a model with embeddings of its own."""
        twin = object.__new__(TwoTower)
        twin.users, twin.items = self.users.copy(), self.items.copy()
        return twin

    def logits(self, users, available=None, out=None):
        """
        Logits of every item for some users.

        Parameters
        ----------
        users : (B,) array_like of int
        available : (B, n_items) bool array, optional
            Items that are not get -inf.
        out : (M, B, n_items) float64, optional
            Where to write.

        Returns
        -------
        (M, B, n_items) float64

        Raises
        ------
        ValueError
            For a user outside 0 … n_users-1.
        """
        users = as_indices(users, self.n_users, "users")
        theta = np.empty((self.n_experts, users.size, self.n_items)) if out is None else out
        with one_blas_thread():
            for m in range(self.n_experts):
                np.matmul(self.users[m, users], self.items[m].T, out=theta[m])
        if available is not None:
            theta[:, ~available] = -np.inf
        return theta

    def candidates(self, users, k, available=None):
        """
        The K candidates of the deterministic early stage: every expert takes the largest logits that are left.

        Parameters
        ----------
        users : (B,) array_like of int
        k : int
            At most the number of items available to each of these users.
        available : (n_users, n_items) bool array, optional
            The pools of all users, as in a world.

        Returns
        -------
        (B, k) int64
            The places of one expert after the other, best first within each.

        Raises
        ------
        ValueError
            For a bad user, or a k outside 1 … the smallest pool.
        """
        users = as_indices(users, self.n_users, "users")
        pool = self.n_items if available is None else int(available[users].sum(axis=1).min())
        if not 1 <= as_count(k, "k") <= pool:
            raise ValueError(f"k = {k}; expected a whole number from 1 to {pool}, the smallest pool of these users")
        places = split_places(k, self.n_experts)
        lists = np.empty((users.size, k), np.int64)
        for begin in range(0, users.size, _CHUNK):
            chunk = users[begin : begin + _CHUNK]
            theta = self.logits(chunk, None if available is None else available[chunk])
            lines = np.arange(chunk.size)[:, None]
            filled = 0
            for m in range(self.n_experts):
                if places[m] == 0:
                    continue
                theta[m][lines, lists[begin : begin + _CHUNK, :filled]] = -np.inf
                # the places in full order, so that the same logits give the same list on every machine
                top = np.argpartition(-theta[m], places[m] - 1, axis=1)[:, : places[m]]
                order = np.argsort(-np.take_along_axis(theta[m], top, axis=1), axis=1, kind="stable")
                seats = slice(filled, filled + places[m])
                lists[begin : begin + _CHUNK, seats] = np.take_along_axis(top, order, axis=1)
                filled += places[m]
        return lists

    def save(self, path):
        """
        Write the model to an .npz file, complete or not at all.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        ValueError
            If its name does not end in ".npz".
        """
        path = os.fspath(path)
        if not path.endswith(".npz"):
            raise ValueError(f"path = {path!r}; expected a name that ends in '.npz'")
        part = f"{path}.part"
        try:
            with open(part, "wb") as file:
                np.savez(file, users=self.users, items=self.items)
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.remove(part)

    @classmethod
    def load(cls, path):
        """
        Read a model that `save` wrote. No pickle is read.

        Parameters
        ----------
        path : str or path-like

        Returns
        -------
        TwoTower

        Raises
        ------
        ValueError
            If there is no such file, or it is not such a model.
        """
        path = os.fspath(path)
        try:
            with np.load(path, allow_pickle=False) as stored:
                users, items = stored["users"], stored["items"]
        except (OSError, KeyError, ValueError, EOFError) as error:
            raise ValueError(f"path = {path!r}; expected an .npz file that TwoTower.save wrote ({error})") from error
        fits = users.ndim == items.ndim == 3 and users.shape[::2] == items.shape[::2] and users.size and items.size
        if not fits or not (np.isfinite(users).all() and np.isfinite(items).all()):
            raise ValueError(
                f"path = {path!r} holds users {users.shape} and items {items.shape}; expected finite numbers, "
                "(M, n_users, d) and (M, n_items, d)"
            )
        model = object.__new__(cls)
        model.users, model.items = np.array(users, np.float64, order="C"), np.array(items, np.float64, order="C")
        return model
