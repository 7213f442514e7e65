"""The table of the README: what each estimator does as K grows, on one synthetic problem. Prints it as markdown.

The problem: 100 items, logits N(0, 1), mean rewards U(0, 1), a late stage that picks the best candidate.
"""

import numpy as np

import capg_core as capg

KS = (1, 2, 5, 10, 20, 50)
COLUMNS = "K,true gradient,V-PG,V-PG + baseline,Set-PG,Outcome-PG,Outcome-PG + baseline,CA-PG,CA-PG: cosine".split(",")
HEADER = "| " + " | ".join(COLUMNS) + " |"


def numbers(k, n_samples=40_000):
    """Return the row of the table for K: lengths, variances and the cosine of CA-PG's mean with the gradient."""
    rng = np.random.default_rng(0)
    logits, reward = rng.normal(size=100), rng.random(100)
    value = capg.policy_value(logits, k, reward)
    gradient = capg.policy_gradient(logits, k, reward)

    def simulated(estimator, baseline=None, n_samples=n_samples):
        rng = np.random.default_rng(1)
        return capg.gradient_diagnostics(
            logits, k, reward, estimator, baseline=baseline, n_samples=n_samples, rng=rng
        ).variance

    credit = capg.expected_estimate(logits, k, reward, "CA-PG")
    return [
        np.linalg.norm(gradient),
        simulated("V-PG"),
        simulated("V-PG", "mean"),
        simulated("Set-PG", n_samples=n_samples // 20),
        capg.exact_variance(logits, k, reward, "Outcome-PG"),
        capg.exact_variance(logits, k, reward, "Outcome-PG", baseline=value),
        capg.exact_variance(logits, k, reward, "CA-PG"),
        credit @ gradient / (np.linalg.norm(credit) * np.linalg.norm(gradient)),
    ]


def main():
    print(HEADER)
    print("|" + "---|" * 9)
    for k in KS:
        print(f"| {k} | " + " | ".join(f"{x:.3g}" for x in numbers(k)) + " |")


if __name__ == "__main__":
    main()
