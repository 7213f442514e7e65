"""The learning table of the reproduction's page, from the stored summary of one run. Prints it as markdown.

The run is the second command of that page, three seeds; its ``summary.csv`` is ``tests/candidate_size.csv``.
"""

import csv
from pathlib import Path

SUMMARY = Path(__file__).parents[1] / "candidate_size.csv"
MARK = "<!-- table of tests/tools/learning_table.py -->"
COLUMNS = {  # title to panel and setting
    f"{panel}, {words}": (panel, setting)
    for panel in ("K = 10", "K = 50")
    for setting, words in (("paper", "paper's rates"), ("equal", "rate 0.1"))
}


def summary():
    """Return the stored lines by (panel, setting, estimator)."""
    with SUMMARY.open(encoding="utf-8", newline="") as lines:
        return {(line["panel"], line["setting"], line["estimator"]): line for line in csv.DictReader(lines)}


def table():
    """Return the table: the final value, mean and standard deviation over the seeds, the best of a column in bold."""
    found = summary()
    best = {
        place: max(float(line["final_mean"]) for key, line in found.items() if key[:2] == place)
        for place in COLUMNS.values()
    }
    lines = ["| estimator | " + " | ".join(COLUMNS) + " |", "|" + "---|" * (1 + len(COLUMNS))]
    for name in dict.fromkeys(estimator for *_, estimator in found):
        cells = []
        for place in COLUMNS.values():
            one = found[*place, name]
            mean, spread = float(one["final_mean"]), float(one["final_sd"])
            words = f"{mean:.2f}"
            cells.append((f"**{words}**" if mean == best[place] else words) + f" ± {spread:.3f}")
        lines.append(f"| {name.replace('+', ' + ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(MARK)
    print(table())
