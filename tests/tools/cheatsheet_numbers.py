"""The computed tables of notebooks/CHEATSHEET.md. Prints them as markdown.

The problem is that of the README: 100 items, logits N(0, 1), mean rewards U(0, 1), a late stage that picks the best.
"""

import numpy as np

import capg_core as capg
from capg_core.ladder import RUNGS
from capg_core.rung import OUTPUT

K = 20
KS = (1, 2, 5, 10, 20, 50)
LATE_STAGES = {
    "optimal": "optimal",
    "half optimal, half uniform": capg.mix("optimal", "uniform", 0.5),
    "uniform": "uniform",
    "anti": "anti",
}
ESTIMATOR_COLUMNS = (
    "estimator",
    "variance",
    "signal-to-noise",
    "cosine",
    "variance + baseline",
    "signal-to-noise + baseline",
    "cosine + baseline",
)
K_COLUMNS = ("K", "V-PG", "V-PG + baseline", "Outcome-PG + baseline", "CA-PG", "CA-PG + baseline")
ALIGNMENT_COLUMNS = ("late stage", "CA-PG", "CA-PG + baseline", "CA-PG-SwR", "CA-PG, reward + 10")
N_SAMPLES = 20_000  # of the estimators that see the whole list


def problem():
    """Return the logits and the mean rewards."""
    rng = np.random.default_rng(0)
    return rng.normal(size=100), rng.random(100)


def cosine(x, y):
    """Return the cosine of the angle between two gradients."""
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))


def measure(estimator, k, with_baseline):
    """Return (variance, signal-to-noise, cosine) of one estimator: exact, or simulated if it sees the whole list."""
    logits, reward = problem()
    rung, truth = RUNGS[estimator], capg.policy_gradient(logits, k, reward)
    level = "mean" if with_baseline else None
    if rung.sees == OUTPUT:
        mean = capg.expected_estimate(logits, k, reward, estimator, baseline=level)
        variance = capg.exact_variance(logits, k, reward, estimator, baseline=level)
    else:
        # one without a quick form is slow; of an unbiased one the mean need not be simulated
        n_samples = N_SAMPLES // 20 if rung.kernel("asymptotic") is None else N_SAMPLES
        found = capg.gradient_diagnostics(
            logits, k, reward, estimator, baseline=level, n_samples=n_samples, rng=np.random.default_rng(1)
        )
        variance, mean = found.variance, truth if rung.unbiased else found.mean
    return variance, np.linalg.norm(mean) / np.sqrt(variance), cosine(mean, truth)


def estimator_row(estimator):
    """Return one row of the first table."""
    return [*measure(estimator, K, False), *measure(estimator, K, True)]


def k_row(k):
    """Return one row of the second table: signal-to-noise ratios."""
    pairs = (("V-PG", False), ("V-PG", True), ("Outcome-PG", True), ("CA-PG", False), ("CA-PG", True))
    return [measure(estimator, k, with_baseline)[1] for estimator, with_baseline in pairs]


def alignment_row(name):
    """Return one row of the third table: cosines of the mean with the true gradient under a late stage."""
    logits, reward = problem()
    stage = {"utility": reward, "late_stage": LATE_STAGES[name]}
    truth = capg.policy_gradient(logits, K, reward, **stage)
    value = capg.policy_value(logits, K, reward, **stage)
    means = [
        capg.expected_estimate(logits, K, reward, "CA-PG", **stage),
        capg.expected_estimate(logits, K, reward, "CA-PG", baseline=value, **stage),
        capg.expected_estimate(logits, K, reward, "CA-PG-SwR", **stage),
        capg.expected_estimate(logits, K, reward + 10.0, "CA-PG", **stage),
    ]
    return [cosine(mean, truth) for mean in means]


def facts():
    """Return the numbers that the text quotes, as it writes them."""
    world = capg.SyntheticWorld()
    logits, _ = problem()
    exact = capg.inclusion_probabilities(logits, K)
    off = {m: np.max(np.abs(capg.inclusion_probabilities(logits, K, m) / exact - 1)) for m in ("paper", "asymptotic")}
    return {
        "best": f"{capg.optimal_value(world):.2f}",
        "uniform, K = 10": f"{capg.uniform_value(world, 10):.2f}",
        "uniform, K = 50": f"{capg.uniform_value(world, 50):.2f}",
        "paper formula": f"{100 * off['paper']:.0f} %",
        "asymptotic": f"{100 * off['asymptotic']:.1f} %",
    }


def write(number):
    """Write a number with three significant digits."""
    return f"{number:.3g}"


TABLES = {
    "estimators": (ESTIMATOR_COLUMNS, tuple(RUNGS), estimator_row),
    "k": (K_COLUMNS, KS, k_row),
    "alignment": (ALIGNMENT_COLUMNS, tuple(LATE_STAGES), alignment_row),
}


def main():
    for name, (columns, keys, row) in TABLES.items():
        print(f"<!-- table {name} of tests/tools/cheatsheet_numbers.py -->")
        print("| " + " | ".join(columns) + " |")
        print("|" + "---|" * len(columns))
        for key in keys:
            print(f"| {key} | " + " | ".join(write(x) for x in row(key)) + " |")
        print()
    for name, number in facts().items():
        print(f"{name}: {number}")


if __name__ == "__main__":
    main()
