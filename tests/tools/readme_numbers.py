"""The tables of the README: what each estimator does as K grows, on one synthetic problem. Prints them as markdown.

The problem: 100 items, logits N(0, 1), mean rewards U(0, 1), a late stage that picks the best candidate. The reward is
the mean reward in the first table, and 1 or 0 with that mean, a click, in the second.
"""

import numpy as np

import capg_core as capg
from capg_core.ladder import RUNGS
from capg_core.rung import OUTPUT

KS = (1, 2, 5, 10, 20, 50)
TABLES = {"": False, ", clicks": True}  # what follows in the table's mark, and whether the reward is a click


def mark(table):
    """Return the line that stands above a table."""
    return f"<!-- table of tests/tools/readme_numbers.py{table} -->"


def rungs():
    """Return the estimators of the tables: all that do not approximate the rung above them."""
    return [rung for rung in RUNGS.values() if not rung.approximates]


def has_baseline(rung):
    """Say whether a rung has a second column: those that stay unbiased with a baseline, and are quick to simulate."""
    return rung.unbiased and rung.kernel("asymptotic") is not None


def has_cosine(rung):
    """Say whether a rung has a column for its direction: those that are biased also where the critic is right."""
    return not (rung.unbiased or rung.needs_critic)


def columns():
    """Return the names of the columns."""
    names = ["K", "true gradient"]
    for rung in rungs():
        names += [rung.name] + [f"{rung.name} + baseline"] * has_baseline(rung)
        names += [f"{rung.name}: cosine"] * has_cosine(rung)
    return names


def header():
    """Return the first line of a table."""
    return "| " + " | ".join(columns()) + " |"


def variance(rung, logits, k, reward, n_samples, **options):
    """Return the variance of one estimate: exact where there is a formula, else simulated."""
    if rung.sees == OUTPUT:
        return capg.exact_variance(logits, k, reward, rung.name, **options)
    if rung.kernel("asymptotic") is None:  # slow
        n_samples //= 20
    critic = reward if rung.needs_critic else None
    rng = np.random.default_rng(1)
    found = capg.gradient_diagnostics(
        logits, k, reward, rung.name, critic=critic, n_samples=n_samples, rng=rng, **options
    )
    return found.variance


def numbers(k, is_click, n_samples=40_000):
    """Return the row of a table for K: lengths, variances and the cosine of a biased mean with the gradient."""
    rng = np.random.default_rng(0)
    logits, reward = rng.normal(size=100), rng.random(100)
    spread = np.sqrt(reward * (1.0 - reward)) if is_click else 0.0
    gradient = capg.policy_gradient(logits, k, reward)
    row = [np.linalg.norm(gradient)]
    for rung in rungs():
        baselines = (None, "mean") if has_baseline(rung) else (None,)
        row += [variance(rung, logits, k, reward, n_samples, baseline=b, reward_std=spread) for b in baselines]
        if has_cosine(rung):
            mean = capg.expected_estimate(logits, k, reward, rung.name)
            row.append(mean @ gradient / (np.linalg.norm(mean) * np.linalg.norm(gradient)))
    return row


def main():
    for table, is_click in TABLES.items():
        print(mark(table))
        print(header())
        print("|" + "---|" * len(columns()))
        for k in KS:
            print(f"| {k} | " + " | ".join(f"{x:.3g}" for x in numbers(k, is_click)) + " |")
        print()


if __name__ == "__main__":
    main()
