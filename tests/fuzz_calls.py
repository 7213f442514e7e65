"""One call of each public name, with arguments from `fuzz_arguments`, and what its result must be.

`CALLS` has an entry for every name of ``capg.__all__``. An entry fills a `Call` with arguments and returns (function,
check): the function takes them, and the check says what holds of a result.
"""

import numpy as np
from fuzz_arguments import NO_NAMES, finite

import capg_core as capg

TIGHT = 1e-10  # what sums to zero does, relative to its largest entry; also of probabilities
CLOCK = 1e-6  # the same for scores by the asymptotic clock of two races
CALLS = {}


def of(*names):
    """Register a call for some public names."""

    def register(function):
        CALLS.update(dict.fromkeys(names, function))
        return function

    return register


def is_array(result, shape, dtype=np.float64):
    assert type(result) is np.ndarray and result.dtype == dtype and result.shape == shape, (result, shape)
    assert np.isfinite(result).all(), result


def is_number(result, low=-np.inf, high=np.inf):
    assert isinstance(result, float) and np.isfinite(result) and low <= result <= high, (result, low, high)


def is_score(rows, shape, logits=None, tolerance=TIGHT, scale=1.0):
    """Scores and gradients sum to zero, a shift of all logits changing nothing, and masked items have none."""
    is_array(rows, shape)
    assert (np.abs(rows.sum(axis=-1)) <= tolerance * np.maximum(np.abs(rows).max(axis=-1), scale)).all(), rows.sum(-1)
    assert logits is None or not rows[..., ~np.isfinite(logits)].any(), rows


def is_chance(result, logits, total=None, high=1.0):
    is_array(result, logits.shape)
    assert (result >= 0.0).all() and (result <= high).all(), result
    assert total is None or abs(result.sum() - total) <= TIGHT * total, result.sum()
    assert not result[~np.isfinite(logits)].any(), result


# one context


def put_problem(call, utility="optional", late_stage=True, reward=True):
    """Give logits, k, mean reward, utility and a late stage; return (logits, k, reward, utility)."""
    logits = call.logits()
    k = call.k(finite(logits).size)
    scale = call.pick([0.0, 1.0, 1.0, 1e-200, 1e20])
    q = call.rng.normal(size=logits.size) * scale
    if reward:
        call.real("mean_reward", q)
    u = q
    if utility == "needed" or call.chance(0.5):
        u = np.round(call.rng.normal(size=logits.size), call.pick([0, 8]))
        call.real("utility", u, optional=utility == "optional")
    if late_stage:
        call.late_stage(noisy=False)
    return logits, k, q, u


def put_lists(call, logits, n_lists=None, k=None):
    able = finite(logits)
    k = int(call.rng.integers(1, able.size + 1)) if k is None else k
    n_lists = int(call.rng.integers(1, 4)) if n_lists is None else n_lists
    return np.array([call.rng.permutation(able)[:k] for _ in range(n_lists)])


@of("inclusion_probabilities")
def _(call):
    logits = call.logits()
    k = call.k(finite(logits).size)
    marginal = call.name("marginal", ["exact", "asymptotic", "paper", "with_replacement"], "exact")
    total, high = (None if marginal == "paper" else k), (k if marginal == "with_replacement" else 1.0)
    return capg.inclusion_probabilities, lambda pi: is_chance(pi, logits, total, high * (1 + 1e-15))


@of("inclusion_gradient")
def _(call):
    logits = call.logits()
    call.k(finite(logits).size)
    weights = call.real("weights", call.rng.normal(size=logits.size) * call.pick([0.0, 1.0, 1e50]))
    scale = np.abs(weights).max()
    return capg.inclusion_gradient, lambda g: is_score(g, logits.shape, logits, scale=scale)


def put_items(call, logits, items):
    items = call.rng.choice(items, int(call.rng.integers(1, 4)))
    wrong = np.flatnonzero(~np.isfinite(logits))
    call.whole("items", items, logits.size, "length")
    if "items" not in call.bad and wrong.size:
        call.put("items", call.given["items"], [wrong])
    return items


@of("inclusion_score")
def _(call):
    logits = call.logits()
    items = put_items(call, logits, finite(logits))
    call.k(finite(logits).size)
    call.name("marginal", ["exact", "asymptotic", "paper", "with_replacement"], "exact")
    return capg.inclusion_score, lambda rows: is_score(rows, (items.size, logits.size), logits)


@of("outcome_probabilities")
def _(call):
    logits, _, _, _ = put_problem(call, "needed", reward=False)
    return capg.outcome_probabilities, lambda rho: is_chance(rho, logits, 1.0)


@of("outcome_score")
def _(call):
    logits, k, _, u = put_problem(call, "needed", late_stage=False, reward=False)
    order = [a for a in np.argsort(-u, kind="stable") if np.isfinite(logits[a])]
    items = put_items(call, logits, order[: len(order) - k + 1])
    if "items" not in call.bad and k > 1:
        call.put("items", call.given["items"], [order[-k + 1 :]])  # never shown
    tolerance = CLOCK if call.name("marginal", ["exact", "asymptotic"], "exact") == "asymptotic" else TIGHT
    return capg.outcome_score, lambda rows: is_score(rows, (items.size, logits.size), logits, tolerance)


@of("list_log_prob", "list_score", "set_log_prob", "set_score")
def _(call):
    logits = call.logits()
    lists = put_lists(call, logits)
    lists = call.pick([lists, lists[0], lists[None]])
    call.whole("candidates", lists, logits.size, free="shape")
    if "candidates" not in call.bad and lists.shape[-1] > 1:
        twice = lists.copy()
        twice[..., 0] = twice[..., 1]
        call.put("candidates", call.given["candidates"], [twice])

    def check(result):
        if call.function.endswith("score"):
            is_score(result, (*lists.shape[:-1], logits.size), logits)
        elif lists.ndim == 1:
            is_number(result, high=0.0)
        else:
            is_array(result, lists.shape[:-1])
            assert (result <= 0.0).all()

    return getattr(capg, call.function), check


@of("sample_candidates")
def _(call):
    logits = call.logits()
    k = call.k(finite(logits).size)
    call.generator()
    shape = (k,)
    if call.chance(0.7):
        shape = (call.count("n_samples", 1, 5, optional=True), k)

    def check(lists):
        is_array(lists, shape, np.int64)
        assert np.isfinite(logits[lists]).all()
        assert all(len(set(row)) == k for row in lists.reshape(-1, k).tolist())

    return capg.sample_candidates, check


@of("choose_output")
def _(call):
    logits = np.zeros(int(call.rng.integers(1, 13)))
    lists = put_lists(call, logits)
    call.whole("candidates", lists, logits.size, "length")
    call.real("utility", call.rng.normal(size=logits.size), free="length")
    stage = call.late_stage()
    call.generator(optional=stage not in ("uniform", "noisy"))

    def check(shown):
        is_array(shown, (len(lists),), np.int64)
        assert (lists == shown[:, None]).any(axis=1).all()

    return capg.choose_output, check


@of("policy_value", "policy_gradient")
def _(call):
    logits, _, q, _ = put_problem(call)
    scale = np.abs(q).max()
    if call.function == "policy_value":
        most = scale * (1 + TIGHT)
        return capg.policy_value, lambda value: is_number(value, -most, most)
    return capg.policy_gradient, lambda g: is_score(g, logits.shape, logits, scale=scale)


# estimators


def put_estimator(call, n_items, allowed=capg.ESTIMATORS, marginal="exact"):
    """Give an estimator, perhaps a marginal, and what a critic needs; return its name and the critic."""
    estimator, critic, residual = call.name("estimator", allowed), np.zeros(n_items), None
    if estimator == "Swap-PG":
        critic = call.real("critic", call.rng.normal(size=n_items) * call.pick([0.0, 1.0, 1e50]))
        if call.chance(0.7):
            residual = call.pick([None, "list", "inclusion", "outcome"])
            call.put("residual", residual, [name for name in NO_NAMES if name is not None])
    elif call.chance(0.2):
        call.put("residual", None, ["list", "outcome", 1])
    call.marginal, call.sees_outcome = marginal, "outcome" in (residual, estimator.partition("-")[0].lower())
    if call.chance(0.6):
        call.marginal = call.name("marginal", ["exact", "asymptotic"] + ["paper"] * (not call.sees_outcome))
    return estimator, critic


def close_to_zero(call):
    return CLOCK if call.sees_outcome and call.marginal == "asymptotic" else TIGHT


@of("estimate_gradients")
def _(call):
    logits = call.logits()
    able = finite(logits).size
    estimator, critic = put_estimator(call, logits.size, capg.ESTIMATORS if able > 1 else capg.ESTIMATORS[:-1])
    k = int(call.rng.integers(1, able + (estimator != "Swap-PG")))
    first = put_lists(call, logits, k=k + (estimator == "Swap-PG"))
    lists = call.whole("candidates", first, logits.size, "length")[:, :k]
    stage = call.late_stage(noisy=False)
    u = call.rng.normal(size=logits.size)
    outputs = capg.choose_output(lists, u, stage, call.rng)
    call.whole("outputs", outputs, logits.size)
    rewards = call.real("rewards", call.rng.normal(size=len(lists)) * call.pick([0.0, 1.0, 1e50]))
    needed = estimator in ("Outcome-PG", "Swap-PG")
    if needed or call.chance(0.5):
        call.real("utility", u, optional=not needed or (stage == "uniform" and not call.sees_outcome))
    call.baseline(mean=len(lists) > 1)
    tolerance, scale = close_to_zero(call), np.abs(rewards).max() + np.abs(critic).max() + 2.0
    check = lambda rows: is_score(rows, (len(lists), logits.size), logits, tolerance, scale)  # noqa: E731
    return capg.estimate_gradients, check


@of("expected_estimate")
def _(call):
    logits, _, q, _ = put_problem(call)
    _, critic = put_estimator(call, logits.size, [name for name in capg.ESTIMATORS if name != "V-PG-SwR"])
    call.baseline()
    tolerance, scale = close_to_zero(call), np.abs(q).max() + np.abs(critic).max() + 2.0
    return capg.expected_estimate, lambda g: is_score(g, logits.shape, logits, tolerance, scale)


def put_spread(call, n_items):
    """Give the reward's standard deviation: a number, or one for each item."""
    if call.chance(0.5):
        call.real("reward_std", call.rng.random(n_items), (np.nan, np.inf, -1.0), free="shape")
    else:
        call.number("reward_std", 0.0, 2.0, also_bad=[-1.0])


@of("exact_variance")
def _(call):
    logits, *_ = put_problem(call)
    estimator = call.name("estimator", ["Outcome-PG", "CA-PG", "CA-PG-SwR"])
    call.name("marginal", ["exact", "asymptotic"] + ["paper"] * (estimator != "Outcome-PG"), "exact")
    call.baseline()
    put_spread(call, logits.size)
    return capg.exact_variance, lambda variance: is_number(variance, 0.0)


@of("gradient_diagnostics", "GradientDiagnostics")
def _(call):
    logits, _, q, _ = put_problem(call)
    _, critic = put_estimator(call, logits.size)
    call.baseline()
    put_spread(call, logits.size)
    call.count("n_samples", 2, 20, also_bad=[1])
    call.generator()
    scale = np.abs(q).max() + np.abs(critic).max() + 3.0

    def check(found):
        assert isinstance(found, capg.GradientDiagnostics)
        for array in (found.mean, found.bias):
            is_score(array, logits.shape, logits, CLOCK, scale)
        is_array(found.standard_error, logits.shape)
        is_number(float(found.variance), 0.0)
        is_number(found.signal, 0.0)
        assert np.isnan(found.cosine) or -1.0 <= found.cosine <= 1.0
        assert found.snr >= 0.0 and (np.isfinite(found.snr) or found.variance == 0.0)

    return capg.gradient_diagnostics, check


@of("swap_gradient", "single_swap_gradient")
def _(call):
    logits = call.logits()
    able = finite(logits)
    first = put_lists(call, logits, 1, int(call.rng.integers(2, able.size + 1)))[0] if able.size > 1 else able[:1]
    if able.size > 1:
        call.whole("first_arrivals", first, logits.size, "length")
    else:
        call.given["first_arrivals"], call.bad = first, call.bad | {"first_arrivals"}
    values = call.real("values_without", call.rng.normal(size=first.size) * call.pick([0.0, 1.0, 1e50]))
    function, scale = getattr(capg, call.function), np.abs(values).max() + 1.0
    if call.function == "swap_gradient":
        return function, lambda row: is_score(row, logits.shape, logits, scale=scale)
    return function, lambda row: is_array(row, logits.shape)


@of("ESTIMATORS", "paper_learning_rate")
def _(call):
    call.name("estimator", capg.ESTIMATORS)
    return capg.paper_learning_rate, lambda rate: is_number(rate, 0.01, 0.1)


@of("mix", "Mixture")
def _(call):
    for name in ("first", "second"):
        call.put(
            name, call.pick(["optimal", "uniform", "noisy", capg.noisy(3)]), [*NO_NAMES, capg.mix("anti", "anti", 0)]
        )
    call.number("epsilon", 0.0, 1.0, also_bad=[-0.1, 1.5])
    return getattr(capg, call.function), lambda mixture: capg.choose_output([[1, 0]], [1, 2], mixture, call.rng)


@of("noisy", "Noisy")
def _(call):
    call.number("beta", 0.1, 5.0, also_bad=[0, -1.0, 1e-300])
    return getattr(capg, call.function), lambda stage: is_number(stage.beta, 0.0)
