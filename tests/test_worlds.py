"""Worlds, the two-tower model, its value, and the values it is compared with."""

import copy
import pickle

import numpy as np
import pytest

import capg_core as capg
from capg_core.training.towers import split_places


@pytest.fixture(scope="module")
def world():
    return capg.SyntheticWorld(60, 40, seed=3)


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


POOLS = np.array([[True, False, True, True], [False, True, True, False]])


@pytest.mark.parametrize(
    "pools",
    [
        POOLS.astype(int), POOLS.astype(np.uint8), POOLS.astype(float), POOLS.astype(object), [[1, 0, 1, 1]] * 2,
        POOLS[0], POOLS[:, :3], POOLS[None], POOLS.T, [], "all", 1, True, [[True, False], [True]],
    ],
    ids=lambda pools: str(getattr(pools, "dtype", pools)),
)  # fmt: skip
def test_pools_that_are_not_booleans_of_the_right_shape_are_refused(pools):
    model = capg.TwoTower(2, 4, 3, 1, np.random.default_rng(0))
    for call in (lambda: model.candidates([0, 1], 2, pools), lambda: model.logits([0, 1], pools)):
        with pytest.raises(ValueError, match="^available .*expected bool, shape"):
            call()


def test_pools_may_be_lists_and_limit_the_logits():
    model = capg.TwoTower(2, 4, 3, 1, np.random.default_rng(0))
    assert (np.isfinite(model.logits([0, 1], POOLS.tolist())[0]) == POOLS).all()
    assert np.sort(model.candidates([1], 2, POOLS.tolist())).tolist() == [[1, 2]]


@pytest.mark.parametrize(("n_items", "k"), [(257, 3), (1000, 20), (64, 64), (9, 4)])
@pytest.mark.parametrize("n_values", [1, 2, 7])
def test_equal_logits_go_by_the_lower_index(n_items, k, n_values):
    """Whole embeddings of length 1, so that the products are exact, and equal where they should be."""
    rng = np.random.default_rng(0)
    model = capg.TwoTower(5, n_items, 1, 2, rng)
    model.users[:], model.items[:] = 1.0, rng.integers(n_values, size=model.items.shape)
    for available in (None, rng.random((5, n_items)) < 2.0):
        lists = model.candidates(np.arange(5), k, available)
        for row in lists:
            left = np.arange(n_items)
            for m, places in enumerate(split_places(k, 2)):
                best = left[np.argsort(-model.items[m, left, 0], kind="stable")][:places]
                assert row[:places].tolist() == best.tolist()
                row, left = row[places:], np.setdiff1d(left, best)


def copies(thing):
    return [copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))]


@pytest.mark.parametrize(
    "make",
    [
        lambda: capg.World([[1.0, 2.0]], 0.5, [[2.0, 1.0]], available=[[True, True]]),
        lambda: capg.SyntheticWorld(3, 4),
        lambda: capg.observed_films("own", 300),
        lambda: capg.KuaiRecWorld([[2.0, 0.0]], [14], [8, 148], 0.5, 0),
        capg.load_ratings,
        lambda: capg.load_ratings().user_problem(3),
    ],
    ids=["World", "SyntheticWorld", "FilmWorld", "KuaiRecWorld", "Ratings", "UserProblem"],
)
def test_copies_and_pickles_are_read_only_too(make):
    thing = make()
    for again in copies(thing):
        assert type(again) is type(thing)
        arrays = {name: value for name, value in vars(thing).items() if isinstance(value, np.ndarray)}
        assert arrays
        for name, value in arrays.items():
            np.testing.assert_array_equal(getattr(again, name), value)
            assert not getattr(again, name).flags.writeable, name
    # what was one matrix stays one
    assert not hasattr(thing, "utility") or (thing.utility is thing.mean_reward) == (again.utility is again.mean_reward)


def test_a_user_problem_made_by_hand_is_checked_and_its_own():
    rewards = np.array([1.0, 2.0])
    given = {"user": 0, "items": [3, 5], "titles": ("a", "b"), "utility": rewards, "logits": [0.0, 1.0]}
    problem = capg.UserProblem(mean_reward=rewards, **given)
    rewards[0] = 9.0
    assert problem.mean_reward.tolist() == problem.utility.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError):
        problem.logits[0] = 2.0
    with pytest.raises(ValueError, match=r"mean_reward\[1\] = nan"):
        capg.UserProblem(mean_reward=[1.0, np.nan], **given)


def test_evaluation_refuses_a_model_of_another_size(world):
    with pytest.raises(ValueError, match=r"model is for \(3, 40\)"):
        capg.evaluate(capg.TwoTower(3, 40, 2, 1, np.random.default_rng(0)), world, 4)
