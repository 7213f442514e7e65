"""The report as files: three tables as csv, and a page that a browser opens without a network."""

import csv
import html
import io
from collections import Counter

from capg_core.classroom.check import ALMOST, CORRECT, NOT_ATTEMPTED, NOT_YET
from capg_core.classroom.exercises import LESSONS
from capg_core.classroom.prediction import prediction_of
from capg_core.classroom.report.reading import NOT_RUN, exercises_of

_MARKS = {NOT_RUN: "", NOT_ATTEMPTED: "○", NOT_YET: "✗", ALMOST: "≈", CORRECT: "✓"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula when it opens a csv
_STYLE = """
body { font: 16px/1.5 Georgia, serif; color: #222; background: #fff }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1, h2, th, td, figcaption { font-family: system-ui, sans-serif }
table { border-collapse: collapse; font-size: 14px } th, td { padding: 3px 9px; text-align: center }
tbody tr:nth-child(odd) { background: #f4f4f2 } th[scope=row] { text-align: left; font-weight: normal }
.wide { overflow-x: auto } .bar { display: inline-block; height: 0.8em; background: #717581; vertical-align: baseline }
.count { display: inline-block; width: 3em; text-align: right } li { list-style: none } ul { padding-left: 0 }
"""


def summary_of(handed_in):
    """Count what a class has done.

    Parameters
    ----------
    handed_in : list of HandedIn

    Returns
    -------
    dict
        ``students`` (sorted), ``exercises`` (in the order of the course), ``states`` {(student, exercise): state},
        ``guesses`` and ``mistakes`` (Counters of (key, words)).
    """
    numbers = sorted({found.number for found in handed_in})
    return {
        "students": sorted({found.student for found in handed_in}, key=str.casefold),
        "exercises": [key for number in numbers for key in exercises_of(number)],
        "states": {(found.student, key): state for found in handed_in for key, state in found.states.items()},
        "guesses": Counter(guess for found in handed_in for guess in found.guesses.items()),
        "mistakes": Counter(mistake for found in handed_in for mistake in found.mistakes),
    }


def _csv(rows):
    """Write rows as csv; a cell that a spreadsheet would run is made text."""
    out = io.StringIO()
    safe = ([f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in row] for row in rows)
    csv.writer(out, lineterminator="\n").writerows(safe)
    return out.getvalue()


def tables_of(summary, notes, folder):
    """Return {file name: text} of the csv tables."""
    exercises = summary["exercises"]
    states = [
        [student, *(summary["states"].get((student, key), NOT_RUN) for key in exercises)]
        for student in summary["students"]
    ]
    guesses = [
        [key, option.words, summary["guesses"][key, option.words], "yes" if option.holds else ""]
        for key in sorted({key for key, _ in summary["guesses"]})
        for option in prediction_of(key).options
    ]
    mistakes = [[key, name, n] for (key, name), n in sorted(summary["mistakes"].items())]
    return {
        "exercises.csv": _csv([["student", *exercises], *states]),
        "guesses.csv": _csv([["prediction", "option", "students", "holds"], *guesses]),
        "misconceptions.csv": _csv([["exercise", "misconception", "students"], *mistakes]),
        "files.csv": _csv([["file", "note"], *([_relative(path, folder), note] for path, note in notes)]),
    }


def _relative(path, folder):
    return path.relative_to(folder).as_posix() if path != folder else "."


def _bars(counted):
    """Return a list with bars, of [(words, count)]."""
    most = max((n for _, n in counted), default=0)
    lines = ""
    for words, n in counted:
        bar = f'<span class="bar" style="width:{12 * n / most if most else 0:.2f}em"></span>'
        lines += f'<li><span class="count">{n}</span> {bar} {html.escape(words)}</li>'
    return f"<ul>{lines}</ul>"


def _states_table(summary):
    head = "".join(f'<th scope="col">{key}</th>' for key in summary["exercises"])
    rows = ""
    for student in summary["students"]:
        states = [summary["states"].get((student, key), NOT_RUN) for key in summary["exercises"]]
        cells = "".join(f'<td title="{state}">{_MARKS[state]}</td>' for state in states)
        rows += f'<tr><th scope="row">{html.escape(student)}</th>{cells}</tr>'
    legend = ", ".join(f"{mark} {state}" for state, mark in _MARKS.items() if mark)
    head = f'<thead><tr><th scope="col">student</th>{head}</tr></thead>'
    table = f'<div class="wide"><table>{head}<tbody>{rows}</tbody></table></div>'
    return f"{table}<p>{legend}; empty: {NOT_RUN}.</p>"


def page_of(summary, notes, folder):
    """Return the page, with everything in it: no script, and nothing from elsewhere."""
    parts = [f"<h1>What was handed in</h1><p>{len(summary['students'])} students.</p>", _states_table(summary)]
    parts.append("<h2>Guesses</h2>")
    for key in sorted({key for key, _ in summary["guesses"]}):
        prediction = prediction_of(key)
        options = [
            (option.words + (" (this happens)" if option.holds else ""), summary["guesses"][key, option.words])
            for option in prediction.options
        ]
        title = f"{LESSONS[key[:2]][1:]}: {prediction.question}"
        parts.append(f"<figure><figcaption>{html.escape(title)}</figcaption>{_bars(options)}</figure>")
    parts.append("<h2>Misconceptions that a check recognised</h2>")
    counted = [(f"{key}: {name}", n) for (key, name), n in summary["mistakes"].most_common()]
    parts.append(_bars(counted) if counted else "<p>None.</p>")
    parts.append("<h2>Files to look at</h2>")
    lines = "".join(f"<li>{html.escape(_relative(path, folder))}: {html.escape(note)}</li>" for path, note in notes)
    parts.append(f"<ul>{lines}</ul>" if lines else "<p>None.</p>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>What was handed in</title><style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )
