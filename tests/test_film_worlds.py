"""Film worlds hold ratings, predictions that never saw them, and one possible truth; alignment counts agreement."""

import dataclasses
import hashlib
import pathlib

import build_film_factors
import numpy as np
import pytest
import scipy.special
import scipy.stats

import capg_core.worlds.alignment
import capg_core.worlds.films
from capg_core.worlds.alignment import Alignment, alignment
from capg_core.worlds.films import FilmWorld, completed_films, held_out_error, observed_films
from capg_core.worlds.ratings import load_ratings
from capg_core.worlds.world import SyntheticWorld, World

DATA = pathlib.Path(capg_core.worlds.films.__file__).parents[1] / "data"
NPZ = DATA / "film_factors.npz"


@pytest.fixture(scope="module")
def ratings():
    return load_ratings()


@pytest.fixture(scope="module")
def stored():
    with np.load(NPZ, allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def builder():
    return build_film_factors


# ---- the file ----


def test_file_is_small_and_holds_no_pickles(stored):
    assert NPZ.stat().st_size < 130_000
    assert {name: (array.dtype.name, array.shape) for name, array in stored.items()} == {
        "predicted": ("int16", (62_397,)), "users": ("float16", (671, 11)), "films": ("float16", (1000, 11)),
        "best_of_mean": ("int16", (671,)), "overall": ("float64", ()), "sigma": ("float64", ()),
        "rmse": ("float64", ()), "rmse_biases": ("float64", ()), "rank": ("int64", ()), "folds": ("int64", ()),
        "seed": ("int64", ()), "sweeps": ("int64", (2,)),
    }  # fmt: skip


def test_provenance_tells_what_the_file_is(stored):
    text = (DATA / "PROVENANCE.md").read_text(encoding="utf-8")
    assert hashlib.sha256(NPZ.read_bytes()).hexdigest() in text
    assert f"{NPZ.stat().st_size:,} bytes" in text
    assert "semi-synthetic" in text
    for name in ("rmse", "rmse_biases"):
        assert f"{stored[name]:.4f}" in text
    for name in stored:
        assert f"`{name}`" in text


def test_scalars_are_the_build_scripts(stored, builder):
    assert (stored["rank"], stored["folds"], stored["seed"]) == (builder.RANK, builder.FOLDS, builder.SEED)
    assert stored["sweeps"].tolist() == [builder.BURN_IN, builder.DRAWS]
    assert builder.STEPS_PER_STAR == capg_core.worlds.films._STEPS_PER_STAR


# ---- held-out error ----


def test_held_out_error_recomputes_and_is_clearly_below_biases_alone(stored):
    error = held_out_error()
    assert error.factorisation == pytest.approx(float(stored["rmse"]), abs=1e-12)
    assert 0.80 < error.factorisation < 0.84
    assert 0.85 < error.biases < 0.87
    assert error.factorisation < error.biases - 0.03
    assert error.folds == 10
    with pytest.raises(dataclasses.FrozenInstanceError):
        error.folds = 3


@pytest.mark.slow
def test_predictions_are_out_of_fold(ratings, stored, builder):
    # a short fit without fold 0 lands near the shipped predictions of fold 0; a fit that saw it is elsewhere
    fold0 = builder.fold_of(ratings.rating.size) == 0
    shipped, truth = stored["predicted"][fold0] / builder.STEPS_PER_STAR, ratings.rating[fold0]
    without = builder.predict_fold(ratings, 0, builder.RANK, sweeps=(40, 40))
    shape, rng = (ratings.n_users, ratings.n_films), np.random.default_rng(0)
    rows = ratings.user, ratings.film, ratings.rating
    user, film = ratings.user[fold0], ratings.film[fold0]
    seen, _ = builder.posterior(*rows, shape, builder.RANK, (40, 40), rng, lambda draw: draw.cells(user, film))
    assert np.sqrt(np.mean((without - shipped) ** 2)) < 0.18
    assert np.sqrt(np.mean((seen - shipped) ** 2)) > 0.21
    assert builder.rmse(seen, truth) < 0.7 < 0.8 < builder.rmse(shipped, truth)
    assert abs(builder.rmse(without, truth) - builder.rmse(shipped, truth)) < 0.01


def test_every_fold_is_as_hard_as_the_others(ratings, stored, builder):
    folds = builder.fold_of(ratings.rating.size)
    assert np.ptp(np.bincount(folds)) <= 1
    errors = [
        builder.rmse(stored["predicted"][folds == fold] / builder.STEPS_PER_STAR, ratings.rating[folds == fold])
        for fold in range(builder.FOLDS)
    ]
    assert 0.79 < min(errors) and max(errors) < 0.86


def test_stored_error_of_the_biases_is_that_of_one_fold_again(ratings, stored, builder):
    fold = builder.fold_of(ratings.rating.size) == 3
    again = builder.predict_fold(ratings, 3, 0, sweeps=(10, 15))
    assert builder.rmse(again, ratings.rating[fold]) == pytest.approx(float(stored["rmse_biases"]), abs=0.02)


# ---- the sampler ----


def low_rank(rng, noise=0.3, shape=(150, 120), rank=2, share=0.4):
    truth = 3.0 + 0.3 * rng.standard_normal((shape[0], 1)) + 0.3 * rng.standard_normal(shape[1])
    truth = truth + 0.7 * rng.standard_normal((shape[0], rank)) @ rng.standard_normal((rank, shape[1]))
    seen = rng.random(shape) < share
    return truth, truth + noise * rng.standard_normal(shape), seen


def test_gibbs_recovers_a_low_rank_matrix_to_near_its_noise(builder):
    noise = 0.3
    truth, noisy, seen = low_rank(np.random.default_rng(1), noise)
    user, film = np.nonzero(seen)
    rows = user, film, noisy[seen]
    mean, draw = builder.posterior(
        *rows, truth.shape, 3, (60, 120), np.random.default_rng(2), lambda draw: draw.matrix()
    )
    held_out = np.sqrt(np.mean((mean - noisy)[~seen] ** 2))
    assert noise * 0.97 < held_out < noise * 1.15
    assert draw.sigma == pytest.approx(noise, rel=0.05)
    biases, _ = builder.posterior(*rows, truth.shape, 0, (20, 40), np.random.default_rng(2), lambda draw: draw.matrix())
    assert np.sqrt(np.mean((biases - noisy)[~seen] ** 2)) > 2.0 * noise


def test_gibbs_repeats_with_its_seed_and_cells_agree_with_the_matrix(builder):
    _, noisy, seen = low_rank(np.random.default_rng(1))
    user, film = np.nonzero(seen)
    first, again = (
        list(builder.gibbs(user, film, noisy[seen], seen.shape, 2, 3, np.random.default_rng(5)))[-1] for _ in range(2)
    )
    assert np.array_equal(first.users, again.users) and first.sigma == again.sigma
    np.testing.assert_allclose(first.cells(user, film), first.matrix()[user, film], atol=1e-12)


def test_wishart_draws_have_the_right_mean(builder):
    rng = np.random.default_rng(0)
    scale = np.array([[2.0, 0.5], [0.5, 1.0]])
    mean = np.mean([builder.draw_wishart(scale, 7, rng) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(mean, 7 * scale, rtol=0.06)


# ---- observed films ----


@pytest.mark.parametrize("late_stage", ["own", "fitted"])
@pytest.mark.parametrize("min_ratings", [1, 100])
def test_pools_and_rewards_are_the_ratings(ratings, late_stage, min_ratings):
    world = observed_films(late_stage, min_ratings)
    assert np.array_equal(world.users, ratings.users_with_at_least(min_ratings))
    assert world.mean_reward.shape == (world.users.size, 1000) == (world.n_users, world.n_items)
    expected = np.zeros((671, 1000))
    expected[ratings.user, ratings.film] = ratings.rating
    assert np.array_equal(world.mean_reward, expected[world.users])
    assert np.array_equal(world.available, world.mean_reward > 0)
    assert not world.reward_std.any() and not world.utility[~world.available].any()
    assert world.smallest_pool == world.available.sum(axis=1).min() >= min_ratings
    assert world.titles == ratings.titles and np.array_equal(world.years, ratings.years)
    assert world.kind == "observed"


def test_own_utility_is_that_of_the_users_problem(ratings):
    world = observed_films()
    for row, user in enumerate(world.users):
        problem = ratings.user_problem(int(user))
        assert np.array_equal(world.utility[row, problem.items], problem.utility)
    assert world.ratings_rmse is None


def test_fitted_utility_is_the_prediction_of_that_rating(ratings, stored):
    world = observed_films("fitted", 1)
    predicted = stored["predicted"] / 100
    np.testing.assert_allclose(world.utility[ratings.user, ratings.film], predicted, rtol=0, atol=1e-12)
    assert world.ratings_rmse == held_out_error().factorisation


def test_alignment_of_observed_worlds():
    own, fitted = alignment(observed_films()), alignment(observed_films("fitted"))
    assert own.concordance == 1.0 and 0.9 < own.rank_correlation < 1.0  # stars have ties, utilities do not
    assert 0.35 < fitted.rank_correlation < 0.55
    assert 0.65 < fitted.concordance < 0.75
    assert own.n_users == fitted.n_users == observed_films().n_users


# ---- completed films ----


def test_completed_films_cover_every_cell():
    world = completed_films()
    p = world.mean_reward
    assert p.shape == (671, 1000) and world.available is None and world.smallest_pool == 1000
    assert 0.0 < p.min() and p.max() < 1.0
    np.testing.assert_allclose(world.reward_std**2, p * (1 - p), rtol=0, atol=1e-12)
    assert world.utility is world.mean_reward
    assert np.array_equal(world.users, np.arange(671)) and world.kind == "completed"
    assert world.ratings_rmse == held_out_error().factorisation
    assert alignment(world).concordance == 1.0


def test_completed_rewards_are_the_normal_probability_of_four_stars_or_more(stored):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(671, size=200), rng.integers(1000, size=200)
    users, films = stored["users"].astype(float), stored["films"].astype(float)
    for row, column in zip(rows, columns, strict=True):
        a, b = users[row], films[column]
        z = stored["overall"] + a[-1] + b[-1] + sum(a[i] * b[i] for i in range(10))
        expected = scipy.special.ndtr((z - 3.75) / stored["sigma"])
        assert completed_films().mean_reward[row, column] == pytest.approx(expected, abs=1e-12)


def test_completed_rewards_know_the_ratings(ratings):
    # the average is off, as the docstring says: stars are not normal
    p = completed_films().mean_reward[ratings.user, ratings.film]
    liked = ratings.rating >= 4.0
    assert p[liked].mean() > p[~liked].mean() + 0.25
    assert p.mean() < liked.mean() < p.mean() + 0.12


def _effective_number(best):
    """Return the number of equally popular best films that would collide as often as these do."""
    return 1.0 / np.sum((np.bincount(best) / best.size) ** 2)


def test_one_draw_has_more_varied_best_films_than_the_posterior_mean(stored):
    draw, mean = completed_films().mean_reward.argmax(axis=1), stored["best_of_mean"].astype(int)
    assert np.unique(draw).size > 1.25 * np.unique(mean).size
    assert _effective_number(draw) > 2.0 * _effective_number(mean)
    assert np.bincount(mean).max() > 1.5 * np.bincount(draw).max()


def test_docstring_carries_the_held_out_error_of_the_file():
    assert "semi-synthetic" in completed_films.__doc__
    assert f"held-out error {held_out_error().factorisation:.2f} stars" in completed_films.__doc__


# ---- both ----


@pytest.mark.parametrize("load", [observed_films, lambda: observed_films("fitted", 200), completed_films])
def test_loading_repeats_and_arrays_are_read_only(load):
    world = load()
    assert load() is world and isinstance(world, FilmWorld) and isinstance(world.titles, tuple)
    for name in ("mean_reward", "reward_std", "utility", "years", "users", "available"):
        array = getattr(world, name)
        if array is not None:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1


@pytest.mark.parametrize("late_stage", ["mine", None, 1, "Own"])
def test_a_bad_late_stage_is_refused(late_stage):
    with pytest.raises(ValueError, match="late_stage = .*'own', 'fitted'"):
        observed_films(late_stage)


@pytest.mark.parametrize("min_ratings", [0, -1, 100.0, "100", None, True, [100]])
def test_a_bad_min_ratings_is_refused(min_ratings):
    with pytest.raises(ValueError, match="min_ratings = .*whole number of at least 1"):
        observed_films(min_ratings=min_ratings)


def test_a_min_ratings_that_no_user_has_is_refused(ratings):
    most = int(np.bincount(ratings.user).max())
    assert observed_films(min_ratings=np.int64(most)).n_users == 1
    with pytest.raises(ValueError, match=f"min_ratings = {most + 1}; expected at most {most}"):
        observed_films(min_ratings=most + 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"titles": ["a"]}, "titles has 1 entries; expected 2 strings"),
        ({"titles": ["a", 2]}, "titles .*strings"),
        ({"titles": 5}, "titles = 5; expected 2 strings"),
        ({"years": [1990]}, r"years has .*shape \(1,\).*\(2,\)"),
        ({"years": [1990.0, 1991.0]}, "years has dtype float64"),
        ({"users": [0, 1]}, r"users has .*shape \(2,\).*\(1,\)"),
        ({"users": [671]}, r"users\[0\] = 671; expected"),
        ({"kind": "real"}, "kind = 'real'; expected"),
        ({"ratings_rmse": -1.0}, "ratings_rmse = -1.0; expected"),
    ],
)
def test_a_bad_film_world_is_refused(change, message):
    good = {"titles": ["a", "b"], "years": [1990, 1991], "users": [0], "kind": "observed"}
    assert FilmWorld([[1.0, 2.0]], **good).n_items == 2
    with pytest.raises(ValueError, match=message):
        FilmWorld([[1.0, 2.0]], **{**good, **change})


# ---- alignment ----


def slow_concordance(utility, reward):
    du, dr = np.sign(utility[:, None] - utility), np.sign(reward[:, None] - reward)
    pairs = dr > 0
    return np.mean((du[pairs] + 1) / 2)


@pytest.mark.parametrize("levels", [2, 4, 1000])
@pytest.mark.parametrize("masked", [False, True])
def test_alignment_agrees_with_scipy_and_with_all_pairs(levels, masked):
    rng = np.random.default_rng(levels)
    reward = rng.integers(levels, size=(20, 40)) / 7.0
    utility = reward + rng.integers(-levels, levels, size=(20, 40)) / 7.0
    available = rng.random((20, 40)) < 0.5 if masked else None
    found = alignment(World(reward, 0.0, utility, available=available))
    rows = [np.ones(40, bool) if available is None else available[user] for user in range(20)]
    spearman = [scipy.stats.spearmanr(utility[u, r], reward[u, r]).statistic for u, r in enumerate(rows)]
    pairs = [slow_concordance(utility[u, r], reward[u, r]) for u, r in enumerate(rows)]
    assert found.rank_correlation == pytest.approx(np.mean(spearman), abs=1e-12)
    assert found.concordance == pytest.approx(np.mean(pairs), abs=1e-12)
    assert found.n_users == 20


def test_perfect_reversed_constant_and_random_late_stages():
    reward = np.random.default_rng(0).standard_normal((50, 200))
    assert alignment(World(reward)) == Alignment(1.0, 1.0, 50)
    assert alignment(World(reward, 0.0, -np.exp(reward))) == Alignment(-1.0, 0.0, 50)
    assert alignment(World(reward, 0.0, 3.0)) == Alignment(0.0, 0.5, 50)
    found = alignment(World(reward, 0.0, np.random.default_rng(1).standard_normal((50, 200))))
    assert abs(found.rank_correlation) < 0.05 and abs(found.concordance - 0.5) < 0.02


def test_users_without_different_rewards_are_left_out():
    world = World(
        [[1.0, 2.0, 3.0], [4.0, 4.0, 4.0], [1.0, 1.0, 9.0]],
        utility=[[1.0, 3.0, 2.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0]],
        available=[[True, True, True], [True, True, True], [True, True, False]],
    )
    assert alignment(world) == Alignment(0.5, pytest.approx(2 / 3), 1)
    with pytest.raises(ValueError, match="world has 1 users.*expected a user whose rewards differ"):
        alignment(World([[4.0, 4.0]]))


@pytest.mark.parametrize("world", [None, 3, np.eye(3)])
def test_what_is_no_world_is_refused(world):
    with pytest.raises(ValueError, match="(?s)world = .*expected a World"):
        alignment(world)


def test_alignment_of_a_strict_and_of_an_unrelated_late_stage():
    assert alignment(SyntheticWorld(20, 30)).concordance == 1.0
    rng = np.random.default_rng(0)
    world = World(rng.random((671, 1000)), 0.0, rng.random((671, 1000)))
    assert abs(alignment(world).rank_correlation) < 5.0 / np.sqrt(671 * 1000)  # a false alarm once in 1e6 runs
