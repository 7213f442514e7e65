"""Read the stored outputs of notebooks: the verdicts of their checks, and the guesses.

A notebook that was handed in is somebody else's file: it is read as JSON, of limited size, and whatever in it is not as
expected is named and passed over. Its code is looked at only to see which notebook of the course it is.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from capg_core.classroom.check import STATES
from capg_core.classroom.exercises import EXERCISES, LESSONS
from capg_core.classroom.prediction import predictions_of

MOST_BYTES = 50_000_000  # of a notebook; the largest of the course has less than one
NOT_RUN = "not run"
ORDER = (NOT_RUN, *STATES)  # from worst to best
_VERDICT = re.compile(rf"Exercise (\d\d\.\d): ({'|'.join(STATES)})\.")
_HINT = "\n  A hint: "
_CHECKS = re.compile(r"check\(\s*[\"'](\d\d)\.\d[\"']")


class Unreadable(ValueError):
    """A file that is no notebook; the text says why."""


@dataclass
class HandedIn:
    """What one file holds.

    Attributes
    ----------
    path : pathlib.Path
    student : str
    number : str
        Of the course's notebook.
    states : dict
        Exercise to one of the check's states, or "not run".
    mistakes : list of (str, str)
        Exercise and the name of the misconception that its check found.
    guesses : dict
        Prediction to the words of the option that was recorded.
    notes : list of str
        What is not as expected of the file.
    """

    path: Path
    student: str
    number: str
    states: dict = field(default_factory=dict)
    mistakes: list = field(default_factory=list)
    guesses: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


def exercises_of(number):
    """Return the keys of a notebook's exercises."""
    return [key for key in EXERCISES if key.startswith(number)]


def _text(value):
    """Return what nbformat stores as a text or as a list of lines; empty if it is neither."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _cells(path):
    """Return [(source, execution count, texts of the outputs)] of a notebook's code cells."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unreadable(f"{path.stat().st_size / 1e6:.0f} MB; expected at most {MOST_BYTES / 1e6:.0f}")
        stored = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise Unreadable("broken: it is no JSON, so no notebook, or only a part of one") from None
    cells = stored.get("cells") if isinstance(stored, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("no notebook: it has no list of cells")
    found = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        outputs = cell.get("outputs") if isinstance(cell.get("outputs"), list) else []
        texts = []
        for output in (o for o in outputs if isinstance(o, dict)):
            data = output.get("data") if isinstance(output.get("data"), dict) else {}
            texts += [_text(output.get("text")), _text(data.get("text/plain"))]
        found.append((_text(cell.get("source")), cell.get("execution_count"), [text for text in texts if text]))
    return found


def _number(path, cells):
    """Return which notebook of the course this is, by its exercises."""
    asked = Counter(n for source, *_ in cells for n in _CHECKS.findall(source) if n in LESSONS)
    if asked:
        return asked.most_common(1)[0][0]
    raise Unreadable("no notebook of the course: it checks none of its exercises")


def _student(path, folder, number):
    """Return (whose it is, whether the file has the notebook's name): a folder of one's own, or part of the name."""
    name = LESSONS[number][1:]
    inside = path.relative_to(folder).parts
    if len(inside) > 1:
        return inside[0], name in path.stem
    rest = path.stem.replace(name, "").strip(" ._-()")
    return (rest or path.stem), name in path.stem


def _mistake(key, text):
    """Return the name of the misconception whose hint a verdict gives, or None."""
    hint = text.partition(_HINT)[2].strip()
    return next((m.name for m in EXERCISES[key].misconceptions if hint and hint == m.hint), None)


def _guesses(number, texts):
    """Yield (prediction, words) for the guesses that a notebook's outputs tell: beside an option, or revealed."""
    for key, prediction in predictions_of(number).items():
        for option in prediction.options:
            marked = any(f"  (x) {option.words}" in text.splitlines() for text in texts)
            revealed = any(text.startswith(f"You guessed: {option.words}. ") for text in texts)
            if marked or revealed:
                yield key, option.words
                break


def read_notebook(path, folder):
    """Read one file.

    Parameters
    ----------
    path, folder : pathlib.Path
        The file, and the folder that was asked for, in which it lies.

    Returns
    -------
    HandedIn

    Raises
    ------
    Unreadable
        If it is no notebook of the course; the text says why.
    """
    cells = _cells(path)
    number = _number(path, cells)
    student, is_named = _student(path, folder, number)
    found = HandedIn(path, student, number, dict.fromkeys(exercises_of(number), NOT_RUN))
    texts = [text for *_, outputs in cells for text in outputs]
    for text in texts:
        verdict = _VERDICT.match(text)
        if verdict and verdict[1] in found.states:
            key = verdict[1]
            found.states[key] = verdict[2]
            mistake = _mistake(key, text)
            if mistake:
                found.mistakes.append((key, mistake))
    found.guesses = dict(_guesses(number, texts))
    if not is_named:
        found.notes.append(f"renamed: by its exercises it is {LESSONS[number][1:]}")
    if not any(count for _, count, _ in cells):
        found.notes.append("not executed: it stores no output of its own")
    elif NOT_RUN in found.states.values():
        keys = [key for key, state in found.states.items() if state == NOT_RUN]
        found.notes.append(f"no verdict stored of {', '.join(keys)}: the cell was not run, or is gone")
    return found


def read_folder(folder):
    """Read every notebook below a folder.

    Parameters
    ----------
    folder : pathlib.Path

    Returns
    -------
    (list of HandedIn, list of (pathlib.Path, str))
        What was read, one for each student and notebook; and what is to be said of files.

    Raises
    ------
    ValueError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise ValueError(f"folder is {str(folder)!r}; expected a folder with notebooks that were handed in")
    read, notes = {}, []
    paths = sorted(p for p in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    for path in paths:
        try:
            found = read_notebook(path, folder)
        except Unreadable as error:
            notes.append((path, str(error)))
            continue
        notes += [(path, note) for note in found.notes]
        first = read.setdefault((found.student, found.number), found)
        if first is not found:
            notes.append((path, f"{found.student} handed this notebook in before; the better verdict of each counts"))
            _merge(first, found)
    if not paths:
        notes.append((folder, "holds no notebook (.ipynb)"))
    return list(read.values()), notes


def _merge(first, other):
    """Take over from another file of the same student what is better, or new."""
    for key, state in other.states.items():
        first.states[key] = max(first.states[key], state, key=ORDER.index)
    first.mistakes = list(dict.fromkeys([*first.mistakes, *other.mistakes]))
    first.guesses = {**other.guesses, **first.guesses}
