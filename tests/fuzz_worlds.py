"""As `fuzz_calls`, for worlds, films, models and training."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import numpy as np
from fuzz_arguments import NO_WORLDS, put_world, small_world
from fuzz_calls import is_array, is_number, of, put_estimator

import capg_core as capg

FOLDER = Path(tempfile.mkdtemp(prefix="capg-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
NO_PATHS = [None, 3, b"model.npz", [], {}, "nul\0.npz", FOLDER / "no" / "folder.npz", FOLDER, np.array(["x"]), np.nan]


def is_world(world, shape):
    assert isinstance(world, capg.World) and (world.n_users, world.n_items) == shape
    for matrix in (world.mean_reward, world.reward_std, world.utility):
        is_array(matrix, shape)
        assert not matrix.flags.writeable
    assert 1 <= world.smallest_pool <= world.n_items


def put_matrices(call):
    """Give what makes a world; return the shape."""
    shape = int(call.rng.integers(1, 4)), int(call.rng.integers(1, 6))
    call.real("mean_reward", call.rng.normal(size=shape), free="length")
    if call.chance(0.5):
        std = call.rng.random(shape)
        wrong = [-0.5, np.nan, "0.5", None, 1j, -std, std[None], std[0, :0], np.ma.masked, np.ones((9, 9)), [[0.1], []]]
        call.put("reward_std", call.pick([0.0, 1, 0.5, std, std.tolist()]), wrong)
    if call.chance(0.5):
        call.real("utility", call.rng.normal(size=shape), optional=True)
        if isinstance(call.given["utility"], float) or getattr(call.given["utility"], "ndim", 2) == 0:
            call.bad.discard("utility")  # one number is for all
    if call.chance(0.5):
        call.pools("available", np.ones(shape, bool))
    return shape


@of("World")
def _(call):
    shape = put_matrices(call)
    return capg.World, lambda world: is_world(world, shape)


@of("SyntheticWorld")
def _(call):
    shape = call.count("n_users", 1, 5), call.count("n_items", 1, 5)
    call.count("dim", 1, 4)
    call.count("seed", 0, 9)
    call.put("shared_embeddings", call.pick([True, False]), ["no", None, 2, [], np.ones(2)])
    if call.chance(0.5):
        call.number("critic_noise", 0.0, 2.0, also_bad=[-1.0])
    return capg.SyntheticWorld, lambda world: is_world(world, shape)


@of("FilmWorld")
def _(call):
    shape = put_matrices(call)
    titles = [f"film {i}" for i in range(shape[1])]
    call.put("titles", call.pick([titles, tuple(titles)]), [None, "film", titles + ["x"], [1] * shape[1], 3])
    call.put("years", np.arange(shape[1]) + 1900, [None, titles, [1.5] * shape[1], np.arange(shape[1] + 1)])
    call.whole("users", call.rng.integers(0, 99, shape[0]), 671)
    call.name("kind", ["observed", "completed"])
    call.put("ratings_rmse", call.pick([None, 0.8]), [-1.0, "x", np.nan, [0.8]])
    return capg.FilmWorld, lambda world: is_world(world, shape)


@of("KuaiRecWorld")
def _(call):
    shape = int(call.rng.integers(1, 4)), int(call.rng.integers(1, 4))
    call.given.update(mean_reward=call.rng.random(shape), user_ids=np.arange(shape[0]), video_ids=range(shape[1]))
    call.given.update(observed_share=1.0, duplicates_dropped=0)
    return capg.KuaiRecWorld, lambda world: is_world(world, shape)


@of("load_kuairec")
def _(call):
    file = FOLDER / "small_matrix.csv"
    file.write_text("user_id,video_id,watch_ratio\n14,148,0.5\n19,7,123.4\n")
    call.put("path", call.pick([file, str(file)]), [x for x in NO_PATHS if x is not FOLDER])
    return capg.load_kuairec, lambda world: is_world(world, (2, 2))


@of("read_log")
def _(call):
    file = FOLDER / "log.csv"
    file.write_text("context,shown,reward,candidates\n0,2,1.5,2 0\n1,1,-1e3,0 1\n")
    call.put("path", call.pick([file, str(file)]), NO_PATHS)
    wrong = (np.nan, np.inf, 1e16)
    logits = call.real("logits", call.rng.normal(size=(2, 3)), wrong, free="length")

    def check(log):
        assert log.shown.tolist() == [2, 1] and log.reward.tolist() == [1.5, -1e3]
        assert np.allclose(log.logits, logits)

    return capg.read_log, check


@of("alignment", "Alignment")
def _(call):
    mean = call.rng.normal(size=(int(call.rng.integers(1, 5)), int(call.rng.integers(2, 9))))
    world = call.put("world", capg.World(mean, utility=np.round(call.rng.normal(size=mean.shape))), NO_WORLDS)

    def check(found):
        is_number(found.rank_correlation, -1.0, 1.0)
        is_number(found.concordance, 0.0, 1.0)
        assert 1 <= found.n_users <= world.n_users

    return capg.alignment, check


@of("World.reward")
def _(call):
    world = small_world(call)
    shape = call.pick([(), (1,), (3,), (2, 3)])
    for name, n in (("users", world.n_users), ("items", world.n_items)):
        if shape:
            call.whole(name, call.rng.integers(0, n, shape), n, free="shape")
        else:
            call.put(name, 0, [-1, 99, 0.5, None, "a", True, np.ma.masked])
    call.put("rng", None, [7, "rng", np.random])
    if "rng" not in call.bad and call.chance(0.5):
        call.generator(optional=True)
    return world.reward, lambda rewards: is_array(np.asarray(rewards), shape)


@of("load_ratings", "Ratings")
def _(call):
    return functools.lru_cache(capg.load_ratings), lambda ratings: is_number(float(ratings.n_films), 1000, 1000)


@of("Ratings.user_problem", "UserProblem")
def _(call):
    call.put("user", call.pick([3, 14, np.int64(72)]), [0, -1, 671, 2.0, "3", None, True, [3], 10**30])
    return capg.load_ratings().user_problem, lambda problem: is_array(problem.logits, problem.items.shape)


@of("Ratings.users_with_at_least")
def _(call):
    call.count("n_ratings", 1, 250)
    return capg.load_ratings().users_with_at_least, lambda users: is_array(users, users.shape, np.int64)


@of("UserProblem made by hand")
def _(call):
    n = int(call.rng.integers(1, 5))
    call.count("user", 0, 9)
    call.whole("items", np.arange(n), 2**31, "length")
    call.given["titles"] = ("a",) * n
    for name in ("mean_reward", "utility", "logits"):
        call.real(name, call.rng.normal(size=n))
    return capg.UserProblem, lambda problem: is_array(problem.logits, (n,))


@of("observed_films", "completed_films", "held_out_error", "HeldOutError")
def _(call):
    if call.function == "observed_films":
        call.name("late_stage", ["own", "fitted"], "own")
        call.put("min_ratings", call.pick([100, np.int64(100)]), [0, -1, 10**6, 1.5, "100", None, True, [100], 10**30])
        return capg.observed_films, lambda world: is_world(world, (world.n_users, 1000))
    if call.function == "completed_films":
        return capg.completed_films, lambda world: is_world(world, (671, 1000))
    return _held_out_error, lambda error: is_number(error.factorisation, 0.8, 0.9)


@functools.lru_cache
def _held_out_error():
    return capg.held_out_error()


# models and training


def small_model(call, world):
    return capg.TwoTower(world.n_users, world.n_items, 2, int(call.rng.integers(1, 3)), call.rng)


@of("TwoTower")
def _(call):
    sizes = [call.count(name, 1, 5) for name in ("n_users", "n_items", "dim", "n_experts")]
    call.generator()

    def check(model):
        is_array(model.users, (sizes[3], sizes[0], sizes[2]))
        is_array(model.items, (sizes[3], sizes[1], sizes[2]))

    return capg.TwoTower, check


def put_users(call, world):
    users = call.rng.integers(0, world.n_users, int(call.rng.integers(1, 4)))
    return call.whole("users", users, world.n_users, "length")


@of("TwoTower.logits")
def _(call):
    world = small_world(call)
    model, users = small_model(call, world), put_users(call, world)
    pools = np.ones((users.size, world.n_items), bool)
    if call.chance(0.5):
        pools = call.pools("available", call.rng.random(pools.shape) < 0.7)
    shape = model.n_experts, *pools.shape
    if call.chance(0.3):
        wrong = [np.empty(shape, np.float32), np.empty((1, *shape)), np.empty(shape).tolist(), "x", 0]
        call.put("out", np.empty(shape), wrong)

    def check(theta):
        is_array(np.where(pools, theta, 0.0), shape)
        assert (np.isfinite(theta) == pools).all()

    return model.logits, check


@of("TwoTower.candidates")
def _(call):
    world = small_world(call)
    model, users = small_model(call, world), put_users(call, world)
    if call.chance(0.5):
        model.items[:] = 0.0  # all logits are equal
    pools = np.ones(world.mean_reward.shape, bool)
    if call.chance(0.5):
        pools = call.rng.random(pools.shape) < 0.7
        pools[:, 0] = True
        call.pools("available", pools)
    k = call.k(int(pools[users].sum(axis=1).min()))

    def check(lists):
        is_array(lists, (users.size, k), np.int64)
        assert np.take_along_axis(pools[users], lists, axis=1).all()
        assert all(len(set(row)) == k for row in lists.tolist())
        if not model.items.any():  # ties go by index
            assert lists.tolist() == [np.flatnonzero(pools[user])[:k].tolist() for user in users]

    return model.candidates, check


@of("TwoTower.save")
def _(call):
    model = small_model(call, small_world(call))
    good = FOLDER / "model.npz"
    call.put("path", call.pick([good, str(good)]), [*NO_PATHS, FOLDER / "model.txt", "", FOLDER / "small_matrix.csv"])

    def check(nothing):
        assert nothing is None and (capg.TwoTower.load(good).users == model.users).all()

    return model.save, check


@of("TwoTower.load")
def _(call):
    model, path = small_model(call, small_world(call)), FOLDER / "stored.npz"
    model.save(path)
    data = bytearray(path.read_bytes())
    call.harmless = True  # a changed byte in a date loads as if nothing had happened
    call.put("path", path, NO_PATHS)
    kind = call.pick(["whole", "cut", "changed", "longer"])
    if kind == "cut":
        data = data[: int(call.rng.integers(len(data)))]
        call.bad.add("path")
    elif kind == "changed":
        data[int(call.rng.integers(len(data)))] ^= 1 << int(call.rng.integers(8))
    elif kind == "longer":
        data += b"x" * 70_000  # zip files are read from their end
        call.bad.add("path")
    path.write_bytes(data)
    call.harmless = kind == "changed"

    def check(loaded):
        assert (loaded.users == model.users).all() and (loaded.items == model.items).all()

    return capg.TwoTower.load, check


def put_outputs(call, k):
    """Give how many items are shown, and how much each place counts; return how many."""
    n_outputs = 1
    if call.chance(0.4):
        n_outputs = call.count("n_outputs", 1, k, also_bad=[k + 1])
    if call.chance(0.4):
        call.real("position_weights", call.rng.random(n_outputs) + 0.1, (np.nan, -1.0, np.inf), optional=True)
    return n_outputs


@of("evaluate", "optimal_value", "uniform_value")
def _(call):
    world = put_world(call)
    k = world.smallest_pool
    if call.function == "evaluate":
        wrong = [None, "model", world, world.mean_reward, capg.TwoTower, capg.TwoTower(9, 9, 1, 1, call.rng)]
        call.put("model", small_model(call, world), wrong)
    if call.function != "optimal_value":
        k = call.k(world.smallest_pool)
        call.late_stage()
    put_outputs(call, k)
    low, high = world.mean_reward.min(), world.mean_reward.max()
    slack = 1e-12 * max(abs(low), abs(high))
    return getattr(capg, call.function), lambda value: is_number(value, low - slack, high + slack)


@of("train", "Training", "TrainingResult", "Progress")
def _(call):
    world = put_world(call)
    k = call.k(world.smallest_pool)
    allowed = capg.ESTIMATORS if k < world.smallest_pool else capg.ESTIMATORS[:-1]  # the last wants one item more
    estimator, _ = put_estimator(call, world.n_items, allowed, "asymptotic")
    if estimator == "Outcome-PG" or (estimator == "CA-PG" and call.chance(0.5)):
        call.given["marginal"] = "asymptotic"
        call.bad.discard("marginal")
    call.number("learning_rate", 0.01, 1.0, also_bad=[0.0, -1.0, 1e7])
    call.count("seed", 0, 9)
    call.given["n_steps"], call.given["eval_every"] = int(call.rng.integers(0, 3)), 1
    call.put("dim", 2, [0, 2.0, "2", None])
    call.put("batch_size", 4, [0, 4.0, "4", None, True])
    call.baseline()
    call.late_stage(mixed=False)
    if estimator not in ("Set-PG", "Outcome-PG", "Swap-PG") and "marginal" not in call.given:
        put_outputs(call, k)
    if call.function == "Training":
        return capg.Training, lambda run: run.step() and is_array(run.gradient.rows, run.gradient.rows.shape)

    def check(result):
        assert isinstance(result, capg.TrainingResult)
        is_array(result.policy_value, result.steps.shape)
        is_array(result.model.users, result.model.users.shape)

    return capg.train, check
