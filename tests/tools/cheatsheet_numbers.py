"""The computed tables of notebooks/CHEATSHEET.md. Prints them as markdown.

The problem is that of the README: 100 items, logits N(0, 1), mean rewards U(0, 1), a late stage that picks the best.
The reward is the mean reward, or a click: 1 or 0 with that mean.
"""

import functools

import numpy as np

import capg_core as capg
from capg_core.classroom.lessons.n08_real_ratings.concordance import CLICKS, FILMS, curves
from capg_core.ladder import RUNGS, labels
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
PAIRS = (  # estimator, with a baseline
    ("V-PG", False),
    ("V-PG", True),
    ("Outcome-PG", True),
    ("CA-PG", False),
    ("CA-PG", True),
    ("Swap-PG", False),
)
K_COLUMNS = ("K", *(f"{name} + baseline" if with_baseline else name for name, with_baseline in PAIRS))
ALIGNMENT_COLUMNS = (
    "late stage",
    "CA-PG",
    "CA-PG + baseline",
    "CA-PG-SwR",
    "CA-PG, reward + 10",
    "Swap-PG, critic errs",
    "Swap-PG + inclusion, critic errs",
)
N_SAMPLES = 20_000  # of the estimators whose variance has no formula

CRITIC_KS = (5, 20)
CRITIC_COLUMNS = ("estimator", *(f"K = {k}: {what}" for k in CRITIC_KS for what in ("variance", "signal", "cosine")))
CRITIC_ERROR = 0.1  # standard deviation
CRITICS = {"": 0.0, ", critic errs": CRITIC_ERROR}  # what follows in the row's name
N_CRITICS = 20  # that err, each in its own way; medians over them are shown
WITH_CRITIC = [label.replace("+", " + ") for label in labels() if RUNGS[label.partition("+")[0]].needs_critic]
BESIDE = tuple(f"{name} + baseline" if with_baseline else name for name, with_baseline in PAIRS[1:5])
CRITIC_ROWS = (*BESIDE, *(label + critic for critic in CRITICS for label in WITH_CRITIC))

FEW_KS = (1, 2, 3, 5, 10, 20)
FEW_COLUMNS = ("K", "cosine: lowest", "cosine: median", "cosine: highest", "variance, times the exact one's: median")
N_PROBLEMS = 20

LEAD_COLUMNS = ("late stages", "CA-PG leads V-PG + b down to", "standard error")
LEADS = {
    "films, errors at random": FILMS,
    "films, towards the fitted score": "films, towards fitted",
    "films with clicks, errors at random": CLICKS,
    "films with clicks, towards the fitted score": "films, towards fitted, clicks",
    "synthetic world, errors at random": "synthetic",
}

LOG_KS = (5, 20, 50)
LOG_WEIGHTS = ("list", "outcome", "inclusion")
LOG_COLUMNS = ("K", *(f"{w}: {what}" for w in LOG_WEIGHTS for what in ("error", "records that count")))
N_LOGS, N_RECORDS = 100, 20_000


def problem():
    """Return the logits and the mean rewards."""
    rng = np.random.default_rng(0)
    return rng.normal(size=100), rng.random(100)


def click_std(mean):
    """Return the standard deviation of a reward that is 1 or 0 with this mean."""
    return np.sqrt(mean * (1.0 - mean))


def critics(reward, error):
    """Return critics with errors, each in its own way; without errors there is one."""
    return [reward + error * np.random.default_rng(100 + i).normal(size=100) for i in range(N_CRITICS if error else 1)]


def cosine(x, y):
    """Return the cosine of the angle between two gradients."""
    return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))


@functools.cache
def measure(estimator, k, with_baseline, is_click=False):
    """Return (variance, signal-to-noise, cosine) of one estimator: exact where it has a formula, else simulated."""
    logits, reward = problem()
    rung, level, spread = RUNGS[estimator], "mean" if with_baseline else None, click_std(reward) if is_click else 0.0
    if rung.sees == OUTPUT:
        mean = capg.expected_estimate(logits, k, reward, estimator, baseline=level)
        variance = capg.exact_variance(logits, k, reward, estimator, baseline=level, reward_std=spread)
        return variance, np.linalg.norm(mean) / np.sqrt(variance), cosine(mean, capg.policy_gradient(logits, k, reward))
    n_samples = N_SAMPLES // 20 if rung.kernel("asymptotic") is None else N_SAMPLES  # without a quick form it is slow
    critic = reward if rung.needs_critic else None
    found = capg.gradient_diagnostics(
        logits, k, reward, estimator, baseline=level, reward_std=spread, critic=critic, n_samples=n_samples,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    return found.variance, found.snr, found.cosine


def estimator_row(estimator, is_click=False):
    """Return one row of the table of all estimators."""
    return [*measure(estimator, K, False, is_click), *measure(estimator, K, True, is_click)]


def k_row(k, is_click=False):
    """Return one row of the table of signal-to-noise ratios."""
    return [measure(estimator, k, with_baseline, is_click)[1] for estimator, with_baseline in PAIRS]


def critic_row(label):
    """Return one row of the table of critics: (variance, signal-to-noise, cosine) at each K, with clicks."""
    if label in BESIDE:
        estimator, _, baseline = label.partition(" + ")
        return [x for k in CRITIC_KS for x in measure(estimator, k, bool(baseline), True)]
    label, comma, critic = label.partition(",")
    estimator, _, residual = label.partition(" + ")
    error = CRITICS[comma + critic]
    logits, reward = problem()
    row = []
    for k in CRITIC_KS:
        found = []
        for seed, critic in enumerate(critics(reward, error)):
            moments = capg.gradient_diagnostics(
                logits, k, reward, estimator, critic=critic, residual=residual or None, reward_std=click_std(reward),
                n_samples=N_SAMPLES // 10 if error else N_SAMPLES, rng=np.random.default_rng(seed),
            )  # fmt: skip
            found.append((moments.variance, moments.snr, moments.cosine))
        row += np.median(found, axis=0).tolist()
    return row


def log_row(k):
    """Return one row of the table of logs: medians of the error, and of the records that count in percent."""
    found = []
    for seed in range(N_LOGS):
        rng = np.random.default_rng(seed)
        old, reward = rng.normal(size=100), rng.random(100)
        new = old + rng.normal(size=100)
        lists = capg.sample_candidates(old, k, rng, N_RECORDS)
        shown = capg.choose_output(lists, reward)
        clicks = (rng.random(N_RECORDS) < reward[shown]).astype(float)
        truth, row = capg.policy_value(new, k, reward), []
        for weights in LOG_WEIGHTS:
            value = capg.off_policy_value(old, new, shown, clicks, k, utility=reward, candidates=lists, weights=weights)
            row += [abs(value.value - truth), 100 * value.effective_sample_size / N_RECORDS]
        found.append(row)
    return np.median(found, axis=0).tolist()


def few_row(k):
    """Return one row of the table of few places: Outcome-PG + b with the cheap marginal, over problems, with clicks."""
    found = []
    for seed in range(N_PROBLEMS):
        rng = np.random.default_rng(seed)
        logits, reward = rng.normal(size=100), rng.random(100)
        options = {"baseline": "mean", "marginal": "asymptotic"}
        mean = capg.expected_estimate(logits, k, reward, "Outcome-PG", **options)
        noise = {"reward_std": click_std(reward), "baseline": "mean"}
        cheap, exact = (
            capg.exact_variance(logits, k, reward, "Outcome-PG", marginal=marginal, **noise)
            for marginal in ("asymptotic", "exact")
        )
        found.append((cosine(mean, capg.policy_gradient(logits, k, reward)), cheap / exact))
    cosines, ratios = np.transpose(found)
    return [cosines.min(), np.median(cosines), cosines.max(), np.median(ratios)]


def lead_row(name):
    """Return one row of the table of thresholds, from the stored curve."""
    return list(curves()[LEADS[name]].lead_ends())


def alignment_row(name):
    """Return one row of the table of late stages: cosines of the mean with the true gradient under a late stage."""
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
    erring = [np.median(critic_cosines(name, residual)) for residual in (None, "inclusion")]
    return [*(cosine(mean, truth) for mean in means), *erring]


def critic_cosines(name, residual):
    """Return the cosines of Swap-PG's mean with the true gradient under a late stage, for critics that err."""
    logits, reward = problem()
    stage = {"utility": reward, "late_stage": LATE_STAGES[name]}
    truth = capg.policy_gradient(logits, K, reward, **stage)
    options = {"residual": residual, **stage}
    return [
        cosine(capg.expected_estimate(logits, K, reward, "Swap-PG", critic=critic, **options), truth)
        for critic in critics(reward, CRITIC_ERROR)
    ]


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
        "lead, films": f"{curves()[FILMS].lead_ends()[0]:.2f}",
        "lead, clicks": f"{curves()[CLICKS].lead_ends()[0]:.2f}",
        "lead, synthetic": f"{curves()['synthetic'].lead_ends()[0]:.2f}",
        "lead, seeds": f"{curves()[FILMS].n_seeds} seeds",
        "erring critic, lowest": f"{min(critic_cosines('optimal', None)):.2f}",
        "erring critic + inclusion, lowest": f"{min(critic_cosines('optimal', 'inclusion')):.2f}",
        "erring critic + inclusion, anti, lowest": f"{min(critic_cosines('anti', 'inclusion')):.2f}",
    }


def write(number):
    """Write a number with three significant digits."""
    return f"{number:.3g}"


TABLES = {
    "estimators": (ESTIMATOR_COLUMNS, tuple(RUNGS), estimator_row),
    "estimators, clicks": (ESTIMATOR_COLUMNS, tuple(RUNGS), functools.partial(estimator_row, is_click=True)),
    "k": (K_COLUMNS, KS, k_row),
    "k, clicks": (K_COLUMNS, KS, functools.partial(k_row, is_click=True)),
    "critics": (CRITIC_COLUMNS, CRITIC_ROWS, critic_row),
    "logs": (LOG_COLUMNS, LOG_KS, log_row),
    "alignment": (ALIGNMENT_COLUMNS, tuple(LATE_STAGES), alignment_row),
    "few places": (FEW_COLUMNS, FEW_KS, few_row),
    "lead": (LEAD_COLUMNS, tuple(LEADS), lead_row),
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
