"""Speed of the core, each number beside its peer, in one process and on one thread; and of a class: ``make bench``.

Medians over repeated calls; machines are noisy, so the ratio is what to read. The peer of an exact quantity is the
simulation that reaches 1 % (for inclusion) or the straightforward NumPy way of the same thing. ``--class 30`` measures
a class of thirty kernels and nothing else.
"""

import argparse
import os

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import tracemalloc

import numpy as np
from batch_bench import batch_times
from class_bench import class_times
from panel_bench import panel_times
from site_bench import site_times
from timing import in_turn, median_ms, row

import capg_core as capg
from capg_core.batch.exp import exp_into
from capg_core.exact import inclusion
from capg_core.training.training import Training


def gumbel_top_k(logits, k, n_samples, rng):
    """Draw ordered Plackett-Luce lists the usual way: Gumbel noise and argpartition."""
    keys = logits + rng.gumbel(size=(n_samples, logits.size))
    top = np.argpartition(-keys, k, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(keys, top, axis=1), axis=1)
    return np.take_along_axis(top, order, axis=1)


def simulated_inclusion(logits, k, rng, n_samples=10_000):
    """Estimate inclusion probabilities by counting, 10,000 lists (1 % of error where pi = 0.5)."""
    return np.bincount(gumbel_top_k(logits, k, n_samples, rng).ravel(), minlength=logits.size) / n_samples


def list_score_loop(logits, candidates):
    """Score lists in NumPy, one softmax over what is left for each draw: O(n K) a list."""
    rows = np.zeros((candidates.shape[0], logits.size))
    left = np.tile(np.exp(logits - logits.max()), (candidates.shape[0], 1))
    lines = np.arange(candidates.shape[0])
    for draw in candidates.T:
        rows -= left / left.sum(axis=1, keepdims=True)
        rows[lines, draw] += 1.0
        left[lines, draw] = 0.0
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--class", type=int, dest="n_students", metavar="N", help="only a class of N kernels")
    n_students = options.parse_args().n_students
    if n_students is not None:
        if not 1 <= n_students <= 100:
            options.error(f"--class {n_students}: expected 1 to 100 kernels")
        class_times(n_students)
        return
    core_times()
    log_times()
    batch_times()
    training_times()
    panel_times()
    site_times()
    class_times(4)


def step_floor(batch, n, dim, rng):
    """Return (name of the faster exp, floor): three matrix products and one exp of all logits, in ms."""
    users, items, rows = rng.normal(size=(batch, dim)), rng.normal(size=(n, dim)), rng.normal(size=(batch, n))
    out, of_users, of_items = np.empty((batch, n)), np.empty((batch, dim)), np.empty((n, dim))

    def products():
        np.matmul(users, items.T, out=out)
        np.matmul(rows, items, out=of_users)
        np.matmul(rows.T, users, out=of_items)

    exps = {
        "NumPy's exp": median_ms(lambda: np.exp(rows, out=out), 100),
        "our exp": median_ms(lambda: exp_into(rows.reshape(-1), 1.0, 0.0, out.reshape(-1)), 100),
    }
    name = min(exps, key=exps.get)
    return name, median_ms(products, 100) + exps[name]


def trainer_of(world, estimator, k):
    never = 10**9
    return Training(world, estimator, k, n_steps=never, eval_every=never, learning_rate=0.1, baseline="mean", seed=0)


def training_times():
    """Report one training step beside its floor, and how it grows with K and n."""
    goals = {"V-PG": 3, "V-PG-SwR": 3, "CA-PG-SwR": 3, "Swap-PG": 3.5, "CA-PG": 3, "Outcome-PG": 4}
    world = capg.SyntheticWorld()
    print("one training step, the paper's world, batch 128, K = 20, one thread, medians of 200")
    for estimator, goal in goals.items():
        trainer = trainer_of(world, estimator, 20)
        step = median_ms(trainer.step, 200)
        name, floor = step_floor(128, 1000, 10, np.random.default_rng(0))
        beside = f"floor {floor:.2f} ms (products, {name})   ratio {step / floor:4.1f}   at most {goal}"
        print(f"  {estimator:<11}{step:6.2f} ms   {beside}")
    steps = (trainer_of(world, estimator, 20).step for estimator in ("Swap-PG", "V-PG"))
    print("  Swap-PG {:.2f} ms beside V-PG {:.2f} ms   ratio {:.2f}   at most 1.5".format(*in_turn(*steps, 150)))
    for estimator in ("CA-PG", "CA-PG-SwR", "V-PG", "Swap-PG"):
        times = [median_ms(trainer_of(world, estimator, k).step, 60) for k in (10, 50, 100, 200, 500)]
        print(f"  {estimator:<11}K = 10, 50, 100, 200, 500: " + ", ".join(f"{t:.2f}" for t in times) + " ms")
    for n in (1000, 4000, 16000):
        wide = capg.SyntheticWorld(200, n)
        print(f"  CA-PG      n = {n:>6,}: {median_ms(trainer_of(wide, 'CA-PG', 20).step, 20):.2f} ms a step")


def log_times():
    """Report the value of a new policy from a log, beside the ratio of the lists."""
    rng = np.random.default_rng(0)
    n, k = 100, 20
    for name, n_records, shape in (("20,000 records, one context", 20_000, n), ("2,000 contexts", 2000, (2000, n))):
        old, utility = rng.normal(size=shape), rng.random(n)
        new = old + rng.normal(size=shape)
        if old.ndim == 1:
            lists = capg.sample_candidates(old, k, rng, n_records)
        else:
            lists = np.array([capg.sample_candidates(logits, k, rng) for logits in old])
        shown = capg.choose_output(lists, utility)
        given = {"utility": utility, "candidates": lists}

        def value(old=old, new=new, shown=shown, given=given, **how):
            return capg.off_policy_value(old, new, shown, given["utility"][shown], k, **given, **how)

        lists_ms = median_ms(lambda value=value: value(weights="list"), 5)
        for marginal in ("exact", "asymptotic"):
            ours = median_ms(lambda value=value, marginal=marginal: value(marginal=marginal), 5)
            row(f"off-policy value, {marginal}, {name}", ours, "ratio of the lists", lists_ms, "n = 100, K = 20")


# Exact inclusion and its gradient of many items, in a process of its own: seconds and MB by which the process grows,
# once the kernels are compiled.
MANY = """
import resource, sys, time
import numpy as np
import capg_core as capg
rng = np.random.default_rng(0)
logits, weights = rng.normal(size=100_000), rng.random(100_000)
few = logits[:2000]
capg.inclusion_probabilities(few, 500), capg.inclusion_gradient(few, 500, weights[:2000])
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
before, start = peak(), time.perf_counter()
pi = capg.inclusion_probabilities(logits, 1000)
middle = time.perf_counter()
gradient = capg.inclusion_gradient(logits, 1000, weights)
print(1e3 * (middle - start), 1e3 * (time.perf_counter() - middle), peak() - before, pi.sum() - 1000, gradient.sum())
"""


def scale_times():
    """Report exact inclusion of 100,000 items beside the same with the counts gone through one by one."""
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, check=True)
    exact, gradient, grown, excess, total = map(float, done.stdout.split())
    n, k, many = 4000, 300, inclusion._MANY
    rng = np.random.default_rng(0)
    logits, weights = rng.normal(size=n), rng.random(n)
    both = {}
    for limit in (many, np.inf):
        inclusion._MANY = limit
        both[limit] = (
            median_ms(lambda: capg.inclusion_probabilities(logits, k), 3),
            median_ms(lambda: capg.inclusion_gradient(logits, k, weights), 3),
        )
    inclusion._MANY = many
    for place, name in enumerate(("exact inclusion", "its weighted gradient")):
        row(f"{name}, n = 4,000, K = 300", both[many][place], "counts one by one", both[np.inf][place])
    print(
        f"n = 100,000, K = 1,000: exact inclusion {exact:.0f} ms, its weighted gradient {gradient:.0f} ms, the process "
        f"grows by {grown:.0f} MB (goal: under 300); sum pi - K = {excess:.0e}, sum of the gradient = {total:.0e}"
    )


def core_times():
    rng = np.random.default_rng(0)
    logits, weights = rng.normal(size=1000), rng.random(1000)
    k = 20
    candidates = capg.sample_candidates(logits, k, rng, 1000)
    counted = median_ms(lambda: simulated_inclusion(logits, k, rng), 3)
    exact = median_ms(lambda: capg.inclusion_probabilities(logits, k))
    gradient = median_ms(lambda: capg.inclusion_gradient(logits, k, weights))
    print("n = 1000, K = 20, one thread, medians")
    row("exact inclusion", exact, "counting 10,000 NumPy lists", counted, "goal: under 5 ms")
    row("exact weighted inclusion gradient", gradient, "1,000 finite differences of ours", 1000 * exact, "under 10 ms")
    asymptotic = median_ms(lambda: capg.inclusion_probabilities(logits, k, "asymptotic"), 200)
    row("asymptotic inclusion", asymptotic, "exact inclusion", exact, "under 0.1 ms")
    row(
        "paper's inclusion formula",
        median_ms(lambda: capg.inclusion_probabilities(logits, k, "paper"), 5),
        "exact inclusion",
        exact,
    )
    row(
        "exact outcome probabilities",
        median_ms(lambda: capg.outcome_probabilities(logits, k, weights)),
        "counting 10,000 NumPy lists",
        counted,
    )
    row(
        "exact policy gradient",
        median_ms(lambda: capg.policy_gradient(logits, k, weights)),
        "1,000 finite differences of ours",
        1000 * exact,
    )
    row(
        "scores of 1,000 lists",
        median_ms(lambda: capg.list_score(logits, candidates)),
        "NumPy, a softmax a draw",
        median_ms(lambda: list_score_loop(logits, candidates), 3),
    )
    sampling_times(logits, k, rng)


def sampling_times(logits, k, rng):
    """Report what lists of candidates cost, for flat and peaked logits, beside the usual way."""
    for scale in (0.0, 1.0, 5.0, 20.0):
        row(
            f"10,000 candidate lists, logits of sd {scale:g}",
            median_ms(lambda s=scale: capg.sample_candidates(s * logits, k, rng, 10_000), 9),
            "NumPy Gumbel + argpartition",
            median_ms(lambda s=scale: gumbel_top_k(s * logits, k, 10_000, rng), 3),
            "ratio over 10",
        )
    one_heavy = np.zeros(1000)
    one_heavy[7] = np.log(999 * 0.999999 / 1e-6)
    row(
        "10,000 lists, one item has 0.999999 of the weight",
        median_ms(lambda: capg.sample_candidates(one_heavy, k, rng, 10_000), 9),
        "NumPy Gumbel + argpartition",
        median_ms(lambda: gumbel_top_k(one_heavy, k, 10_000, rng), 3),
    )
    scale_times()
    million = rng.normal(size=1_000_000)
    tracemalloc.start()
    capg.sample_candidates(million, 100, rng, 100)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(f"sampling from 1,000,000 items: {peak:.0f} MB at the peak (goal: under 50 MB)")


if __name__ == "__main__":
    main()
