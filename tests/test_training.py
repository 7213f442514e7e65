"""Training from start to end, its callback and its safety, and what is refused."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

import capg_core as capg
from capg_core.training.step import BatchGradient
from capg_core.training.training import Training, adagrad_step

TINY = {"n_steps": 4, "learning_rate": 0.1, "seed": 0, "eval_every": 2, "batch_size": 16}


@pytest.fixture(scope="module")
def world():
    return capg.SyntheticWorld(60, 40, seed=3)


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


@pytest.mark.parametrize("n_experts, dim", [(1, 10), (2, 5), (3, 1)])
def test_embeddings_of_any_width_train(world, n_experts, dim):
    options = {"n_steps": 40, "learning_rate": 0.1, "seed": 0, "eval_every": 40, "n_experts": n_experts, "n_outputs": 2}
    result = capg.train(world, "CA-PG", 6, dim=dim, **options)
    assert result.model.users.shape == (n_experts, 60, dim) and result.model.dim == dim
    assert result.policy_value[-1] > result.policy_value[0]
    if dim == 10:
        assert (capg.train(world, "CA-PG", 6, **options).policy_value == result.policy_value).all()


def test_stepping_by_hand_is_what_train_does(world):
    run = Training(world, "CA-PG", 4, **TINY)
    run.measure()
    assert [run.step() for _ in range(4)] == [False, True, False, True]
    by_hand, whole = run.result(), capg.train(world, "CA-PG", 4, **TINY)
    assert by_hand.steps.tolist() == whole.steps.tolist() and not by_hand.stopped
    assert (by_hand.policy_value == whole.policy_value).all() and (by_hand.model.items == whole.model.items).all()


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
    reward = rng.random((8, 12)) + 100.0 * ~available
    world = capg.World(reward, 0.0, available=available, critic=reward)
    for estimator in capg.ESTIMATORS:
        trained = capg.train(world, estimator, 3, baseline="mean", **TINY)
        assert trained.policy_value.max() < 2.0
        start = capg.train(world, estimator, 3, baseline="mean", **dict(TINY, n_steps=0)).model
        assert (trained.model.items[:, 10:] == start.items[:, 10:]).all()
        assert (trained.model.items[:, :10] != start.items[:, :10]).any()


def test_baseline_of_a_constant_reward_leaves_nothing_to_learn():
    constant = capg.World(np.full((8, 12), 5.0), critic=5.0)
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
    ({"dim": 0}, ["dim = 0"]),
    ({"world": "synthetic"}, ["world = 'synthetic'", "World"]),
]


@pytest.mark.parametrize("changes, words", REFUSED, ids=lambda value: str(value)[:40])
def test_training_refuses(world, changes, words):
    options = {"world": world, "estimator": "CA-PG", "k": 4, **TINY, **changes}
    with pytest.raises(ValueError) as error:
        capg.train(options.pop("world"), options.pop("estimator"), options.pop("k"), **options)
    assert all(word in str(error.value) for word in words), error.value


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


def test_training_kernels_agree_with_their_python_source_and_stay_within_bounds():
    def run(**environment):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, **environment}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return np.array([[float(x) for x in line.split()] for line in done.stdout.splitlines()])

    compiled = run()
    np.testing.assert_allclose(run(NUMBA_DISABLE_JIT="1"), compiled, rtol=1e-8)
    checked = run(NUMBA_BOUNDSCHECK="1", NUMBA_CACHE_DIR=os.environ["NUMBA_CACHE_DIR"] + "-checked")
    np.testing.assert_allclose(checked, compiled, rtol=1e-8)
