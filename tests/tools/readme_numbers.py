"""The table of the README: what each estimator does as K grows, on one synthetic problem. Prints it as markdown.

The problem: 100 items, logits N(0, 1), mean rewards U(0, 1), a late stage that picks the best candidate.
"""

import numpy as np

import capg_core as capg
from capg_core.ladder import RUNGS
from capg_core.rung import LIST

KS = (1, 2, 5, 10, 20, 50)


def rungs():
    """Return the estimators of the table: all that do not approximate the rung above them."""
    return [rung for rung in RUNGS.values() if not rung.approximates]


def has_baseline(rung):
    """Say whether a rung has a second column: those that stay unbiased with a baseline, and are quick to simulate."""
    return rung.unbiased and rung.kernel("asymptotic") is not None


def columns():
    """Return the names of the columns."""
    names = ["K", "true gradient"]
    for rung in rungs():
        names += [rung.name] + [f"{rung.name} + baseline"] * has_baseline(rung)
        names += [f"{rung.name}: cosine"] * (not rung.unbiased)
    return names


def header():
    """Return the first line of the table."""
    return "| " + " | ".join(columns()) + " |"


def variance(rung, logits, k, reward, baseline, n_samples):
    """Return the variance of one estimate: exact where there is a formula, else simulated."""
    if rung.sees != LIST:
        return capg.exact_variance(logits, k, reward, rung.name, baseline=baseline)
    if rung.kernel("asymptotic") is None:  # slow
        n_samples //= 20
    options = {"baseline": baseline, "n_samples": n_samples, "rng": np.random.default_rng(1)}
    return capg.gradient_diagnostics(logits, k, reward, rung.name, **options).variance


def numbers(k, n_samples=40_000):
    """Return the row of the table for K: lengths, variances and the cosine of a biased mean with the gradient."""
    rng = np.random.default_rng(0)
    logits, reward = rng.normal(size=100), rng.random(100)
    gradient = capg.policy_gradient(logits, k, reward)
    row = [np.linalg.norm(gradient)]
    for rung in rungs():
        baselines = (None, "mean") if has_baseline(rung) else (None,)
        row += [variance(rung, logits, k, reward, baseline, n_samples) for baseline in baselines]
        if not rung.unbiased:
            mean = capg.expected_estimate(logits, k, reward, rung.name)
            row.append(mean @ gradient / (np.linalg.norm(mean) * np.linalg.norm(gradient)))
    return row


def main():
    print(header())
    print("|" + "---|" * len(columns()))
    for k in KS:
        print(f"| {k} | " + " | ".join(f"{x:.3g}" for x in numbers(k)) + " |")


if __name__ == "__main__":
    main()
