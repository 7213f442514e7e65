"""The batch functions for other people's models: the same numbers as one context at a time, and what training uses."""

import subprocess
import sys

import numpy as np
import pytest

import capg_core as capg
from capg_core.ladder import RUNGS
from capg_core.training.step import BatchGradient

LATE_STAGES = ["optimal", "anti", "uniform", capg.mix("optimal", "uniform", 0.3)]


def cases():
    """Yield every rung with every marginal it has, and every residual."""
    for name, rung in RUNGS.items():
        for residual in (None, *rung.residuals):
            scored = RUNGS[rung.residuals[residual]] if residual else rung
            for marginal in scored.marginals or ("asymptotic",):
                yield name, marginal, residual


CASES = list(cases())


def a_batch(rng, n_rows=6, n_items=9, k=4):
    """Return logits with a masked item, first arrivals, outputs and rewards."""
    logits = rng.normal(size=(n_rows, n_items))
    logits[1, 3] = -np.inf
    arrivals = capg.sample_batch(logits, k + 1, rng)
    outputs = np.array([rng.choice(row[:k]) for row in arrivals])
    return logits, arrivals, outputs, rng.random(n_rows)


@pytest.mark.parametrize("late_stage", LATE_STAGES, ids=str)
@pytest.mark.parametrize("estimator, marginal, residual", CASES)
def test_each_row_is_the_estimate_of_its_context_alone(estimator, marginal, residual, late_stage):
    rng = np.random.default_rng(0)
    logits, arrivals, outputs, rewards = a_batch(rng)
    utility, critic = rng.normal(size=logits.shape), rng.random(logits.shape)
    outputs = np.array([capg.choose_output(arrivals[b : b + 1, :4], utility[b], late_stage, rng)[0] for b in range(6)])
    lists = arrivals if RUNGS[estimator].needs_critic else arrivals[:, :4]
    expects = critic[np.arange(6), outputs] if RUNGS[estimator].needs_critic else np.zeros(6)
    options = {"late_stage": late_stage, "marginal": marginal, "residual": residual}
    for baseline in (None, 0.3, "mean"):
        rows = capg.batch_gradient(
            logits, estimator, 4, outputs=outputs, rewards=rewards, candidates=lists, utility=utility, critic=critic,
            baseline=baseline, **options,
        )  # fmt: skip
        left = rewards - expects
        for b in range(6):
            base = np.delete(left, b).mean() if baseline == "mean" else baseline
            alone = capg.estimate_gradients(
                logits[b], lists[b : b + 1], outputs[b : b + 1], rewards[b : b + 1], estimator, utility=utility[b],
                critic=critic[b], baseline=base, **options,
            )  # fmt: skip
            np.testing.assert_allclose(rows[b], alone[0], rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("estimator, marginal, residual", CASES)
def test_training_uses_the_same_rows(estimator, marginal, residual):
    world = capg.SyntheticWorld(8, 15, critic_noise=0.3)
    gradient = BatchGradient(
        world, estimator, 4, marginal=marginal, baseline="mean", late_stage="optimal", n_outputs=1,
        position_weights=None, n_experts=1, batch_size=8, residual=residual,
    )  # fmt: skip
    users, rng = np.arange(8), np.random.default_rng(1)
    theta = rng.normal(size=(1, 8, 15))
    rows = gradient(theta, users, rng)
    first = gradient.batch.first
    public = capg.batch_gradient(
        theta[0], estimator, 4, outputs=gradient.outputs, rewards=gradient.rewards, utility=world.utility,
        candidates=gradient.candidates if first is None else first.arrivals, critic=world.critic, marginal=marginal,
        baseline="mean", residual=residual,
    )  # fmt: skip
    np.testing.assert_array_equal(public, rows[0])


@pytest.mark.parametrize("estimator", ["V-PG", "CA-PG", "CA-PG-SwR", "Swap-PG"])
def test_several_outputs_count_by_their_position(estimator):
    """Against estimates by the definition: the weighted sum of what each output alone would give."""
    rng = np.random.default_rng(2)
    logits, arrivals, _, _ = a_batch(rng)
    rewards, weights = rng.random((6, 2)), np.array([3.0, 1.0])
    utility, critic = rng.normal(size=9), rng.random(9)
    lists = arrivals if estimator == "Swap-PG" else arrivals[:, :4]
    order = np.argsort(-utility[arrivals[:, :4]], axis=1)
    outputs = np.take_along_axis(arrivals[:, :4], order, axis=1)[:, :2]
    options = {"candidates": lists, "utility": utility, "critic": critic}
    rows = capg.batch_gradient(
        logits, estimator, 4, outputs=outputs, rewards=rewards, position_weights=weights, **options
    )
    if estimator == "Swap-PG":
        for b in range(6):
            values = []
            for c in range(5):
                left = np.delete(arrivals[b], c)
                best = left[np.argsort(-utility[left])][:2]
                values.append(weights @ critic[best] / 4.0)
            np.testing.assert_allclose(rows[b], capg.swap_gradient(logits[b], arrivals[b], values), atol=1e-12)
        return
    parts = [
        capg.batch_gradient(logits, estimator, 4, outputs=outputs[:, place], rewards=rewards[:, place], **options)
        for place in range(2)
    ]
    np.testing.assert_allclose(rows, 0.75 * parts[0] + 0.25 * parts[1], atol=1e-12)


def test_what_only_the_candidates_need_may_come_for_the_candidates_alone():
    rng = np.random.default_rng(3)
    logits, arrivals, outputs, rewards = a_batch(rng)
    utility, critic = rng.normal(size=logits.shape), rng.random(logits.shape)
    near = [np.take_along_axis(x, arrivals, axis=1) for x in (utility, critic)]
    given = {"outputs": outputs, "rewards": rewards, "candidates": arrivals, "residual": "inclusion"}
    whole = capg.batch_gradient(logits, "Swap-PG", 4, utility=utility, critic=critic, **given)
    alone = capg.batch_gradient(logits, "Swap-PG", 4, utility=near[0], critic=near[1], **given)
    np.testing.assert_array_equal(whole, alone)
    same = capg.batch_gradient(logits, "Swap-PG", 4, utility=utility[0], critic=critic[0], **given)
    tiled = capg.batch_gradient(
        logits, "Swap-PG", 4, utility=np.tile(utility[0], (6, 1)), critic=np.tile(critic[0], (6, 1)), **given
    )
    np.testing.assert_array_equal(same, tiled)


def test_importance_multiplies_rows_and_float32_stays_float32():
    rng = np.random.default_rng(4)
    logits, arrivals, outputs, rewards = a_batch(rng)
    given = {"outputs": outputs, "rewards": rewards}
    rows, ratio = capg.batch_gradient(logits, "CA-PG", 4, **given), rng.random(6)
    weighed = capg.batch_gradient(logits, "CA-PG", 4, importance=ratio, **given)
    np.testing.assert_array_equal(weighed, ratio[:, None] * rows)
    single = capg.batch_gradient(logits.astype(np.float32), "CA-PG", 4, **given)
    assert rows.dtype == np.float64 and single.dtype == np.float32
    np.testing.assert_allclose(single, rows, rtol=1e-4, atol=1e-6)


def test_a_gradient_from_a_log_is_that_of_the_new_policy():
    """Off-policy: ratio x (r - b) grad log rho_new has the new policy's gradient as its mean, over all outcomes."""
    rng = np.random.default_rng(5)
    old, new, q, utility = rng.normal(size=6), rng.normal(size=6), rng.random(6), rng.normal(size=6)
    rho_old, rho_new = (capg.outcome_probabilities(x, 3, utility) for x in (old, new))
    items = np.flatnonzero(rho_old > 0.0)
    rows = capg.batch_gradient(
        np.tile(new, (items.size, 1)), "Outcome-PG", 3, outputs=items, rewards=q[items], utility=utility,
        marginal="exact", baseline=0.2, importance=rho_new[items] / rho_old[items],
    )  # fmt: skip
    np.testing.assert_allclose(rho_old[items] @ rows, capg.policy_gradient(new, 3, q, utility), atol=1e-12)


def test_a_batch_is_drawn_by_the_inclusion_probabilities():
    """Each item's count is binomial: five standard errors for 16 items, a false alarm once in 100,000 runs."""
    rng = np.random.default_rng(6)
    for k in (1, 3, 7):
        logits = 2.0 * rng.normal(size=8)
        lists = capg.sample_batch(np.tile(logits, (40_000, 1)), k, rng)
        assert (np.sort(lists, axis=1)[:, 1:] != np.sort(lists, axis=1)[:, :-1]).all()
        for first, law in ((lists, k), (lists[:, :1], 1)):
            pi = capg.inclusion_probabilities(logits, law)
            found = np.bincount(first.ravel(), minlength=8) / 40_000
            assert (np.abs(found - pi) < 5.0 * np.sqrt(pi * (1.0 - pi) / 40_000) + 1e-12).all()


def test_each_row_has_its_own_pool():
    logits = np.array([[0.0, -np.inf, 0.0, 0.0], [-np.inf, 0.0, 0.0, -np.inf]])
    lists = capg.sample_batch(logits, 2, np.random.default_rng(0))
    assert 1 not in lists[0] and sorted(lists[1]) == [1, 2]
    with pytest.raises(ValueError, match="k = 3; expected at most 2"):
        capg.sample_batch(logits, 3, np.random.default_rng(0))


GOOD = {"outputs": [0, 1], "rewards": [1.0, 2.0], "candidates": [[0, 2], [1, 2]]}


@pytest.mark.parametrize(
    "given, message",
    [
        ({"logits": [0.0, 1.0]}, r"logits has shape \(2,\); expected a row of logits per context"),
        ({"logits": [[0.0, np.nan, 0.0]] * 2}, r"logits\[0, 1\] = nan"),
        ({"logits": [[0.0, 1.0, np.inf]] * 2}, r"logits\[0, 2\] = inf"),
        ({"logits": [[0.0, 1e16, 0.0]] * 2}, r"logits\[0, 1\] = 1e\+16"),
        ({"logits": np.zeros((0, 3))}, "logits is empty"),
        ({"k": 4}, "k = 4; expected at most 3"),
        ({"k": 0}, "k = 0; expected a whole number of at least 1"),
        ({"estimator": "PG"}, "estimator = 'PG'; expected one of"),
        ({"outputs": [0]}, r"outputs has shape \(1,\); expected shape \(2,\) or \(2, L\)"),
        ({"outputs": [0, 3]}, "outputs.* = 3; expected an item in 0 … 2"),
        ({"outputs": [0, 0]}, r"outputs\[1\] = 0; expected one of its candidates \["),
        ({"outputs": [[0, 0], [1, 2]], "rewards": np.ones((2, 2))}, r"outputs\[0\] repeats item 0"),
        ({"outputs": [[0, 2, 1], [1, 2, 0]], "rewards": np.ones((2, 3))}, "expected at most k = 2"),
        ({"rewards": [1.0]}, r"rewards has shape \(1,\); expected"),
        ({"rewards": [1.0, np.nan]}, "rewards.* = nan; expected a finite number"),
        ({"candidates": None}, r"candidates = None; expected shape \(2, 2\), which 'V-PG' needs"),
        ({"candidates": [[0, 2, 1], [1, 2, 0]]}, r"candidates has shape \(2, 3\); expected shape \(2, 2\)"),
        ({"candidates": [[0, 0], [1, 2]]}, r"candidates\[0\] repeats item 0"),
        ({"estimator": "Outcome-PG"}, "utility = None; expected the late stage's utility, which 'Outcome-PG' needs"),
        ({"estimator": "Outcome-PG", "utility": [[1.0] * 2] * 2}, r"utility has shape \(2, 2\); expected \(2, 3\)"),
        ({"estimator": "Outcome-PG", "utility": np.ones(3), "late_stage": "noisy"}, "late_stage = 'noisy'"),
        ({"estimator": "Swap-PG", "utility": np.ones(3)}, r"candidates has shape \(2, 2\); expected shape \(2, 3\)"),
        ({"baseline": "median"}, "baseline = 'median'; expected None, 'mean' or a number"),
        ({"importance": [1.0]}, r"importance has shape \(1,\); expected \(2,\)"),
        ({"position_weights": [-1.0]}, "position_weights = .*; expected no negative one"),
        ({"marginal": "quick"}, "marginal = 'quick'; expected one of"),
    ],
)
def test_what_is_wrong_is_refused_by_name(given, message):
    arguments = {"logits": np.zeros((2, 3)), "estimator": "V-PG", "k": 2, **GOOD} | given
    if arguments["estimator"] == "Swap-PG":
        arguments["k"] = 2
        arguments["logits"] = np.zeros((2, 4))
        arguments["utility"] = np.ones(4)
    with pytest.raises(ValueError, match=message):
        capg.batch_gradient(**arguments)


def test_swap_pg_says_that_a_pool_has_no_next_arrival():
    given = {"outputs": [0], "rewards": [1.0], "candidates": [[0, 1]], "utility": np.ones(3), "critic": np.ones(3)}
    with pytest.raises(ValueError, match="k = 2 with estimator = 'Swap-PG'; expected at most 1"):
        capg.batch_gradient([[0.0, 1.0, -np.inf]], "Swap-PG", 2, **given)


BIG = """
import resource
import numpy as np, capg_core as capg
rng = np.random.default_rng(0)
small = np.zeros((2, 8))  # what is compiled and imported is not counted
for logits, k in ((small, 3), (rng.normal(size=(4, 1_000_000)), 100)):
    lists = capg.sample_batch(logits, k + 1, rng)
    for estimator in ("V-PG", "CA-PG", "CA-PG-SwR", "V-PG-SwR", "Swap-PG"):
        first = lists if estimator == "Swap-PG" else lists[:, :k]
        near = rng.random(first.shape)
        rows = capg.batch_gradient(
            logits, estimator, k, outputs=first[:, 0], rewards=np.ones(len(logits)), candidates=first,
            utility=near, critic=near,
        )
        assert np.isfinite(rows).all()
    if len(logits) == 2:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
def test_four_contexts_of_a_million_items_take_less_than_500_mb():
    done = subprocess.run([sys.executable, "-c", BIG], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 500.0


def test_a_policy_learns_from_a_log():
    """Outcome weights from 4,000 logged records go a third of the way to the best item; list weights bring less."""
    rng = np.random.default_rng(7)
    n, k = 40, 10
    old, q = 0.5 * rng.normal(size=n), rng.random(n)
    utility = q + 0.1 * rng.normal(size=n)
    lists = capg.sample_candidates(old, k, rng, 4000)
    shown = capg.choose_output(lists, utility)
    rewards = (rng.random(4000) < q[shown]).astype(float)
    start, gains = capg.policy_value(old, k, q, utility), {}
    for weights, estimator in (("outcome", "Outcome-PG"), ("list", "V-PG")):
        new = old.copy()
        for _ in range(60):
            ratio = capg.off_policy_value(
                old, new, shown, rewards, k, utility=utility, candidates=lists, weights=weights, clip=10.0
            ).importance
            rows = capg.batch_gradient(
                np.tile(new, (4000, 1)), estimator, k, outputs=shown, rewards=rewards, candidates=lists,
                utility=utility, baseline=rewards.mean(), importance=ratio,
            )  # fmt: skip
            new = new + 15.0 * rows.mean(axis=0)
        gains[weights] = capg.policy_value(new, k, q, utility) - start
    best = np.sort(q[np.argsort(-utility)][: n - k + 1])[-1] - start
    assert gains["outcome"] > 0.3 * best and gains["outcome"] > gains["list"], (gains, best)
