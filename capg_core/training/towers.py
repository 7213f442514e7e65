"""The early-stage ranker that is trained: two towers of embeddings, or several experts that share the K places.

The logit of an item for a user is the dot product of their embeddings. With M experts there are M pairs of towers; the
K places are split as evenly as possible, and expert m picks its part from what the earlier ones left.

Source: Kiyohara et al. (2026), the two-tower model and the mixture of experts.
"""

import contextlib
import os
import threading
import zipfile
from typing import Self

import numpy as np
from threadpoolctl import ThreadpoolController

from capg_core._checks import as_count, as_generator, as_indices, as_path, as_pools, refuse_unbounded, said
from capg_core._table import npy_array
from capg_core._types import ArrayLike, Bools, Floats, Items

_CHUNK = 256  # users scored at once, so that memory does not grow with their number
_BLAS, _ONE_AT_A_TIME = ThreadpoolController().select(user_api="blas"), threading.Lock()


@contextlib.contextmanager
def one_blas_thread():
    """Let the linear algebra use one thread: the towers' products are so small that several wait for each other."""
    with _ONE_AT_A_TIME:
        # inside the lock: one that another training has set would be gone in the middle of a product
        if all(library.num_threads == 1 for library in _BLAS.lib_controllers):
            yield
            return
        with _BLAS.limit(limits=1):
            yield


def split_places(k, n_experts):
    """Return how many of the K places each expert fills: (M,) int64, the first K mod M experts one more."""
    places = np.full(n_experts, k // n_experts, np.int64)
    places[: k % n_experts] += 1
    return places


def _largest(theta, count):
    """Return the items of the ``count`` largest logits of each row (B, n), best first; ties to the lower index.

    Where NumPy leaves equal ones depends on the machine, so only the value at the last place is taken from it.
    """
    n = theta.shape[1]
    last = np.partition(theta, n - count, axis=1)[:, n - count]
    chosen = theta >= last[:, None]
    crowded = np.flatnonzero(np.count_nonzero(chosen, axis=1) != count)  # several equal logits for the last places
    for row in crowded:
        chosen[row] = False
        chosen[row, np.argsort(-theta[row], kind="stable")[:count]] = True
    top = np.flatnonzero(chosen).reshape(-1, count) - n * np.arange(theta.shape[0])[:, None]
    order = np.argsort(-np.take_along_axis(theta, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def _stored(archive, name):
    """Return an embedding matrix of a saved model."""
    array = npy_array(archive.read(f"{name}.npy"), name)
    if array.ndim != 3 or min(array.shape) < 1:
        raise ValueError(f"{name} has dtype {array.dtype} and shape {array.shape}")
    array = np.array(array, np.float64, order="C")
    refuse_unbounded(array, name)
    return array


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

    def __init__(self, n_users: int, n_items: int, dim: int, n_experts: int, rng: np.random.Generator) -> None:
        n_users, n_items = as_count(n_users, "n_users"), as_count(n_items, "n_items")
        dim, n_experts = as_count(dim, "dim"), as_count(n_experts, "n_experts")
        rng = as_generator(rng)
        self.users = rng.standard_normal((n_experts, n_users, dim))
        self.items = rng.standard_normal((n_experts, n_items, dim))

    @property
    def n_users(self) -> int:
        """Number of users."""
        return self.users.shape[1]

    @property
    def n_items(self) -> int:
        """Number of items."""
        return self.items.shape[1]

    @property
    def dim(self) -> int:
        """Length of the embeddings."""
        return self.users.shape[2]

    @property
    def n_experts(self) -> int:
        """Number of experts."""
        return self.users.shape[0]

    def copy(self) -> Self:
        """Return a model with embeddings of its own."""
        twin = object.__new__(TwoTower)
        twin.users, twin.items = self.users.copy(), self.items.copy()
        return twin

    def logits(self, users: ArrayLike, available: ArrayLike | None = None, out: Floats | None = None) -> Floats:
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
            For a user outside 0 … n_users-1, or an ``available`` or ``out`` of another shape or dtype.
        """
        users = self._as_users(users)
        shape = self.n_experts, users.size, self.n_items
        if available is not None:
            available = as_pools(available, shape[1:])
        if out is None:
            out = np.empty(shape)
        elif type(out) is not np.ndarray or out.shape != shape or out.dtype != np.float64 or not out.flags.writeable:
            raise ValueError(f"out = {said(out)}; expected a writeable float64 array, shape {shape}")
        return self.logits_of(users, available, out)

    def _as_users(self, users):
        users = as_indices(users, self.n_users, "users", "a user")
        if users.ndim != 1:
            raise ValueError(f"users has shape {users.shape}; expected a list of users, shape (B,)")
        return users

    def logits_of(self, users: Items, available: Bools | None, theta: Floats) -> Floats:
        """Fill theta (M, B, n) as `logits` does, of arguments that are checked."""
        with one_blas_thread():
            for m in range(self.n_experts):
                np.matmul(self.users[m, users], self.items[m].T, out=theta[m])
        if available is not None:
            theta[:, ~available] = -np.inf
        return theta

    def candidates(self, users: ArrayLike, k: int, available: ArrayLike | None = None) -> Items:
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
            For a bad user, a k outside 1 … the smallest pool, or an ``available`` of another shape or dtype.

        Notes
        -----
        Equal logits go by the lower index, on every machine.
        """
        users = self._as_users(users)
        pool = self.n_items
        if available is not None:
            available = as_pools(available, (self.n_users, self.n_items))
            pool = int(available[users].sum(axis=1).min())
        if not 1 <= as_count(k, "k") <= pool:
            raise ValueError(f"k = {k}; expected a whole number from 1 to {pool}, the smallest pool of these users")
        places = split_places(k, self.n_experts)
        lists = np.empty((users.size, k), np.int64)
        for begin in range(0, users.size, _CHUNK):
            chunk = users[begin : begin + _CHUNK]
            pools = None if available is None else available[chunk]
            theta = self.logits_of(chunk, pools, np.empty((self.n_experts, chunk.size, self.n_items)))
            lines = np.arange(chunk.size)[:, None]
            filled = 0
            for m in range(self.n_experts):
                if places[m] == 0:
                    continue
                theta[m][lines, lists[begin : begin + _CHUNK, :filled]] = -np.inf
                lists[begin : begin + _CHUNK, filled : filled + places[m]] = _largest(theta[m], places[m])
                filled += places[m]
        return lists

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        Write the model to an .npz file, complete or not at all.

        Parameters
        ----------
        path : str or path-like
            ~ is the home folder.

        Raises
        ------
        ValueError
            If its name does not end in ".npz", or it cannot be written.
        """
        path = as_path(path, ".npz")
        try:
            target = os.path.realpath(path)  # a link stays one
            part = f"{target}.part"
            try:
                with open(part, "wb") as file:
                    np.savez(file, users=self.users, items=self.items)
                os.replace(part, target)
            finally:
                if os.path.exists(part):
                    os.remove(part)
        except (OSError, ValueError) as error:
            raise ValueError(f"path = {path!r}; expected a file that can be written ({error})") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """
        Read a model that `save` wrote. No pickle is read.

        Parameters
        ----------
        path : str or path-like
            ~ is the home folder.

        Returns
        -------
        TwoTower

        Raises
        ------
        ValueError
            If there is no such file, or it is not such a model, whole and unchanged.
        """
        path = as_path(path)
        try:
            with zipfile.ZipFile(path) as archive:
                users, items = _stored(archive, "users"), _stored(archive, "items")
            if users.shape[::2] != items.shape[::2]:
                raise ValueError(f"users {users.shape} do not fit items {items.shape}")
        # a damaged file can make the reader fail in any way, from zipfile's own errors to a lack of memory
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise ValueError(f"path = {path!r}; expected an .npz file that TwoTower.save wrote ({why})") from error
        model = object.__new__(cls)
        model.users, model.items = users, items
        return model
