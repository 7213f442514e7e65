"""Swap-PG: one exchange carries the whole gradient, for any function of the candidate set and any late stage."""

import itertools

import enumeration
import numpy as np
import pytest

import capg_core as capg
from capg_core.batch.swap import LANES, exchange

LATE_STAGES = ["optimal", "anti", "uniform", capg.mix("optimal", "uniform", 0.3), capg.mix("anti", "uniform", 0.6)]
RESIDUALS = [None, "list", "inclusion", "outcome"]


def set_function(rng):
    """Return an arbitrary function of a candidate set: a number drawn when a set is first seen."""
    seen = {}
    return lambda items: seen.setdefault(frozenset(int(i) for i in items), rng.normal())


def without_each(arrivals, value):
    return [value(np.delete(arrivals, c)) for c in range(len(arrivals))]


def true_gradient(logits, k, value):
    member, log_p, gradient = enumeration.log_sets(logits, k)
    return sum(np.exp(p) * g * value(np.flatnonzero(m)) for m, p, g in zip(member, log_p, gradient, strict=True))


def problems():
    """Yield (logits, k): every k, scales from flat to far apart, some items masked."""
    rng = np.random.default_rng(0)
    for n, scale in itertools.product((2, 4, 6, 7), (0.1, 1.0, 5.0, 30.0, 1000.0)):
        for k in range(1, n):
            logits = scale * rng.normal(size=n)
            yield logits, k
            if k < n - 2:
                logits = logits.copy()
                logits[rng.integers(n)] = -np.inf
                yield logits, k


def test_the_average_over_first_arrivals_is_the_gradient_of_any_set_function():
    rng = np.random.default_rng(1)
    for logits, k in problems():
        value, mean = set_function(rng), np.zeros(logits.size)
        member, log_p, _ = enumeration.log_sets(logits, k + 1)
        for m, p in zip(member, log_p, strict=True):
            arrivals = rng.permutation(np.flatnonzero(m))  # in any order
            gradient = capg.swap_gradient(logits, arrivals, without_each(arrivals, value))
            assert abs(gradient.sum()) < 1e-12 and not gradient[~m].any()
            mean += np.exp(p) * gradient
        np.testing.assert_allclose(mean, true_gradient(logits, k, value), atol=1e-10)


def test_the_single_swap_has_the_same_average():
    rng = np.random.default_rng(2)
    for logits, k in problems():
        if logits.size > 6:
            continue
        value, mean = set_function(rng), np.zeros(logits.size)
        for arrivals in itertools.permutations(np.flatnonzero(np.isfinite(logits)), k + 1):
            chance = np.exp(capg.list_log_prob(logits, arrivals))
            gradient = capg.single_swap_gradient(logits, arrivals, without_each(arrivals, value))
            assert np.count_nonzero(gradient) <= 1
            if chance > 0.0:
                mean += chance * gradient
        np.testing.assert_allclose(mean, true_gradient(logits, k, value), atol=1e-10)


def test_swap_pg_is_the_mean_of_the_single_swap_over_the_orders_of_the_same_arrivals():
    """Rao and Blackwell: the same expectation given the set, and so never more noise."""
    rng = np.random.default_rng(3)
    logits, arrivals, values = rng.normal(size=7), np.array([5, 0, 3, 2]), rng.normal(size=4)
    total, mean = 0.0, np.zeros(7)
    for order in itertools.permutations(range(4)):
        chance = np.exp(capg.list_log_prob(logits, arrivals[list(order)]))
        mean += chance * capg.single_swap_gradient(logits, arrivals[list(order)], values[list(order)])
        total += chance
    np.testing.assert_allclose(capg.swap_gradient(logits, arrivals, values), mean / total, atol=1e-12)


def dense(theta, log_w, values):
    """The integrals on a grid so fine and so wide that nothing is left to choose."""
    finite = np.append(theta, log_w)[np.append(theta, log_w) > -np.inf]
    s = np.linspace(-finite.max() - 60.0, 8.0 - finite.min(), 20_001)
    with np.errstate(over="ignore", under="ignore"):
        lam = np.exp(np.minimum(theta[:, None] + s, 7.0))
        log_m = np.log(-np.expm1(-lam)).sum(axis=0) - np.exp(log_w + s)
        h = lam / np.expm1(lam)
        m = np.exp(log_m - log_m[h.sum(axis=0) > 1e-100].max())
    total = h.sum(axis=0)
    return (h * m * (values @ h - values[:, None] * total)).sum(axis=1) / (m * total).sum()


@pytest.mark.parametrize("log_w", [-np.inf, -3.0, 0.0, 3.0])
@pytest.mark.parametrize("size", [2, 3, 5, 9, 20, 51, 200])
def test_few_nodes_give_what_a_dense_grid_gives(size, log_w):
    rng = np.random.default_rng(size)
    for scale in (0.0, 1.0, 4.0):
        theta, values = scale * rng.normal(size=size), rng.normal(size=size)
        padding = -size % LANES
        wide = np.append(theta, np.full(padding, np.inf)), np.append(values, np.zeros(padding))
        found = np.empty(size + padding)
        exchange(wide[0], size, log_w, wide[1], np.empty((3, size + padding)), found)
        np.testing.assert_allclose(found[:size], dense(theta, log_w, values), atol=3e-11)


def test_a_thousand_candidates_and_logits_far_apart_stay_finite():
    rng = np.random.default_rng(4)
    far = 1e5 * rng.normal(size=3000), 1e5 * np.arange(3000.0), np.repeat([0.0, 1e5, -1e5], 1000)
    for logits in (rng.normal(size=3000), *far):
        for k in (1, 50, 1000, 2999):
            arrivals = capg.sample_candidates(logits, k + 1, rng)
            gradient = capg.swap_gradient(logits, arrivals, rng.normal(size=k + 1))
            assert np.isfinite(gradient).all() and abs(gradient.sum()) < 1e-9 * max(np.abs(gradient).max(), 1.0)


def shown(candidates, utility, late_stage):
    """Return [(item, chance)] of what the late stage shows, by its definition."""
    if isinstance(late_stage, capg.Mixture):
        parts = (late_stage.first, 1.0 - late_stage.epsilon), (late_stage.second, late_stage.epsilon)
        return [(item, c * chance) for part, c in parts for item, chance in shown(candidates, utility, part)]
    if late_stage == "uniform":
        return [(item, 1.0 / len(candidates)) for item in candidates]
    sign = 1.0 if late_stage == "optimal" else -1.0
    return [(max(candidates, key=lambda i: (sign * utility[i], -i)), 1.0)]


@pytest.mark.parametrize("late_stage", LATE_STAGES, ids=str)
def test_the_critic_is_asked_what_the_late_stage_would_show(late_stage):
    rng = np.random.default_rng(5)
    logits, critic = rng.normal(size=8), rng.normal(size=8)
    utility = np.array([0.3, 0.3, 0.1, 0.9, 0.9, 0.5, 0.3, 0.0])  # with ties: the lower item goes first
    for arrivals in capg.sample_candidates(logits, 5, rng, 20):
        left = [shown(np.delete(arrivals, c), utility, late_stage) for c in range(5)]
        values = [sum(chance * critic[item] for item, chance in pairs) for pairs in left]
        options = {"utility": utility, "late_stage": late_stage, "critic": critic}
        row = capg.estimate_gradients(logits, arrivals[None], arrivals[:1], [9.0], "Swap-PG", **options)
        np.testing.assert_allclose(row[0], capg.swap_gradient(logits, arrivals, values), atol=1e-12)


def enumerated(logits, k, q, utility, late_stage, critic, residual, marginal="exact"):
    """Return the mean estimate over every list of K+1 arrivals and everything the late stage can show."""
    lists = np.array(list(itertools.permutations(range(logits.size), k + 1)))
    chance, rows, outputs = [], [], []
    for arrivals in lists:
        p = np.exp(capg.list_log_prob(logits, arrivals))
        for item, c in shown(arrivals[:k], utility, late_stage):
            chance.append(p * c)
            rows.append(arrivals)
            outputs.append(item)
    estimates = capg.estimate_gradients(
        logits, np.array(rows), outputs, q[outputs], "Swap-PG", utility=utility, late_stage=late_stage, critic=critic,
        residual=residual, marginal=marginal,
    )  # fmt: skip
    return np.array(chance) @ estimates


@pytest.mark.parametrize("late_stage", LATE_STAGES, ids=str)
@pytest.mark.parametrize("critic", ["right", "wrong", "constant"])
def test_the_expectation_is_exact_and_unbiased_with_a_list_or_outcome_residual(late_stage, critic):
    rng = np.random.default_rng(6)
    logits, q, utility = rng.normal(size=5), rng.random(5), rng.normal(size=5)
    critic = {"right": q, "wrong": rng.normal(size=5), "constant": np.full(5, 0.4)}[critic]
    for k, residual in itertools.product((1, 2, 4), RESIDUALS):
        options = {"utility": utility, "late_stage": late_stage, "critic": critic, "residual": residual}
        expected = capg.expected_estimate(logits, k, q, "Swap-PG", **options)
        mean = enumerated(logits, k, q, utility, late_stage, critic, residual)
        np.testing.assert_allclose(mean, expected, atol=1e-11)
        truth = capg.policy_gradient(logits, k, q, utility, late_stage)
        unbiased = residual in ("list", "outcome") or critic is q or (late_stage == "uniform" and residual is not None)
        if unbiased:
            np.testing.assert_allclose(expected, truth, atol=1e-12)
        elif residual is None and late_stage != "uniform":
            # a constant critic says nothing; a wrong one is biased by its own gradient
            own = capg.policy_gradient(logits, k, critic, utility, late_stage)
            np.testing.assert_allclose(expected, own, atol=1e-12)
            assert np.abs(expected - truth).max() > 1e-3


@pytest.mark.parametrize("residual", RESIDUALS)
@pytest.mark.parametrize("reward_std", [0.0, 0.7])
def test_simulation_agrees_with_the_expectation_within_its_standard_error(residual, reward_std):
    """Five standard errors, 30 entries: a false alarm once in 50,000 runs."""
    rng = np.random.default_rng(7)
    logits, q, critic = rng.normal(size=30), rng.random(30), rng.random(30)
    expected = capg.expected_estimate(logits, 6, q, "Swap-PG", critic=critic, residual=residual)
    found = capg.gradient_diagnostics(
        logits, 6, q, "Swap-PG", critic=critic, residual=residual, reward_std=reward_std, n_samples=20_000, rng=rng
    )
    assert (np.abs(found.mean - expected) < 5.0 * found.standard_error).all()


def test_without_a_residual_the_noise_of_the_reward_does_not_enter():
    logits, q = np.linspace(1.0, -1.0, 40), np.linspace(0.0, 1.0, 40)
    quiet, loud = (
        capg.gradient_diagnostics(
            logits, 10, q, "Swap-PG", critic=q, reward_std=std, n_samples=500, rng=np.random.default_rng(8)
        ).variance
        for std in (0.0, 5.0)
    )
    assert quiet == loud > 0.0


def test_the_right_critic_without_noise_needs_no_residual():
    rng = np.random.default_rng(9)
    logits, q = rng.normal(size=20), rng.random(20)
    lists = capg.sample_candidates(logits, 6, rng, 50)
    outputs = capg.choose_output(lists[:, :5], q)
    rows = [
        capg.estimate_gradients(logits, lists, outputs, q[outputs], "Swap-PG", utility=q, critic=q, residual=residual)
        for residual in RESIDUALS
    ]
    for other in rows[1:]:
        np.testing.assert_array_equal(rows[0], other)


def test_where_all_are_candidates_nothing_can_be_exchanged():
    logits, q = np.array([0.5, 0.0, -1.0]), np.array([0.1, 0.7, 0.3])
    found = capg.gradient_diagnostics(logits, 3, q, "Swap-PG", critic=q, rng=np.random.default_rng(0))
    assert not found.mean.any() and found.variance == 0.0
    assert not capg.expected_estimate(logits, 3, q, "Swap-PG", critic=q).any()
    trained = capg.train(
        capg.World([q], critic=[q]), "Swap-PG", 3, n_steps=3, learning_rate=0.1, seed=0, eval_every=3, batch_size=4
    )
    start = capg.TwoTower(1, 3, 10, 1, np.random.default_rng(np.random.SeedSequence(0).spawn(2)[0]))
    assert (trained.model.items == start.items).all()


def test_a_reward_that_is_yes_or_no_has_the_moments_of_its_standard_deviation():
    """Bernoulli rewards, simulated by hand, against reward_std = sqrt(q (1 - q)); within 5 %, a thing of 8 errors."""
    rng = np.random.default_rng(10)
    logits, q = rng.normal(size=12), rng.uniform(0.1, 0.9, 12)
    lists = capg.sample_candidates(logits, 5, rng, 200_000)
    outputs = capg.choose_output(lists[:, :4], q)
    clicks = (rng.random(outputs.size) < q[outputs]).astype(float)
    options = {"critic": np.full(12, 0.5), "residual": "outcome"}
    rows = capg.estimate_gradients(logits, lists, outputs, clicks, "Swap-PG", utility=q, **options)
    found = capg.gradient_diagnostics(
        logits, 4, q, "Swap-PG", reward_std=np.sqrt(q * (1.0 - q)), n_samples=200_000, rng=rng, **options
    )
    assert rows.var(axis=0).sum() == pytest.approx(found.variance, rel=0.05)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"critic": None}, "critic = None; expected the predicted reward of each item, which 'Swap-PG' needs"),
        ({"critic": [1.0]}, r"critic has shape \(1,\); expected \(6,\)"),
        ({"critic": [np.nan] * 6}, r"critic\[0\] = nan; expected a finite number"),
        ({"residual": "set"}, "residual = 'set'; expected one of 'list', 'inclusion', 'outcome'"),
        ({"residual": "outcome", "marginal": "paper"}, "marginal = 'paper'; expected one of 'exact', 'asymptotic'"),
        ({"utility": None}, "utility = None; expected the late stage's utility, which 'Swap-PG' needs"),
        ({"estimator": "CA-PG", "residual": "list"}, "residual = 'list' with estimator = 'CA-PG'; expected None"),
        ({"candidates": [[0]]}, r"candidates has shape \(1, 1\); expected \(N, k \+ 1\)"),
        ({"outputs": [4]}, r"outputs\[0\] = 4; expected one of its candidates \[0, 1, 2\]"),
        ({"late_stage": "noisy"}, "late_stage = 'noisy'; expected one of"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_by_name(given, message):
    arguments = {
        "logits": np.zeros(6), "candidates": [[0, 1, 2, 4]], "outputs": [2], "rewards": [1.0], "estimator": "Swap-PG",
        "utility": np.arange(6.0), "critic": np.ones(6),
    } | given  # fmt: skip
    with pytest.raises(ValueError, match=message):
        capg.estimate_gradients(**arguments)


@pytest.mark.parametrize("arrivals", [[], [3], [[1, 2]], [1, 1], [0, 7], [0.0, 1.0]])
def test_first_arrivals_are_checked(arrivals):
    for function in (capg.swap_gradient, capg.single_swap_gradient):
        with pytest.raises(ValueError, match="first_arrivals"):
            function(np.zeros(4), arrivals, np.zeros(len(arrivals)))


def test_experts_and_worlds_without_a_critic_are_refused():
    world, options = capg.SyntheticWorld(6, 12), {"n_steps": 1, "learning_rate": 0.1, "seed": 0, "eval_every": 1}
    with pytest.raises(ValueError, match="n_experts = 2 with estimator = 'Swap-PG'; expected 1"):
        capg.train(world, "Swap-PG", 4, n_experts=2, **options)
    with pytest.raises(ValueError, match="n_outputs = 2 with estimator = 'Outcome-PG'; expected 1"):
        capg.train(world, "Swap-PG", 4, n_outputs=2, residual="outcome", **options)
    bare = capg.World(world.mean_reward, utility=world.utility)
    with pytest.raises(ValueError, match="critic = None; expected the predicted reward"):
        capg.train(bare, "Swap-PG", 4, **options)
    given = capg.train(bare, "Swap-PG", 4, critic=world.mean_reward, **options)
    assert (given.policy_value == capg.train(world, "Swap-PG", 4, **options).policy_value).all()
    pools = capg.World(np.ones((2, 5)), available=np.arange(5) < [[3], [5]], critic=1.0)
    with pytest.raises(ValueError, match="k = 3 with estimator = 'Swap-PG'; expected at most 2"):
        capg.train(pools, "Swap-PG", 3, **options)


def test_a_world_has_a_critic():
    world = capg.SyntheticWorld(20, 30, critic_noise=0.5)
    same = capg.SyntheticWorld(20, 30)
    assert (world.mean_reward == same.mean_reward).all() and same.critic is same.mean_reward
    errors = world.critic - world.mean_reward
    assert abs(errors.std() - 0.5) < 0.06 and abs(errors.mean()) < 0.08  # 600 draws: four standard errors
    fitted = capg.observed_films("fitted")
    assert fitted.critic is fitted.utility and not fitted.critic.flags.writeable
    assert capg.completed_films().critic is capg.completed_films().mean_reward
    assert capg.World([[1.0, 2.0]]).critic is None
    with pytest.raises(ValueError, match="critic has shape"):
        capg.World([[1.0, 2.0]], critic=[1.0, 2.0])


@pytest.mark.slow
def test_twenty_thousand_steps_at_five_hundred_candidates_stay_finite():
    world = capg.SyntheticWorld(50, 600)
    result = capg.train(
        world, "Swap-PG", 500, n_steps=20_000, learning_rate=0.1, seed=0, eval_every=5000, batch_size=2
    )
    assert np.isfinite(result.model.items).all() and result.policy_value[-1] > result.policy_value[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "late_stage, k, least",
    [("optimal", 10, 8.11), ("optimal", 50, 8.87), ("uniform", 10, 5.34), ("uniform", 50, 5.41), ("anti", 10, 1.70)],
)
def test_it_learns_in_the_papers_world(late_stage, k, least):
    """1,000 steps at rate 0.1 with the mean reward as critic; other seeds end up to 0.1 lower."""
    options = {"late_stage": late_stage, "n_steps": 1000, "learning_rate": 0.1, "seed": 0, "eval_every": 1000}
    assert capg.train(capg.SyntheticWorld(), "Swap-PG", k, **options).policy_value[-1] >= least
