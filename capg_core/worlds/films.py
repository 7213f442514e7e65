"""Worlds made of films: many people, 1,000 films, and rewards from MovieLens ratings.

``observed_films`` has ratings that people gave, and each person's pool is what that person rated. ``completed_films``
has all 671,000 pairs; it is semi-synthetic, because a model fitted to the ratings fills every cell.

Data: MovieLens ml-latest-small, 2016 snapshot, and a factorisation of it; see ``data/PROVENANCE.md`` and
``data/LICENSE-movielens.txt``.
Source: Salakhutdinov and Mnih (2008), "Bayesian probabilistic matrix factorization using MCMC", ICML.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np

from capg_core._checks import as_count, as_indices, as_name, as_number
from capg_core._types import ArrayLike
from capg_core.worlds.ratings import _TIE_BREAK, as_titles, as_whole_vector, load_ratings
from capg_core.worlds.world import World

# The out-of-fold predictions are stored in hundredths of a star.
_STEPS_PER_STAR = 100.0
# Ratings go in half stars, so "4 or more" is what lies above the middle between 3.5 and 4.
_LIKED_ABOVE = 3.75
_SQRT_HALF = math.sqrt(0.5)
_erfc = np.frompyfunc(math.erfc, 1, 1)


class FilmWorld(World):
    """
    A world whose items are films.

    Parameters
    ----------
    mean_reward, reward_std, utility, available, critic
        See `World`.
    titles : sequence of n_items str
        Titles as MovieLens writes them.
    years : (n_items,) array_like of int
        Years of release.
    users : (n_users,) array_like of int
        Index of each user in ``load_ratings()``.
    kind : {"observed", "completed"}
        Whether the rewards are ratings that people gave or a model's.
    ratings_rmse : float or None
        Held-out root mean squared error, in stars, of the factorisation that the world uses; None if it uses none.

    Attributes
    ----------
    titles, years, users, kind, ratings_rmse
        As given; the arrays are int64 and read-only.

    Raises
    ------
    ValueError
        For arguments of another size or type, or those that `World` refuses.

    Examples
    --------
    >>> from capg_core.worlds.films import FilmWorld
    >>> world = FilmWorld(
    ...     [[4.5, 3.0]], titles=["Alien", "Heat"], years=[1979, 1995], users=[7], kind="observed"
    ... )
    >>> world.titles[world.utility[0].argmax()], world.ratings_rmse is None
    ('Alien', True)
    """

    def __init__(
        self,
        mean_reward: ArrayLike,
        reward_std: ArrayLike = 0.0,
        utility: ArrayLike | None = None,
        *,
        titles: Sequence[str],
        years: ArrayLike,
        users: ArrayLike,
        kind: str,
        available: ArrayLike | None = None,
        ratings_rmse: float | None = None,
        critic: ArrayLike | None = None,
    ) -> None:
        super().__init__(mean_reward, reward_std, utility, available=available, critic=critic)
        self.titles = as_titles(titles, self.n_items)
        self.years = as_whole_vector(years, self.n_items, "years", "item")
        as_indices(users, load_ratings().n_users, "users", "a user")
        self.users = as_whole_vector(users, self.n_users, "users", "user")
        self.kind = as_name(kind, "kind", ("observed", "completed"))
        self.ratings_rmse = None if ratings_rmse is None else as_number(ratings_rmse, "ratings_rmse", 0.0)


@dataclass(frozen=True)
class HeldOutError:
    """Root mean squared errors of predicting ratings by fits that never saw them, in stars.

    Attributes
    ----------
    factorisation : float
        Of the matrix factorisation.
    biases : float
        Of a model with a bias for each user and each film and nothing else.
    folds : int
        The number of parts of the ratings; each part was predicted by a fit to the others.
    """

    factorisation: float
    biases: float
    folds: int


@functools.lru_cache(maxsize=1)
def _factors():
    """Return the arrays of film_factors.npz, by name."""
    path = resources.files("capg_core") / "data" / "film_factors.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        return dict(stored)


def _predicted():
    """Return the out-of-fold prediction of each row of the ratings, in stars. It can leave the scale of 0.5 to 5."""
    return _factors()["predicted"] / _STEPS_PER_STAR


def held_out_error() -> HeldOutError:
    """Return how well the factorisation predicts ratings that it has not seen.

    The error of the factorisation is computed from the shipped predictions, moved into 0.5 to 5 stars; that of the
    biases was stored when the file was built, from the same folds.

    Returns
    -------
    HeldOutError

    Examples
    --------
    >>> from capg_core.worlds.films import held_out_error
    >>> error = held_out_error()
    >>> error.factorisation < error.biases
    True
    """
    residual = np.clip(_predicted(), 0.5, 5.0) - load_ratings().rating
    stored = _factors()
    return HeldOutError(float(np.sqrt(np.mean(residual**2))), float(stored["rmse_biases"]), int(stored["folds"]))


def _own_utility(ratings):
    """Return each rating plus less than a quarter of a star that orders a user's equal ratings.

    As in ``Ratings.user_problem``, for all users at once: the film's mean rating, then the lower film index.
    """
    n_users, n_films = ratings.n_users, ratings.n_films
    counts = np.bincount(ratings.film, minlength=n_films)
    means = np.bincount(ratings.film, weights=ratings.rating, minlength=n_films) / counts
    pools = np.bincount(ratings.user, minlength=n_users)
    # lexsort's last key comes first; a user's rows stay where they were, so a place is counted from the user's first.
    order = np.lexsort((-ratings.film, means[ratings.film], ratings.rating, ratings.user))
    place = np.empty(order.size)
    place[order] = np.arange(order.size) - np.repeat(np.cumsum(pools) - pools, pools)
    return ratings.rating + _TIE_BREAK * place / pools[ratings.user]


def observed_films(late_stage: str = "own", min_ratings: int = 100) -> FilmWorld:
    """
    Return the world of ratings that people gave: every reward is real.

    A user's pool is the films that this user rated, and the reward is the user's own stars, without noise. It says
    nothing about films that a person did not rate. Repeated calls return the same object.

    Parameters
    ----------
    late_stage : {"own", "fitted"}
        What the late stage ranks by. ``"own"``: the user's own rating, a perfect late stage; equal ratings are ordered
        by the film's mean over all users, then by film index, as in `Ratings.user_problem`. ``"fitted"``: a prediction
        of the rating by a matrix factorisation that saw other ratings, of this user too, but not this one. It is
        imperfect, as rankers are; `held_out_error` says by how much. Its stars are the world's critic. Predictions are
        in hundredths of a star, so that some are equal; the lower film index goes first.
    min_ratings : int
        Users with fewer ratings are left out. At least 1.

    Returns
    -------
    FilmWorld
        All 1,000 films are items. Cells outside a user's pool hold 0 in ``mean_reward`` and ``utility``.

    Raises
    ------
    ValueError
        For another ``late_stage``, or a ``min_ratings`` that is no whole number from 1 to the most that a user gave.

    Examples
    --------
    >>> from capg_core.worlds.films import observed_films
    >>> world = observed_films("fitted", min_ratings=200)
    >>> world.mean_reward.shape, world.smallest_pool
    ((79, 1000), 200)
    """
    late_stage = as_name(late_stage, "late_stage", ("own", "fitted"))
    min_ratings = as_count(min_ratings, "min_ratings")
    most = int(np.bincount(load_ratings().user).max())
    if min_ratings > most:
        raise ValueError(f"min_ratings = {min_ratings}; expected at most {most}, the most that one user rated")
    return _observed_films(late_stage, min_ratings)


@functools.lru_cache(maxsize=4)
def _observed_films(late_stage, min_ratings):
    ratings = load_ratings()
    users = ratings.users_with_at_least(min_ratings)
    fitted = late_stage == "fitted"
    kept = np.isin(ratings.user, users)
    cells = np.searchsorted(users, ratings.user[kept]), ratings.film[kept]
    shape = (users.size, ratings.n_films)
    stars, utility, available = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.bool_)
    stars[cells] = ratings.rating[kept]
    utility[cells] = (_predicted() if fitted else _own_utility(ratings))[kept]
    available[cells] = True
    return FilmWorld(
        stars,
        0.0,
        utility,
        available=available,
        critic=utility if fitted else stars,
        titles=ratings.titles,
        years=ratings.years,
        users=users,
        kind="observed",
        ratings_rmse=held_out_error().factorisation if fitted else None,
    )


def _normal_cdf(x):
    return 0.5 * _erfc(-x * _SQRT_HALF).astype(np.float64)


@functools.lru_cache(maxsize=1)
def completed_films() -> FilmWorld:
    """
    Return the world of all users and all films: a semi-synthetic one, because a model fills every cell.

    The model is a Bayesian matrix factorisation with normal noise. The mean reward is the probability that a rating
    would be 4 stars or more, and the reward's standard deviation is that of the yes-or-no answer, sqrt(p (1 - p)). (As
    in every `World`, drawn rewards are normal with that mean and standard deviation.) The late stage ranks by the mean
    reward. Repeated calls return the same object.

    The cells come from one posterior draw of the factors and not from the posterior mean. The mean is over-smooth: what
    the ratings do not settle is averaged away, and people's best films become alike. One draw gives each person a taste
    that this person could have, and people differ as much as the model takes them to. So a draw is a possible truth,
    not a forecast: for a single cell the mean predicts better.

    No one gave these rewards. ``ratings_rmse`` is the error, in stars, at which the factorisation (its posterior mean)
    predicts held-out ratings; see also `held_out_error`. Held-out ratings are of films that people chose to rate; for
    films that they did not, the error can be larger. Normal noise is a rough model of half stars, too: on the pairs
    that were rated, the mean reward averages less than the share of ratings of 4 or more.

    Returns
    -------
    FilmWorld
        All users and all films; every film is in every pool.

    Examples
    --------
    >>> from capg_core.worlds.films import completed_films
    >>> world = completed_films()
    >>> world.mean_reward.shape, world.smallest_pool, world.kind
    ((671, 1000), 1000, 'completed')
    >>> f"held-out error {world.ratings_rmse:.2f} stars"
    'held-out error 0.82 stars'
    """
    ratings, stored = load_ratings(), _factors()
    users, films = stored["users"].astype(np.float64), stored["films"].astype(np.float64)
    # The last column is the bias.
    z = stored["overall"] + users[:, -1:] + films[:, -1] + users[:, :-1] @ films[:, :-1].T
    liked = _normal_cdf((z - _LIKED_ABOVE) / stored["sigma"])
    return FilmWorld(
        liked,
        np.sqrt(liked * (1.0 - liked)),
        critic=liked,
        titles=ratings.titles,
        years=ratings.years,
        users=np.arange(ratings.n_users),
        kind="completed",
        ratings_rmse=held_out_error().factorisation,
    )
