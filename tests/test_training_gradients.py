"""One training step against independent mathematics: the core's scores, and finite differences through the towers."""

import numpy as np
import pytest
from scipy.optimize import brentq

import capg_core as capg
from capg_core.batch.clock import solve_clock
from capg_core.batch.exp import HIGHEST, LOWEST, exp_into, fast_max, fast_sum, weigh
from capg_core.exact.race import asymptotic_clock
from capg_core.training.step import BatchGradient
from capg_core.training.towers import split_places
from capg_core.training.training import Training

N_USERS, N_ITEMS, BATCH = 4, 9, 6
MIXTURES = [capg.mix("optimal", "uniform", 0.4), capg.mix("anti", "noisy", 0.5)]
ALL_STAGES = ["optimal", "noisy", "uniform", "anti", *MIXTURES]


def small_world(seed=0):
    rng = np.random.default_rng(seed)
    return capg.World(rng.normal(size=(N_USERS, N_ITEMS)), 0.5, rng.normal(size=(N_USERS, N_ITEMS)))


def make_trainer(estimator, k, *, n_experts=1, n_outputs=1, marginal="asymptotic", late_stage="optimal", **options):
    world = options.pop("world", None) or small_world()
    return Training(
        world, estimator, k, n_steps=1, eval_every=1, learning_rate=0.1, marginal=marginal,
        baseline=options.pop("baseline", 0.3), late_stage=late_stage, n_outputs=n_outputs, n_experts=n_experts,
        batch_size=BATCH, seed=1, **options,
    )  # fmt: skip


def test_exp_over_its_whole_range():
    x = np.linspace(LOWEST, HIGHEST, 1_000_003)[1:]
    out = np.empty_like(x)
    exp_into(x, 1.0, 0.0, out)
    np.testing.assert_allclose(out, np.exp(x), rtol=5e-16)
    near_zero = np.random.default_rng(0).uniform(-1.0, 1.0, x.size)
    exp_into(near_zero, 2.0, -0.5, out)
    np.testing.assert_allclose(out, np.exp(2.0 * near_zero - 0.5), rtol=5e-16)


def test_exp_at_the_edges():
    out = np.empty(5)
    exp_into(np.array([-np.inf, -1e300, LOWEST, 0.0, 1e300]), 1.0, 0.0, out)
    assert list(out[:4]) == [0.0, 0.0, 0.0, 1.0]
    assert out[4] == pytest.approx(np.exp(HIGHEST), rel=1e-15)


def test_sum_and_maximum_of_any_length():
    rng = np.random.default_rng(0)
    for n in range(1, 40):
        x = rng.normal(size=n)
        assert fast_sum(x) == pytest.approx(x.sum(), abs=1e-13)
        assert fast_max(x) == x.max()
    assert fast_max(np.full(7, -np.inf)) == -np.inf


def clock_of(theta, share, count, start=-np.inf):
    """Return (log clock, rates at it, exp(-rates))."""
    weights, lam, stay = np.empty((3, theta.size))
    shift = weigh(theta, weights)
    s, _ = solve_clock(theta, share, float(count), start, weights, shift, lam, stay)
    return s, lam, stay


@pytest.mark.parametrize("scale", [0.0, 1.0, 10.0, 100.0, 1e3, 1e5])
@pytest.mark.parametrize("k", [1, 7, 50, 99])
def test_clock_of_a_batch_lets_k_items_arrive(scale, k):
    theta = scale * np.random.default_rng(k).normal(size=100)
    s, lam, stay = clock_of(theta, np.ones(100), k)
    assert (1.0 - stay).sum() == pytest.approx(k, abs=1e-7)
    np.testing.assert_allclose(stay, np.exp(-lam), atol=1e-14)
    if scale <= 10.0:  # for further ones the clock has a plateau, and many times are right
        assert s == pytest.approx(asymptotic_clock(theta, float(k)), abs=1e-7)


def test_clock_with_items_that_may_be_gone():
    rng = np.random.default_rng(0)
    theta, share = rng.normal(size=30), rng.random(30)
    share[3], theta[3] = 0.0, 50.0
    s, _, _ = clock_of(theta, share, 5)
    truth = brentq(lambda t: share @ -np.expm1(-np.exp(theta + t)) - 5.0, -20.0, 20.0, xtol=1e-13)
    assert s == pytest.approx(truth, abs=1e-8)
    assert clock_of(theta, share, 5, start=truth - 1.0)[0] == pytest.approx(truth, abs=1e-8)
    assert clock_of(theta, share, 5, start=truth - 1e-9)[0] == pytest.approx(truth, abs=1e-8)


BATCHED = [("V-PG", "asymptotic"), ("V-PG-SwR", "asymptotic"), ("CA-PG", "asymptotic"), ("CA-PG-SwR", "asymptotic")]
SLOW = [("Set-PG", "asymptotic"), ("CA-PG", "exact"), ("CA-PG", "paper"), ("Outcome-PG", "exact")]


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("estimator, marginal", BATCHED + SLOW)
def test_rows_are_the_cores_estimates(estimator, marginal, k, scale):
    world = small_world()
    late = capg.mix("optimal", "uniform", 0.4)
    trainer = make_trainer(estimator, k, marginal=marginal, late_stage=late, world=world)
    theta = scale * np.random.default_rng(k).normal(size=(1, BATCH, N_ITEMS))
    users = np.arange(BATCH) % N_USERS
    gradient = trainer.gradient
    rows = gradient(theta, users, np.random.default_rng(0))
    for b in range(BATCH):
        expected = capg.estimate_gradients(
            theta[0, b], gradient.candidates[b : b + 1], gradient.outputs[b], gradient.rewards[b], estimator,
            utility=world.utility[users[b]], late_stage=late, marginal=marginal, baseline=0.3,
        )  # fmt: skip
        np.testing.assert_allclose(rows[0, b], expected[0], atol=1e-9 * max(1.0, np.abs(expected).max()))


@pytest.mark.parametrize("stage", ["optimal", "anti", "uniform"])
def test_outcome_rows_of_one_stage_are_the_cores(stage):
    world = small_world(3)
    trainer = make_trainer("Outcome-PG", 3, late_stage=stage, world=world)
    theta = np.random.default_rng(5).normal(size=(1, BATCH, N_ITEMS))
    users = np.arange(BATCH) % N_USERS
    rows = trainer.gradient(theta, users, np.random.default_rng(0))
    for b in range(BATCH):
        item, reward = trainer.gradient.outputs[b], trainer.gradient.rewards[b, 0]
        expected = capg.estimate_gradients(
            theta[0, b], trainer.gradient.candidates[b : b + 1], item, [reward], "Outcome-PG",
            utility=world.utility[users[b]], late_stage=stage, marginal="asymptotic", baseline=0.3,
        )  # fmt: skip
        np.testing.assert_allclose(rows[0, b], expected[0], atol=1e-9)


# Finite differences: the logarithms below are written from their definitions, with the core's exact functions where
# there are any, and share no code with the batch kernels.


def log_list(theta, places, shares):
    """Ordered draws, expert by expert, from what the earlier draws left."""
    left, total, start = np.ones(theta.shape[1], bool), 0.0, 0
    for m, share in enumerate(shares):
        for item in places[start : start + share]:
            total += theta[m, item] - np.logaddexp.reduce(theta[m, left])
            left[item] = False
        start += share
    return total


def log_replaced_list(theta, places, shares):
    expert = np.repeat(np.arange(len(shares)), shares)
    return sum(theta[m, a] - np.logaddexp.reduce(theta[m]) for m, a in zip(expert, places, strict=True))


def log_top1(theta, a, shares):
    p = np.exp(theta[:, a] - np.logaddexp.reduce(theta, axis=1))
    return np.log(shares @ p)


def log_inclusion(theta, a, shares):
    alive, gone = np.ones(theta.shape[1]), 1.0
    for m, share in enumerate(shares):
        if share == 0:
            continue
        w = np.exp(theta[m])
        tau = brentq(lambda t, w=w, s=share, v=alive: v @ -np.expm1(-w * t) - s, 0.0, 1e6, xtol=1e-14, rtol=1e-15)
        alive = alive * np.exp(-w * tau)
        gone *= np.exp(-w[a] * tau)
    return np.log1p(-gone)


def outcome_chance(theta, a, k, seen):
    """Asymptotic: P(none better) - P(none better and not a), each by the clock of the others."""

    def none(better):
        others = ~better
        if others.sum() < k:
            return 0.0
        w, count = np.exp(theta[0]), min(float(k), others.sum() - 0.5)
        tau = brentq(lambda t: -np.expm1(-w[others] * t).sum() - count, 0.0, 1e6, xtol=1e-14, rtol=1e-15)
        return np.exp(-w[better].sum() * tau)

    better = seen > seen[a]
    with_a = better.copy()
    with_a[a] = True
    return none(better) - none(with_a)


def log_mixed_outcome(trainer, theta, b, user):
    """The same for any late stage: the mixture of its parts, a noisy part with the noise it saw."""
    g, total = trainer.gradient, 0.0
    a, utility = g.outputs[b, 0], trainer.world.utility[user]
    k = g.candidates.shape[1]
    for stage, chance in g.parts:
        if stage.name == "uniform":
            total += chance * np.exp(log_inclusion(theta, a, [k])) / k
        else:
            noise = g.batch.noise[b] if g.batch.noise.size else np.nan
            seen = {"optimal": utility, "anti": -utility}.get(stage.name, utility + noise)
            total += chance * outcome_chance(theta, a, k, seen)
    return np.log(total)


def log_credit(trainer, theta, b, user):
    """Return sum_l gain_l log P for one context, given what was drawn."""
    g, k = trainer.gradient, trainer.gradient.candidates.shape[1]
    estimator = g.chosen.rung.name
    shares = split_places(k, theta.shape[0])
    gains = (g.rewards[b] - g.baseline) * g.position_weights
    utility = trainer.world.utility[user]
    if estimator == "V-PG":
        return gains.sum() * log_list(theta, g.candidates[b], shares)
    if estimator == "V-PG-SwR":
        return gains.sum() * log_replaced_list(theta, g.candidates[b], shares)
    if estimator == "Set-PG":
        return gains.sum() * capg.set_log_prob(theta[0], g.candidates[b])
    log_p = {
        ("CA-PG", "asymptotic"): lambda a: log_inclusion(theta, a, shares),
        ("CA-PG", "exact"): lambda a: np.log(capg.inclusion_probabilities(theta[0], k)[a]),
        ("CA-PG", "paper"): lambda a: np.log(capg.inclusion_probabilities(theta[0], k, "paper")[a]),
        ("CA-PG-SwR", "asymptotic"): lambda a: log_top1(theta, a, shares),
        ("Outcome-PG", "exact"): lambda a: np.log(capg.outcome_probabilities(theta[0], k, utility)[a]),
        ("Outcome-PG", "asymptotic"): lambda a: log_mixed_outcome(trainer, theta, b, user),
    }[estimator, g.chosen.marginal]
    return sum(gain * log_p(a) for gain, a in zip(gains, g.outputs[b], strict=True))


def finite_difference(trainer, users, parameters, step=1e-6):
    """Differentiate the mean over the batch of log_credit with respect to every entry of some embeddings."""
    model, result = trainer.model, np.zeros_like(parameters)
    for index in np.ndindex(parameters.shape):
        kept, sides = parameters[index], []
        for sign in (1.0, -1.0):
            parameters[index] = kept + sign * step
            theta = model.logits(users)
            sides.append(sum(log_credit(trainer, theta[:, b], b, u) for b, u in enumerate(users)) / len(users))
        parameters[index] = kept
        result[index] = (sides[0] - sides[1]) / (2.0 * step)
    return result


CASES = [(e, m, experts, outputs) for e, m in BATCHED for experts in (1, 3) for outputs in (1, 3)]
CASES += [("Set-PG", "asymptotic", 1, 1), ("Set-PG", "asymptotic", 1, 3), ("CA-PG", "exact", 1, 3)]
CASES += [("CA-PG", "paper", 1, 3), ("CA-PG", "exact", 1, 1), ("CA-PG", "paper", 1, 1)]
CASES += [("Outcome-PG", "asymptotic", 1, 1), ("Outcome-PG", "exact", 1, 1)]


@pytest.mark.parametrize("estimator, marginal, n_experts, n_outputs", CASES)
def test_a_step_is_the_gradient_through_the_towers(estimator, marginal, n_experts, n_outputs):
    # K = 4 over three experts: places 2, 1, 1
    trainer = make_trainer(estimator, 4, n_experts=n_experts, n_outputs=n_outputs, marginal=marginal, dim=2)
    model = trainer.model
    model.users = 0.5 * model.users
    users = np.array([0, 1, 2, 3, 1, 1])  # a user can come more than once
    of_users, of_items = trainer.tower_gradients(users)
    np.testing.assert_allclose(of_items, finite_difference(trainer, users, model.items), atol=2e-7)
    by_user = np.zeros_like(model.users)
    for b, user in enumerate(users):
        by_user[:, user] += of_users[:, b]
    np.testing.assert_allclose(by_user, finite_difference(trainer, users, model.users), atol=2e-7)


@pytest.mark.parametrize("k", [1, 4, N_ITEMS])
@pytest.mark.parametrize("residual", [None, "inclusion"])
def test_a_step_that_moves_few_items_is_the_product_with_all(k, residual):
    reward = np.random.default_rng(3).random((N_USERS, N_ITEMS))
    trainer = make_trainer("Swap-PG", k, residual=residual, world=capg.World(reward, 0.5, critic=reward))
    users = np.array([0, 1, 2, 3, 1, 1])
    of_users, of_items = trainer.tower_gradients(users)
    rows, model = trainer.gradient.rows[0], trainer.model
    assert (np.count_nonzero(rows, axis=1) > k + 1).any() == (residual is not None and k < N_ITEMS - 1)
    np.testing.assert_allclose(of_users[0], rows @ model.items[0] / BATCH, atol=1e-15)
    np.testing.assert_allclose(of_items[0], rows.T @ model.users[0, users] / BATCH, atol=1e-15)


@pytest.mark.parametrize("late_stage", ALL_STAGES, ids=str)
def test_outcome_pg_differentiates_what_its_late_stage_saw(late_stage):
    trainer = make_trainer("Outcome-PG", 4, late_stage=late_stage)
    model = trainer.model
    model.users, model.items = 0.3 * model.users, model.items.copy()
    users = np.array([0, 1, 2, 3, 1, 1])
    _, of_items = trainer.tower_gradients(users)
    logs = [log_mixed_outcome(trainer, model.logits([u])[:, 0], b, u) for b, u in enumerate(users)]
    assert np.isfinite(logs).all(), "the asymptotic clock gives every output here a probability"
    np.testing.assert_allclose(of_items, finite_difference(trainer, users, model.items), atol=2e-7)


UNBIASED = [("Outcome-PG", None), ("V-PG", None), ("Set-PG", None), ("Swap-PG", "list"), ("Swap-PG", "outcome")]


@pytest.mark.parametrize("estimator, residual", UNBIASED)
@pytest.mark.parametrize("late_stage", ALL_STAGES, ids=str)
def test_unbiased_rungs_are_unbiased_for_every_late_stage(estimator, residual, late_stage):
    """The mean over many sampled rows against the exact policy gradient; a false alarm once in 1e5 runs."""
    rng = np.random.default_rng(7)
    q, utility, theta = rng.random(6), rng.normal(size=6), rng.normal(size=6)
    batch, k = 40_000 if estimator != "Set-PG" else 4000, 2
    if "outcome" in (residual, estimator.partition("-")[0].lower()):
        batch = 4000
    critic = q + np.array([0.5, -0.3, 0.2, 0.0, -0.5, 0.4])  # a wrong one
    gradient = BatchGradient(
        capg.World([q], 0.2, [utility]), estimator, k, marginal="exact", baseline="mean", late_stage=late_stage,
        n_outputs=1, position_weights=None, n_experts=1, batch_size=batch, critic=critic, residual=residual,
    )  # fmt: skip
    tiled = np.ascontiguousarray(np.broadcast_to(theta, (1, batch, 6)))
    rows = gradient(tiled, np.zeros(batch, np.int64), np.random.default_rng(8))[0]
    truth = expected_gradient(theta, k, q, utility, late_stage)
    error = np.abs(rows.mean(axis=0) - truth) / (rows.std(axis=0) / np.sqrt(batch))
    assert error.max() < 5.0


@pytest.mark.parametrize("late_stage", ALL_STAGES, ids=str)
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_swap_pg_alone_is_the_gradient_of_the_critic(late_stage, n_outputs):
    """Where the reward is the critic, V-PG has the same expectation, for several outputs too; five standard errors."""
    rng = np.random.default_rng(9)
    q, utility, theta, batch = rng.random(6), rng.normal(size=6), rng.normal(size=6), 40_000
    means, errors = [], []
    for estimator in ("Swap-PG", "V-PG"):
        gradient = BatchGradient(
            capg.World([q], 0.0, [utility], critic=[q]), estimator, 3, marginal="asymptotic", late_stage=late_stage,
            baseline=0.5 if estimator == "V-PG" else None, n_outputs=n_outputs, n_experts=1, batch_size=batch,
            position_weights=np.arange(n_outputs, 0.0, -1.0),
        )  # fmt: skip
        tiled = np.ascontiguousarray(np.broadcast_to(theta, (1, batch, 6)))
        rows = gradient(tiled, np.zeros(batch, np.int64), np.random.default_rng(10))[0]
        means.append(rows.mean(axis=0))
        errors.append(rows.std(axis=0) / np.sqrt(batch))
    assert (np.abs(means[0] - means[1]) < 5.0 * np.hypot(*errors)).all()
    assert errors[0].max() < errors[1].max()


def expected_gradient(theta, k, q, utility, late_stage):
    """Policy gradient of a possibly noisy late stage: the noise is integrated by a fixed simulation."""
    parts = {"noisy": [("noisy", 1.0)]}.get(late_stage) if isinstance(late_stage, str) else None
    if isinstance(late_stage, capg.Mixture):
        parts = [(late_stage.first, 1.0 - late_stage.epsilon), (late_stage.second, late_stage.epsilon)]
    parts = parts or [(late_stage, 1.0)]
    total = np.zeros(theta.size)
    for stage, share in parts:
        if stage != "noisy":
            total += share * capg.policy_gradient(theta, k, q, utility, stage)
            continue
        # exact: given the candidates, the noisy stage is a softmax of the utility; enumerate the pairs
        for pair in [(i, j) for i in range(theta.size) for j in range(i)]:
            chance = np.exp(utility[list(pair)])
            reward = q[list(pair)] @ chance / chance.sum()
            p = np.exp(capg.set_log_prob(theta, list(pair)))
            total += share * reward * p * capg.set_score(theta, list(pair))
    return total
