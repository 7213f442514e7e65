"""Real ratings: the 1,000 most-rated MovieLens films, and one selection problem for each person.

A user's problem has that user's own films as items and that user's own stars as rewards, so every reward is
one that a person gave. The early-stage logits know the other users only.

Data: MovieLens ml-latest-small, 2016 snapshot; see ``data/PROVENANCE.md`` and ``data/LICENSE-movielens.txt``.
Source: Harper and Konstan (2015), "The MovieLens Datasets: History and Context", ACM TiiS 5(4), article 19.
"""

import functools
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import numpy as np

from capg_core._checks import as_count, as_indices, as_plain, as_vector, said
from capg_core._types import Floats, Items
from capg_core.worlds.world import ReadOnly

# A problem with fewer films leaves too little to select from.
_MIN_RATINGS = 100
# The strength of the shrinkage: each film's mean gets this many extra ratings at the overall mean.
_PRIOR_RATINGS = 10.0
# Ratings differ by half a star or not at all, so a tie-break below a quarter never reverses two of them.
_TIE_BREAK = 0.25
_MOST_FILMS = 2**31


def _as_whole_number(value, name, low, high, expected):
    """Return ``value`` as int if it is a whole number from ``low`` to ``high``."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_))
    if not whole or value < low or value > high:
        raise ValueError(f"{name} = {said(value)}; expected {expected}")
    return int(value)


def _frozen(values, dtype):
    """Return a contiguous copy that cannot be written to: callers share it."""
    array = np.array(values, dtype=dtype, order="C")
    array.flags.writeable = False
    return array


def as_titles(titles, n_items):
    """Return a tuple of ``n_items`` strings."""
    if isinstance(titles, str) or not isinstance(titles, Iterable):
        raise ValueError(f"titles = {said(titles)}; expected {n_items} strings, one for each item")
    titles = tuple(titles)
    if len(titles) != n_items or not all(isinstance(title, str) for title in titles):
        raise ValueError(f"titles has {len(titles)} entries; expected {n_items} strings, one for each item")
    return titles


def as_whole_vector(values, n, name, what):
    """Return ``n`` whole numbers, read-only."""
    array = as_plain(values, name, f"whole numbers, shape ({n},), one for each {what}")
    if array.shape != (n,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"{name} has dtype {array.dtype} and shape {array.shape}; expected whole numbers, "
            f"shape ({n},), one for each {what}"
        )
    return _frozen(array, np.int64)


def _set(record, **values):
    """Replace what a frozen record was given by what was checked."""
    for name, value in values.items():
        object.__setattr__(record, name, value)


@dataclass(frozen=True, eq=False)
class UserProblem(ReadOnly):
    """The films one user rated, as a selection problem. All arrays are read-only.

    Attributes
    ----------
    user : int
        Index of the user in the ratings.
    items : (n,) int64
        Indices of the films that this user rated, ascending. Item i of the problem is film ``items[i]``.
    titles : tuple of n str
        Their titles.
    mean_reward : (n,) float64
        The user's own rating of each film, in stars: 0.5, 1, …, 5.
    utility : (n,) float64
        For the late-stage ranker, in stars, all different. Own rating, plus less than a quarter of a star
        that orders equal ratings by the film's mean over all users (higher first), then by film index (lower
        first).
    logits : (n,) float64
        For the early-stage ranker, no unit; mean 0 and standard deviation 1 over the items. The mean rating
        that *other* users gave the film, shrunk to their mean over all films. Two films can tie.
    """

    user: int
    items: Items
    titles: tuple[str, ...]
    mean_reward: Floats
    utility: Floats
    logits: Floats

    def __post_init__(self):
        items = as_indices(self.items, _MOST_FILMS, "items")
        n = items.size
        numbers_of = {name: getattr(self, name) for name in ("mean_reward", "utility", "logits")}
        _set(
            self,
            user=as_count(self.user, "user", 0),
            items=as_whole_vector(items, n, "items", "film"),
            titles=as_titles(self.titles, n),
            **{name: _frozen(as_vector(values, n, name), np.float64) for name, values in numbers_of.items()},
        )


@dataclass(frozen=True, eq=False)
class Ratings(ReadOnly):
    """Every observed rating of the films kept, one row for each. All arrays are read-only.

    Attributes
    ----------
    user : (n_ratings,) int64
        User index of each rating, 0 … n_users-1. Rows are sorted by user, then film.
    film : (n_ratings,) int64
        Film index of each rating, 0 … n_films-1. Film 0 is the most rated.
    rating : (n_ratings,) float64
        The rating in stars: 0.5, 1, …, 5.
    titles : tuple of n_films str
        Titles as MovieLens writes them ("Matrix, The"). Two titles occur twice, in different years.
    years : (n_films,) int64
        Years of release.
    genres : tuple of n_films tuples of str
        The genres of each film.
    user_ids : (n_users,) int64
        MovieLens's userId of each user index.
    film_ids : (n_films,) int64
        MovieLens's movieId of each film index.
    """

    user: Items
    film: Items
    rating: Floats
    titles: tuple[str, ...]
    years: Items
    genres: tuple[str, ...]
    user_ids: Items
    film_ids: Items

    def __post_init__(self):
        ids = {name: as_indices(getattr(self, name), np.inf, name, "an id") for name in ("user_ids", "film_ids")}
        n_users, n_films = ids["user_ids"].size, ids["film_ids"].size
        user, film = as_indices(self.user, n_users, "user", "a user"), as_indices(self.film, n_films, "film", "a film")
        n = user.size
        if not isinstance(self.genres, tuple) or len(self.genres) != n_films:
            raise ValueError(f"genres = {said(self.genres)}; expected a tuple of {n_films}, one for each film")
        _set(
            self,
            user=as_whole_vector(user, n, "user", "rating"),
            film=as_whole_vector(film, n, "film", "rating"),
            rating=_frozen(as_vector(self.rating, n, "rating"), np.float64),
            titles=as_titles(self.titles, n_films),
            years=as_whole_vector(self.years, n_films, "years", "film"),
            user_ids=as_whole_vector(ids["user_ids"], n_users, "user_ids", "user"),
            film_ids=as_whole_vector(ids["film_ids"], n_films, "film_ids", "film"),
        )

    @property
    def n_users(self) -> int:
        """Number of users."""
        return self.user_ids.size

    @property
    def n_films(self) -> int:
        """Number of films."""
        return self.film_ids.size

    def users_with_at_least(self, n_ratings: int = 100) -> Items:
        """Return the users who rated at least ``n_ratings`` of the films.

        Parameters
        ----------
        n_ratings : int
            At least 1.

        Returns
        -------
        (m,) int64
            User indices, ascending; empty if there are none. Read-only.

        Raises
        ------
        ValueError
            If ``n_ratings`` is not a whole number of at least 1.

        Examples
        --------
        >>> from capg_core.worlds.ratings import load_ratings
        >>> load_ratings().users_with_at_least(500)
        array([ 14,  72, 211, 451, 460, 467, 508, 546, 563, 579, 623])
        """
        n_ratings = as_count(n_ratings, "n_ratings")
        counts = np.bincount(self.user, minlength=self.n_users)
        return _frozen(np.flatnonzero(counts >= n_ratings), np.int64)

    def user_problem(self, user: int) -> UserProblem:
        """Return the selection problem of one user, who must have rated at least 100 of the films.

        With S_f and c_f the sum and the number of the other users' ratings of film f, and m their mean rating
        over all films, the score before standardising is (S_f + 10 m) / (c_f + 10).

        Parameters
        ----------
        user : int
            User index, 0 … n_users-1; see ``users_with_at_least``.

        Returns
        -------
        UserProblem

        Raises
        ------
        ValueError
            If ``user`` is not a whole number in range, or rated fewer than 100 of the films.

        Examples
        --------
        >>> from capg_core.worlds.ratings import load_ratings
        >>> problem = load_ratings().user_problem(3)
        >>> problem.items.size
        152
        >>> problem.titles[problem.utility.argmax()]
        'Godfather, The'
        """
        expected = f"a user index, a whole number from 0 to {self.n_users - 1}"
        user = _as_whole_number(user, "user", 0, self.n_users - 1, expected)
        start, stop = np.searchsorted(self.user, (user, user + 1))
        if stop - start < _MIN_RATINGS:
            raise ValueError(
                f"user = {user} rated {stop - start} of the films; expected a user with at least "
                f"{_MIN_RATINGS} ratings (see users_with_at_least)"
            )
        items, own = self.film[start:stop], self.rating[start:stop]
        sums = np.bincount(self.film, weights=self.rating, minlength=self.n_films)[items]
        counts = np.bincount(self.film, minlength=self.n_films)[items]

        overall = (self.rating.sum() - own.sum()) / (self.rating.size - own.size)
        score = (sums - own + _PRIOR_RATINGS * overall) / (counts - 1 + _PRIOR_RATINGS)
        logits = (score - score.mean()) / score.std()

        # lexsort's last key comes first: own rating, then film mean, then the lower film index.
        place = np.empty(items.size)
        place[np.lexsort((-items, sums / counts, own))] = np.arange(items.size)
        return UserProblem(
            user=user,
            items=_frozen(items, np.int64),
            titles=tuple(self.titles[film] for film in items),
            mean_reward=_frozen(own, np.float64),
            utility=_frozen(own + _TIE_BREAK * place / items.size, np.float64),
            logits=_frozen(logits, np.float64),
        )


def _lines(array):
    """Return the lines of text held as UTF-8 in a uint8 array."""
    return array.tobytes().decode("utf-8").split("\n")


@functools.lru_cache(maxsize=1)
def load_ratings() -> Ratings:
    """Return the ratings that ship with the package. The file is read once; the same object comes back.

    Returns
    -------
    Ratings
        62,397 ratings of 1,000 films by 671 users.

    Examples
    --------
    >>> from capg_core.worlds.ratings import load_ratings
    >>> ratings = load_ratings()
    >>> ratings.n_users, ratings.n_films, ratings.rating.size
    (671, 1000, 62397)
    >>> ratings.titles[0], int(ratings.years[0])
    ('Forrest Gump', 1994)
    """
    path = resources.files("capg_core") / "data" / "movielens_small.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        data = dict(stored)
    return Ratings(
        user=_frozen(data["user"], np.int64),
        film=_frozen(data["film"], np.int64),
        rating=_frozen(data["half_stars"] / 2.0, np.float64),
        titles=tuple(_lines(data["titles"])),
        years=_frozen(data["years"], np.int64),
        genres=tuple(tuple(line.split("|")) for line in _lines(data["genres"])),
        user_ids=_frozen(data["user_ids"], np.int64),
        film_ids=_frozen(data["film_ids"], np.int64),
    )
