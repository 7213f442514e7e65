"""As `fuzz_calls`, for batches of contexts and for logs."""

import numpy as np
from fuzz_arguments import finite
from fuzz_calls import CLOCK, TIGHT, is_array, is_number, of, put_estimator, put_lists

import capg_core as capg

# batches


def put_batch(call):
    """Give logits (B, n) with a pool for each row; return them and the size of the smallest pool."""
    rng, shape = call.rng, (int(call.rng.integers(1, 5)), int(call.rng.integers(2, 10)))
    logits = rng.normal(size=shape) * call.pick([0.0, 1.0, 30.0, 1e3, 1e6])
    if call.chance(0.3):
        logits[rng.random(shape) < 0.3] = -np.inf
        logits[:, :2] = 0.5
    call.real("logits", logits, (np.nan, np.inf, 1e16), free="length")
    return logits, int(np.isfinite(logits).sum(axis=1).min())


@of("sample_batch")
def _(call):
    logits, pool = put_batch(call)
    k = call.k(pool)
    call.generator()

    def check(lists):
        assert lists.dtype == np.int64 and lists.shape == (len(logits), k)
        assert all(len(set(row)) == k for row in lists.tolist())
        assert np.isfinite(np.take_along_axis(logits, lists, axis=1)).all()

    return capg.sample_batch, check


@of("batch_gradient")
def _(call):
    logits, pool = put_batch(call)
    rng, (n_rows, n_items) = call.rng, logits.shape
    allowed = capg.ESTIMATORS if pool > 1 else capg.ESTIMATORS[:-1]  # the last wants one item more
    estimator, critic = put_estimator(call, n_items, allowed, "asymptotic")
    k = call.k(pool - (estimator == "Swap-PG"))
    wanted = k + (estimator == "Swap-PG")
    first = np.array([rng.permutation(finite(row))[:wanted] for row in logits])
    call.whole("candidates", first, n_items)
    if call.given["candidates"] is None:
        call.given["candidates"] = "text"
    utility = rng.normal(size=n_items)
    call.whole("outputs", capg.choose_output(first[:, :k], utility), n_items)
    rewards = call.real("rewards", rng.normal(size=n_rows) * call.pick([0.0, 1.0, 1e50]))
    call.real("utility", utility, optional=estimator not in ("Outcome-PG", "Swap-PG"))
    call.baseline(mean=n_rows > 1)
    if call.chance(0.3):
        call.real("importance", rng.random(n_rows))
        if call.given["importance"] is None:
            call.given["importance"] = "text"
    scale = np.abs(rewards).max() + np.abs(critic).max() + 3.0

    def check(rows):
        single = rows.dtype == np.float32
        is_array(rows, logits.shape, rows.dtype)
        assert (np.abs(rows.sum(axis=1, dtype=float)) <= (1e-4 if single else CLOCK) * scale).all()
        assert not rows[~np.isfinite(logits)].any()

    return capg.batch_gradient, check


# logs


def put_log(call, logits_name):
    """Give the logging logits and perhaps the candidates of a log; return (logits, lists, utility)."""
    rng, n, n_records = call.rng, int(call.rng.integers(2, 9)), int(call.rng.integers(2, 6))
    logits = rng.normal(size=(n_records, n)) * call.pick([0.0, 1.0, 5.0])
    masked = rng.random(n) < call.pick([0.0, 0.4])
    masked[int(rng.integers(n))] = False
    logits[:, masked] = -np.inf
    utility = np.round(rng.normal(size=n), call.pick([0, 8]))
    lists = put_lists(call, logits[0], n_records)
    call.real(logits_name, logits, (np.nan, np.inf, 1e16), free="length")
    if call.chance(0.5):
        call.whole("candidates", lists, n)
        if call.given["candidates"] is None:
            call.given["candidates"] = "text"
    return logits, lists, utility


@of("off_policy_value", "OffPolicyValue")
def _(call):
    logits, lists, utility = put_log(call, "log_logits")
    n_records = len(lists)
    new = np.where(np.isfinite(logits), call.rng.normal(size=logits.shape) * 3.0, -np.inf)
    call.real("new_logits", new, (np.nan, np.inf, 1e16))
    weights = call.name("weights", ["outcome", "inclusion", "list"] if "candidates" in call.given else ["inclusion"])
    if call.chance(0.5) and "candidates" not in call.given:
        weights = "outcome"
        call.given["weights"] = weights
        call.bad.discard("weights")
    stage = call.late_stage(noisy=weights != "outcome")
    shown = capg.choose_output(lists, utility, stage, call.rng)
    call.whole("shown", shown, logits.shape[1], "length")
    if weights == "outcome" or call.chance(0.5):
        call.real("utility", utility, optional=weights != "outcome" or stage == "uniform")
    call.real("rewards", call.rng.normal(size=n_records) * call.pick([0.0, 1.0, 1e50]))
    call.given["k"] = lists.shape[1]
    if "candidates" not in call.given and call.chance(0.3):
        call.put("k", lists.shape[1], [0, logits.shape[1] + 1, 2.0, "2", None, True, 10**30])
    call.name("marginal", ["exact", "asymptotic"], "exact")
    if call.chance(0.5):
        call.put("self_normalised", call.pick([True, False]), ["yes", None, 1, [], np.ones(2)])
    if call.chance(0.5):
        call.number("clip", 0.1, 5.0, also_bad=[0.0, -1.0])

    def check(found):
        assert isinstance(found, capg.OffPolicyValue) and isinstance(found.unbiased, bool)
        is_number(found.value)
        is_number(found.standard_error, 0.0)
        is_number(found.effective_sample_size, 0.0, n_records * (1 + TIGHT))
        is_array(found.importance, (n_records,))
        assert (found.importance >= 0.0).all()

    return capg.off_policy_value, check


@of("Log")
def _(call):
    logits, lists, utility = put_log(call, "logits")
    n_records = len(lists)
    call.whole("context", call.rng.permutation(n_records), n_records)
    call.whole("shown", capg.choose_output(lists, utility), logits.shape[1], "length")
    call.real("reward", call.rng.normal(size=n_records))

    def check(log):
        is_array(log.shown, (n_records,), np.int64)
        is_array(log.reward, (n_records,))
        assert log.log_logits.shape == logits.shape and not log.logits.flags.writeable

    return capg.Log, check
