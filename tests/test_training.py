"""Worlds, sampling in batches, training from start to end, evaluation, and what is refused."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy import stats

import capg_core as capg
from capg_core.batch_gradient import BatchGradient
from capg_core.batch_sampling import choose_batch, draw_batch
from capg_core.towers import split_places
from capg_core.training import adagrad_step

TINY = {"n_steps": 4, "learning_rate": 0.1, "seed": 0, "eval_every": 2, "batch_size": 16}


@pytest.fixture(scope="module")
def world():
    return capg.SyntheticWorld(60, 40, seed=3)


# Sampling


def list_frequencies(theta, shares, n, n_items, seed):
    tiled = np.ascontiguousarray(np.broadcast_to(theta[:, None, :], (theta.shape[0], n, n_items)))
    lists = np.empty((n, int(shares.sum())), np.int64)
    draw_batch(tiled, shares, np.random.default_rng(seed), True, lists, np.empty_like(tiled), np.empty(tiled.shape[:2]))
    return lists


def chance_of_list(theta, shares, places):
    left, p, start = np.ones(theta.shape[1], bool), 1.0, 0
    for m, share in enumerate(shares):
        for a in places[start : start + share]:
            p *= np.exp(theta[m, a] - np.logaddexp.reduce(theta[m, left]))
            left[a] = False
        start += share
    return p


@pytest.mark.parametrize("n_items, shares", [(12, [2]), (5, [2]), (5, [1, 1]), (12, [1, 1]), (4, [2, 1]), (11, [0, 2])])
def test_lists_have_their_plackett_luce_frequencies(n_items, shares):
    """Chi-squared over all ordered lists, both ways of drawing; a false alarm once in 1e4 runs a case."""
    shares, n = np.array(shares), 60_000
    theta = np.random.default_rng(n_items).normal(size=(shares.size, n_items))
    lists = list_frequencies(theta, shares, n, n_items, 1)
    k = int(shares.sum())
    code = lists @ n_items ** np.arange(k)
    seen = np.bincount(code, minlength=n_items**k)
    chance = np.zeros(n_items**k)
    for index in np.ndindex(*[n_items] * k):
        if len(set(index)) == k:
            chance[np.array(index) @ n_items ** np.arange(k)] = chance_of_list(theta, shares, list(index))
    assert chance.sum() == pytest.approx(1.0)
    assert (seen[chance == 0.0] == 0).all()
    keep = chance * n > 5.0
    observed = np.append(seen[keep], n - seen[keep].sum())
    expected = np.append(chance[keep], 1.0 - chance[keep].sum()) * n
    if expected[-1] < 5.0:
        observed, expected = observed[:-1], expected[:-1] * observed[:-1].sum() / expected[:-1].sum()
    assert stats.chisquare(observed, expected).pvalue > 1e-4


@pytest.mark.parametrize("k", [5, 40, 150, 199, 200])
@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 1e4])
def test_lists_repeat_no_item_and_keep_off_masked_ones(k, scale):
    theta = scale * np.random.default_rng(k).normal(size=(1, 30, 230))
    theta[:, :, :30] = -np.inf
    lists = np.empty((30, k), np.int64)
    for ordered in (True, False):
        draw_batch(
            theta, np.array([k]), np.random.default_rng(0), ordered, lists, np.empty_like(theta), np.empty((1, 30))
        )
        assert lists.min() >= 30 and lists.max() < 230
        assert (np.diff(np.sort(lists, axis=1), axis=1) > 0).all()
        if scale == 1e4:  # so far apart that the order is certain (but for near ties)
            certain = np.argsort(-theta[0], axis=1)[:, :k]
            assert (np.sort(certain, axis=1) == np.sort(lists, axis=1)).mean() > 0.97


@pytest.mark.parametrize("n_items, k", [(300, 20), (60, 30)])  # draw by draw, and by the race
def test_inclusion_frequencies_are_the_exact_probabilities(n_items, k):
    """Largest of n standardised differences; a false alarm once in 1e4 runs."""
    theta, n = 2.0 * np.random.default_rng(4).normal(size=n_items), 40_000
    lists = list_frequencies(theta[None], np.array([k]), n, n_items, 5)
    pi = capg.inclusion_probabilities(theta, k)
    error = np.bincount(lists.ravel(), minlength=n_items) / n - pi
    z = np.abs(error) / np.sqrt(pi * (1 - pi) / n + 1e-12)
    assert z.max() < stats.norm.isf(1e-4 / (2 * n_items)) + 0.3


CODES = {"optimal": 0, "uniform": 1, "anti": 2, "noisy": 3}


def choose(candidates, utility, stages, shares, n_outputs=1, beta=1.0, noisy=None, seed=0):
    candidates = np.ascontiguousarray(candidates, dtype=np.int64)
    out = np.empty((candidates.shape[0], n_outputs), np.int64)
    choose_batch(
        candidates, np.array([utility], float), np.zeros(candidates.shape[0], np.int64),
        np.array([CODES[s] for s in stages]), np.array(shares, float),
        np.empty((0, 0)) if noisy is None else noisy, beta, np.random.default_rng(seed), out,
    )  # fmt: skip
    return out


def test_strict_late_stages_show_the_best_first_and_ties_by_index():
    utility = [0.5, 2.0, 1.0, 2.0, -1.0]
    assert choose([[4, 3, 2, 1]], utility, ["optimal"], [1.0], 3).tolist() == [[1, 3, 2]]
    assert choose([[3, 0, 1, 4]], utility, ["anti"], [1.0], 3).tolist() == [[4, 0, 1]]


def test_random_late_stages_have_their_frequencies():
    """Binomial counts within 4.5 standard errors; a false alarm once in 1e4 runs."""
    n, utility = 40_000, np.array([0.0, 0.7, 1.5])
    lists = np.tile([0, 1, 2], (n, 1))
    soft = np.exp(2.0 * utility) / np.exp(2.0 * utility).sum()
    uniform, best = np.full(3, 1 / 3), np.array([0.0, 0.0, 1.0])
    for stages, shares, chance in (
        (["uniform"], [1.0], uniform),
        (["noisy"], [1.0], soft),
        (["optimal", "uniform"], [0.7, 0.3], 0.7 * best + 0.3 * uniform),
        (["anti", "noisy"], [0.5, 0.5], 0.5 * best[::-1] + 0.5 * soft),
    ):
        seen = np.bincount(choose(lists, utility, stages, shares, beta=2.0)[:, 0], minlength=3) / n
        assert np.abs(seen - chance).max() < 4.5 * 0.5 / np.sqrt(n), stages


def test_a_noisy_late_stage_follows_the_noise_it_is_given():
    noisy = np.array([[0.0, 5.0, 1.0], [9.0, 5.0, 1.0]])
    assert choose([[0, 1, 2], [0, 1, 2]], [3.0, 2.0, 1.0], ["noisy"], [1.0], noisy=noisy)[:, 0].tolist() == [1, 0]


# Worlds


def test_synthetic_world_is_the_papers():
    world = capg.SyntheticWorld(400, 300, dim=10, seed=1)
    np.testing.assert_allclose(world.mean_reward, np.log1p(np.exp(world.utility)) + 1.0, rtol=1e-12)
    assert 0.0 < world.reward_std.min() and world.reward_std.max() < 1.0
    # utility = 10 x'Me has rank 10, and |x'Me| <= |M|
    assert np.linalg.matrix_rank(world.utility) == 10
    assert np.abs(world.utility).max() <= 10.0 * np.sqrt(10)
    again = capg.SyntheticWorld(400, 300, dim=10, seed=1)
    assert (again.mean_reward == world.mean_reward).all()
    apart = capg.SyntheticWorld(400, 300, dim=10, seed=1, shared_embeddings=False)
    assert not np.allclose(apart.mean_reward, world.mean_reward)


def test_rewards_have_the_worlds_moments():
    """Mean and variance within 5 standard errors; a false alarm once in 1e6 runs."""
    world, n = capg.World([[2.0, -1.0]], [[0.5, 0.0]]), 100_000
    r = world.reward(np.zeros(n, int), np.zeros(n, int), np.random.default_rng(0))
    assert abs(r.mean() - 2.0) < 5 * 0.5 / np.sqrt(n)
    assert abs(r.var() - 0.25) < 5 * 0.25 * np.sqrt(2 / n)
    assert (world.reward([0, 0], [1, 1], np.random.default_rng(0)) == -1.0).all()


def test_world_keeps_its_matrices_to_itself():
    mean = np.ones((2, 3))
    world = capg.World(mean)
    mean[0, 0] = 7.0
    assert world.mean_reward[0, 0] == 1.0
    with pytest.raises(ValueError):
        world.mean_reward[0, 0] = 2.0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (([[1.0, np.nan]],), ["mean_reward[0, 1]", "nan"]),
        (([1.0, 2.0],), ["mean_reward", "(2,)", "(n_users, n_items)"]),
        ((np.empty((0, 3)),), ["mean_reward", "empty"]),
        (([["a"]],), ["mean_reward", "dtype"]),
        (([[1.0]], -0.1), ["reward_std[0, 0]", "-0.1"]),
        (([[1.0]], [[1.0, 2.0]]), ["reward_std", "(1, 2)", "(1, 1)"]),
        (([[1.0]], 0.0, [[np.inf]]), ["utility[0, 0]", "inf"]),
    ],
)
def test_world_refuses(arguments, words):
    with pytest.raises(ValueError) as error:
        capg.World(*arguments)
    assert all(word in str(error.value) for word in words), error.value


def test_world_refuses_bad_pools():
    with pytest.raises(ValueError, match="available.*bool"):
        capg.World([[1.0, 2.0]], available=[[1, 0]])
    with pytest.raises(ValueError, match=r"available\[0\] has no True"):
        capg.World([[1.0, 2.0]], available=[[False, False]])


# The model and its value


def test_places_are_split_as_evenly_as_possible():
    assert split_places(7, 3).tolist() == [3, 2, 2]
    assert split_places(2, 3).tolist() == [1, 1, 0]


def test_deterministic_candidates_are_the_largest_logits_left():
    model = capg.TwoTower(5, 12, 3, 2, np.random.default_rng(0))
    available = np.random.default_rng(1).random((5, 12)) < 0.8
    lists = model.candidates(np.arange(5), 5, available)
    for user in range(5):
        first = np.where(available[user], model.users[0, user] @ model.items[0].T, -np.inf)
        top = np.argsort(-first)[:3]
        second = np.where(available[user], model.users[1, user] @ model.items[1].T, -np.inf)
        second[top] = -np.inf
        assert lists[user].tolist() == [*top, *np.argsort(-second)[:2]]


@pytest.mark.parametrize("n_outputs, weights", [(1, None), (3, None), (3, [3.0, 2.0, 1.0])])
def test_value_is_the_mean_over_users_of_what_is_shown(world, n_outputs, weights):
    model, k = capg.TwoTower(60, 40, 3, 1, np.random.default_rng(0)), 6
    w = np.full(n_outputs, 1 / n_outputs) if weights is None else np.array(weights) / sum(weights)
    by_hand = {"optimal": [], "anti": [], "uniform": []}
    for user, candidates in enumerate(model.candidates(np.arange(60), k)):
        by_utility = sorted(candidates, key=lambda item: -world.utility[user, item])
        reward = world.mean_reward[user]
        by_hand["optimal"].append(w @ reward[by_utility[:n_outputs]])
        by_hand["anti"].append(w @ reward[by_utility[::-1][:n_outputs]])
        by_hand["uniform"].append(reward[candidates].mean())
    options = {"n_outputs": n_outputs, "position_weights": weights}
    for stage, values in by_hand.items():
        assert capg.evaluate(model, world, k, late_stage=stage, **options) == pytest.approx(np.mean(values))
    mixed = capg.evaluate(model, world, k, late_stage=capg.mix("optimal", "anti", 0.25), **options)
    assert mixed == pytest.approx(0.75 * np.mean(by_hand["optimal"]) + 0.25 * np.mean(by_hand["anti"]))


def test_value_of_a_noisy_stage_is_its_softmax_and_its_simulation(world):
    model = capg.TwoTower(60, 40, 3, 1, np.random.default_rng(0))
    lists = model.candidates(np.arange(60), 6)
    rng, shown = np.random.default_rng(1), []
    for _ in range(2000):
        seen = np.take_along_axis(world.utility, lists, 1) + rng.gumbel(size=lists.shape) / 2.0
        pick = np.take_along_axis(lists, seen.argmax(axis=1)[:, None], 1)[:, 0]
        shown.append(world.mean_reward[np.arange(60), pick].mean())
    value = capg.evaluate(model, world, 6, late_stage=capg.noisy(2.0))
    assert abs(value - np.mean(shown)) < 5 * np.std(shown) / np.sqrt(2000)  # a false alarm once in 1e6 runs
    two = capg.evaluate(model, world, 6, late_stage="noisy", n_outputs=2)
    assert capg.evaluate(model, world, 6, late_stage="uniform") < two < capg.evaluate(model, world, 6, n_outputs=2)


@pytest.mark.parametrize("late_stage", ["optimal", "anti", "uniform", capg.mix("optimal", "uniform", 0.3)], ids=str)
def test_uniform_value_is_the_policy_value_of_equal_logits(late_stage):
    world = capg.SyntheticWorld(6, 15, seed=2)
    exact = [capg.policy_value(np.zeros(15), 4, world.mean_reward[u], world.utility[u], late_stage) for u in range(6)]
    assert capg.uniform_value(world, 4, late_stage=late_stage) == pytest.approx(np.mean(exact), rel=1e-10)


def test_uniform_value_of_several_outputs_and_pools_by_simulation():
    rng = np.random.default_rng(0)
    available = np.ones((3, 9), bool)
    available[1, 5:] = False
    world = capg.World(rng.random((3, 9)), 0.0, rng.random((3, 9)), available=available)
    totals = []
    for _ in range(4000):
        total = 0.0
        for user in range(3):
            picked = rng.choice(np.flatnonzero(available[user]), 4, replace=False)
            best = picked[np.argsort(-world.utility[user, picked])[:2]]
            total += world.mean_reward[user, best].mean() / 3
        totals.append(total)
    exact = capg.uniform_value(world, 4, n_outputs=2)
    assert abs(np.mean(totals) - exact) < 5 * np.std(totals) / np.sqrt(4000)  # a false alarm once in 1e6 runs


def test_optimal_value_is_the_best_of_each_user():
    world = capg.World([[1.0, 4.0, 3.0], [2.0, 0.0, 9.0]], available=[[True] * 3, [True, True, False]])
    assert capg.optimal_value(world) == 3.0
    assert capg.optimal_value(world, n_outputs=2) == pytest.approx((3.5 + 1.0) / 2)
    assert capg.optimal_value(world, n_outputs=2, position_weights=[1.0, 3.0]) == pytest.approx((3.75 + 1.5) / 2)


def test_a_model_survives_saving(tmp_path):
    model = capg.TwoTower(4, 5, 3, 2, np.random.default_rng(0))
    model.save(tmp_path / "model.npz")
    again = capg.TwoTower.load(tmp_path / "model.npz")
    assert (again.users == model.users).all() and (again.items == model.items).all()
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        assert set(stored) == {"users", "items"}


def test_what_is_not_a_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="path.*npz"):
        capg.TwoTower(1, 1, 1, 1, np.random.default_rng(0)).save(tmp_path / "model.txt")
    with pytest.raises(ValueError, match="nothing.npz"):
        capg.TwoTower.load(tmp_path / "nothing.npz")
    (tmp_path / "text.npz").write_text("no model")
    np.savez(tmp_path / "other.npz", users=np.ones(3), items=np.ones(3))
    np.savez(tmp_path / "pickle.npz", users=np.array([None]), items=np.ones(3))
    np.savez(tmp_path / "nan.npz", users=np.full((1, 2, 3), np.nan), items=np.ones((1, 2, 3)))
    for name in ("text", "other", "pickle", "nan"):
        with pytest.raises(ValueError, match=f"{name}.npz"):
            capg.TwoTower.load(tmp_path / f"{name}.npz")


# Training


def test_adagrad_is_its_formula():
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(1, 3, 2)), rng.normal(size=(1, 4, 2))
    sums, expect_users, expect_items = (np.ones((1, 3, 2)), np.zeros((1, 4, 2))), users.copy(), items.copy()
    of_user, seen, of_items = np.array([2, 0, 2]), rng.normal(size=(1, 3, 2)), rng.normal(size=(1, 4, 2))
    dense = np.zeros((3, 2))
    np.add.at(dense, of_user, seen[0])
    expect_users[0] += 0.1 * dense / (np.sqrt(1.0 + dense**2) + 1e-10)
    expect_items[0] += 0.1 * of_items[0] / (np.sqrt(of_items[0] ** 2) + 1e-10)
    total = np.zeros((3, 2))
    adagrad_step(users, of_user, sums[0], seen, of_items, items, sums[1], 0.1, total)
    np.testing.assert_allclose(users, expect_users, rtol=1e-14)
    np.testing.assert_allclose(items, expect_items, rtol=1e-14)
    np.testing.assert_allclose(sums[0][0], 1.0 + dense**2)
    assert not total.any()


COMBINATIONS = [(e, "asymptotic", 1, 1) for e in capg.ESTIMATORS]
COMBINATIONS += [(e, "asymptotic", 3, 2) for e in ("V-PG", "V-PG-SwR", "CA-PG", "CA-PG-SwR")]
COMBINATIONS += [
    ("CA-PG", "exact", 1, 2),
    ("CA-PG", "paper", 1, 1),
    ("Outcome-PG", "exact", 1, 1),
    ("Set-PG", "exact", 1, 2),
]


@pytest.mark.parametrize("estimator, marginal, n_experts, n_outputs", COMBINATIONS)
def test_every_combination_trains_and_repeats(world, estimator, marginal, n_experts, n_outputs):
    options = dict(TINY, marginal=marginal, n_experts=n_experts, n_outputs=n_outputs, late_stage="noisy")
    first, second = (capg.train(world, estimator, 4, baseline="mean", **options) for _ in range(2))
    assert first.steps.tolist() == [0, 2, 4] and not first.stopped
    assert (first.policy_value == second.policy_value).all()
    assert (first.model.items == second.model.items).all()
    assert (np.diff(first.seconds) > 0).all()
    other = capg.train(world, estimator, 4, baseline="mean", **dict(options, seed=1))
    assert (first.policy_value != other.policy_value).any()


@pytest.mark.parametrize("estimator", ["CA-PG", "Outcome-PG", "V-PG"])
def test_training_learns(world, estimator):
    baseline = None if estimator == "CA-PG" else "mean"  # which is not neutral for CA-PG
    result = capg.train(world, estimator, 4, n_steps=1500, learning_rate=0.1, seed=0, eval_every=500, baseline=baseline)
    uniform, best = capg.uniform_value(world, 4), capg.optimal_value(world)
    assert result.policy_value[-1] > uniform + 0.7 * (best - uniform)
    assert result.policy_value.max() <= best


def test_masked_items_are_never_shown_nor_moved():
    rng = np.random.default_rng(0)
    available = np.ones((8, 12), bool)
    available[:, 10:] = False
    # what is masked out would be by far the best
    world = capg.World(rng.random((8, 12)) + 100.0 * ~available, 0.0, available=available)
    for estimator in capg.ESTIMATORS:
        trained = capg.train(world, estimator, 3, baseline="mean", **TINY)
        assert trained.policy_value.max() < 2.0
        start = capg.train(world, estimator, 3, baseline="mean", **dict(TINY, n_steps=0)).model
        assert (trained.model.items[:, 10:] == start.items[:, 10:]).all()
        assert (trained.model.items[:, :10] != start.items[:, :10]).any()


def test_baseline_of_a_constant_reward_leaves_nothing_to_learn():
    constant = capg.World(np.full((8, 12), 5.0))
    for estimator in capg.ESTIMATORS:
        model = capg.train(constant, estimator, 3, baseline="mean", **TINY).model
        start = capg.train(constant, estimator, 3, baseline="mean", **dict(TINY, n_steps=0)).model
        np.testing.assert_allclose(model.items, start.items, atol=1e-3)


def test_callback_sees_the_curve_grow_and_can_stop(world):
    seen = []

    def callback(progress):
        seen.append((progress.step, len(progress.steps), progress.seconds_left, progress.policy_value[-1]))
        return progress.step >= 6

    result = capg.train(world, "CA-PG", 4, **dict(TINY, n_steps=100), callback=callback)
    assert result.stopped and result.steps[-1] == 6
    assert [step for step, *_ in seen] == [0, 2, 4, 6] and [count for _, count, *_ in seen] == [1, 2, 3, 4]
    assert seen[1][2] > 0.0
    whole = capg.train(world, "CA-PG", 4, **dict(TINY, n_steps=6))
    assert (whole.model.items == result.model.items).all() and not whole.stopped


def test_callback_is_called_between_rare_evaluations(world):
    seen = []
    capg.train(world, "CA-PG", 4, **dict(TINY, n_steps=1500, eval_every=10**6), callback=lambda p: seen.append(p.step))
    assert seen[0] == 0 and seen[-1] == 1500 and len(seen) >= 2


def test_interrupt_keeps_what_was_learned(world):
    def interrupt(progress):
        if progress.step == 4:
            raise KeyboardInterrupt

    result = capg.train(world, "V-PG", 4, **dict(TINY, n_steps=100), callback=interrupt)
    assert result.stopped and result.steps[-1] == 4
    assert (result.model.items == capg.train(world, "V-PG", 4, **TINY).model.items).all()


def test_an_error_in_the_callback_is_raised(world):
    with pytest.raises(RuntimeError, match="mine"):
        capg.train(world, "V-PG", 4, **TINY, callback=lambda progress: (_ for _ in ()).throw(RuntimeError("mine")))


@pytest.mark.parametrize("estimator", ["V-PG", "V-PG-SwR", "CA-PG", "CA-PG-SwR", "Outcome-PG"])
@pytest.mark.parametrize("k", [2, 50, 100])
def test_extreme_logits_stay_finite(estimator, k):
    """Embeddings as long as training could ever make them: logits thousands apart, and all items as candidates."""
    world = capg.SyntheticWorld(20, 100, seed=0)
    gradient = BatchGradient(
        world, estimator, k, marginal="asymptotic", baseline="mean", late_stage="optimal", n_outputs=1,
        position_weights=None, n_experts=1, batch_size=20,
    )  # fmt: skip
    for scale in (1.0, 30.0, 1e3, 1e5):
        theta = scale * np.random.default_rng(0).normal(size=(1, 20, 100))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            rows = gradient(theta, np.arange(20), np.random.default_rng(1))
        assert np.isfinite(rows).all()
        assert np.abs(rows).max() <= 2.0 * k * np.abs(gradient.rewards).max()


@pytest.mark.slow
def test_many_steps_of_the_noisiest_estimator_stay_finite_and_learn():
    """V-PG without a baseline, K = 50 of 1,000 items, 100,000 steps; floating-point warnings are errors."""
    world = capg.SyntheticWorld(40, 1000, seed=0)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = capg.train(
            world, "V-PG", 50, n_steps=100_000, learning_rate=0.1, seed=0, eval_every=20_000, batch_size=4
        )
    assert np.isfinite(result.model.users).all() and np.isfinite(result.model.items).all()
    assert result.steps[-1] == 100_000 and not result.stopped
    assert result.policy_value[-1] > result.policy_value[0] + 0.3  # no silent stall


REFUSED = [
    ({"estimator": "PG"}, ["estimator", "'PG'", "CA-PG"]),
    ({"k": 0}, ["k = 0", "at least 1"]),
    ({"k": 41}, ["k = 41", "40"]),
    ({"k": 2.5}, ["k = 2.5"]),
    ({"n_outputs": 5}, ["n_outputs = 5", "k = 4"]),
    ({"n_steps": -1}, ["n_steps = -1"]),
    ({"eval_every": 0}, ["eval_every = 0"]),
    ({"learning_rate": 0}, ["learning_rate = 0"]),
    ({"learning_rate": np.nan}, ["learning_rate = nan"]),
    ({"batch_size": 0}, ["batch_size = 0"]),
    ({"batch_size": 1, "baseline": "mean"}, ["baseline", "batch_size = 1"]),
    ({"baseline": "median"}, ["baseline = 'median'"]),
    ({"seed": -1}, ["seed = -1"]),
    ({"marginal": "best"}, ["marginal = 'best'", "asymptotic"]),
    ({"estimator": "Outcome-PG", "marginal": "paper"}, ["marginal = 'paper'"]),
    ({"late_stage": "random"}, ["late_stage = 'random'", "noisy"]),
    ({"late_stage": capg.mix("noisy", capg.noisy(2.0), 0.5)}, ["late_stage", "one noisy"]),
    ({"n_experts": 0}, ["n_experts = 0"]),
    ({"n_experts": 2, "estimator": "Set-PG"}, ["n_experts = 2", "Set-PG"]),
    ({"n_experts": 2, "estimator": "Outcome-PG"}, ["n_experts = 2", "Outcome-PG"]),
    ({"n_experts": 2, "marginal": "exact"}, ["n_experts = 2", "exact"]),
    ({"n_outputs": 2, "estimator": "Outcome-PG"}, ["n_outputs = 2", "Outcome-PG"]),
    ({"position_weights": [1.0, 2.0]}, ["position_weights", "(2,)"]),
    ({"n_outputs": 2, "position_weights": [1.0, -2.0]}, ["position_weights", "-2.0"]),
    ({"callback": 3}, ["callback = 3"]),
    ({"world": "synthetic"}, ["world = 'synthetic'", "World"]),
]


@pytest.mark.parametrize("changes, words", REFUSED, ids=lambda value: str(value)[:40])
def test_training_refuses(world, changes, words):
    options = {"world": world, "estimator": "CA-PG", "k": 4, **TINY, **changes}
    with pytest.raises(ValueError) as error:
        capg.train(options.pop("world"), options.pop("estimator"), options.pop("k"), **options)
    assert all(word in str(error.value) for word in words), error.value


def test_evaluation_refuses_a_model_of_another_size(world):
    with pytest.raises(ValueError, match=r"model is for \(3, 40\)"):
        capg.evaluate(capg.TwoTower(3, 40, 2, 1, np.random.default_rng(0)), world, 4)


def test_noise_is_named_and_positive():
    with pytest.raises(ValueError, match="beta = 0"):
        capg.noisy(0.0)
    with pytest.raises(ValueError, match="noisy"):
        capg.policy_value(np.zeros(3), 1, np.ones(3), late_stage=capg.mix("optimal", "noisy", 0.5))


SCRIPT = """
import numpy as np, capg_core as capg
world = capg.SyntheticWorld(12, 70, seed=3)
late = capg.mix("noisy", "uniform", 0.4)
cases = ("V-PG", 3, 2), ("V-PG-SwR", 2, 1), ("CA-PG", 3, 2), ("CA-PG-SwR", 2, 2), ("Outcome-PG", 1, 1)
for name, experts, outputs in cases:
    for k in (6, 40):
        run = capg.train(world, name, k, n_steps=3, learning_rate=0.1, seed=0, eval_every=3, batch_size=5,
                         baseline="mean", n_experts=experts, n_outputs=outputs, late_stage=late)
        print(f"{run.policy_value[-1]:.10e} {np.abs(run.model.items).sum():.10e}")
"""


def test_training_kernels_agree_with_their_python_source_and_stay_within_bounds(tmp_path):
    def run(**environment):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, **environment}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return np.array([[float(x) for x in line.split()] for line in done.stdout.splitlines()])

    compiled = run()
    np.testing.assert_allclose(run(NUMBA_DISABLE_JIT="1"), compiled, rtol=1e-8)
    checked = run(NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=str(tmp_path))
    np.testing.assert_allclose(checked, compiled, rtol=1e-8)
