"""The table at the end: the final value of every line, how much of the way it went, and how fast.

The way is from the value of random candidates (0 %) to the optimal value (100 %). There is none where every choice of
candidates is equally good, as with K = n or with equal rewards.
"""

import csv
import io
from dataclasses import dataclass

import numpy as np

from capg_core.reproduce.experiments import SETTINGS

SUMMARY_FILE = "summary.csv"
_FIELDS = (
    "experiment", "panel", "setting", "estimator", "n_seeds", "uniform_value", "optimal_value", "final_mean",
    "final_sd", "share_of_way", "steps_to_50", "steps_to_90",
)  # fmt: skip
_ROUNDING = 1e-9  # the exact values' error, in shares of them


@dataclass(frozen=True, eq=False)
class Summary:
    """
    One line of a figure in numbers.

    Attributes
    ----------
    line : Line
    steps : (E,) int64
    values : (S, E) float64
        One learning curve for each seed.
    uniform, optimal : float
    """

    line: object
    steps: np.ndarray
    values: np.ndarray
    uniform: float
    optimal: float

    @property
    def final(self):
        """(mean, standard deviation) of the last value over seeds; the deviation of one seed is NaN."""
        last = self.values[:, -1]
        return float(last.mean()), float(last.std(ddof=1)) if last.size > 1 else float("nan")

    @property
    def has_way(self):
        """Whether the optimal value is above that of random candidates by more than rounding."""
        return self.optimal - self.uniform > _ROUNDING * max(abs(self.optimal), abs(self.uniform))

    @property
    def share(self):
        """How much of the way the mean went, in the end; NaN if there is no way to go."""
        return (self.final[0] - self.uniform) / (self.optimal - self.uniform) if self.has_way else float("nan")

    def steps_to(self, share):
        """Return the first evaluated step beyond a share of the way, the mean over seeds; NaN if one never was."""
        if not self.has_way:
            return float("nan")
        beyond = self.values >= self.uniform + share * (self.optimal - self.uniform)
        if not beyond.any(axis=1).all():
            return float("nan")
        return float(self.steps[beyond.argmax(axis=1)].mean())


def summarise(lines, rows_of):
    """
    Return the numbers of every line.

    Parameters
    ----------
    lines : list of Line
    rows_of : dict
        From a job's key to its rows.

    Returns
    -------
    list of Summary
    """
    found = []
    for line in lines:
        rows = [rows_of[job.key] for job in line.jobs]
        steps = np.array([row["step"] for row in rows[0]])
        values = np.array([[row["policy_value"] for row in of_seed] for of_seed in rows])
        found.append(Summary(line, steps, values, rows[0][0]["uniform_value"], rows[0][0]["optimal_value"]))
    return found


def _number(value, digits=4):
    return "" if np.isnan(value) else f"{value:.{digits}f}"


def as_csv(summaries):
    """Return the summaries as the text of a csv file; an empty field is a number that does not exist."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIELDS)
    for one in summaries:
        line, (mean, sd) = one.line, one.final
        writer.writerow(
            (line.experiment, line.panel, line.setting, line.variant.label, len(line.jobs), _number(one.uniform),
             _number(one.optimal), _number(mean), _number(sd), _number(one.share), _number(one.steps_to(0.5), 0),
             _number(one.steps_to(0.9), 0))
        )  # fmt: skip
    return text.getvalue()


def _cell(one):
    """Return one estimator's numbers in one setting."""
    mean, sd = one.final
    value = f"{mean:.3f}" + ("" if np.isnan(sd) else f" ± {sd:.3f}")
    if not one.has_way:
        return f"{value:>15} {'-':>8}{'-':>8}{'-':>8}"
    reached = [one.steps_to(share) for share in (0.5, 0.9)]
    return f"{value:>15} {100.0 * one.share:6.1f} %" + "".join(
        f"{'never' if np.isnan(step) else f'{step:.0f}':>8}" for step in reached
    )


def as_table(summaries):
    """
    Return the summaries as a table to read: a block for each panel, the settings side by side.

    Parameters
    ----------
    summaries : list of Summary

    Returns
    -------
    str
    """
    blocks = {}
    for one in summaries:
        block = blocks.setdefault((one.line.experiment, one.line.panel), {})
        block.setdefault(one.line.variant.label, {})[one.line.setting] = one
    width = len(_cell(summaries[0]))
    columns = f"{'final value':>15} {'way':>8}{'to 50 %':>8}{'to 90 %':>8}"
    text = ["The way: 0 % is random candidates, 100 % optimal. To 50 % and to 90 %: steps until so much of it is done."]
    for (experiment, panel), estimators in blocks.items():
        first = next(iter(next(iter(estimators.values())).values()))
        none = "" if first.has_way else ": there is no way to go, every choice of candidates is equally good"
        text += ["", f"{experiment}, {panel} (random {first.uniform:.3f}, optimal {first.optimal:.3f}){none}"]
        text.append(" " * 14 + " | ".join(SETTINGS[name].center(width) for name in SETTINGS))
        text.append(f"{'estimator':14}" + " | ".join(columns.rjust(width) for _ in SETTINGS))
        for label, settings in estimators.items():
            text.append(f"{label:14}" + " | ".join(_cell(settings[name]).rjust(width) for name in SETTINGS))
    return "\n".join(text) + "\n"
