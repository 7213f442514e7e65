"""The rows of the results file: their text, and the judgement which of them are a finished run.

A run is finished if the file has a row for each of its steps, in whatever order. People sort, join and edit such files
in other programs, so nothing is assumed of the order of rows or columns, of line ends or of quotes. What cannot be used
comes back with the reason; it is never guessed.
"""

import codecs
import csv
import functools
import math
import re
from dataclasses import dataclass, field

from capg_core.reproduce.jobs import read_key

COLUMNS = (
    "job", "experiments", "world", "estimator", "marginal", "baseline", "k", "n_experts", "n_outputs", "late_stage",
    "learning_rate", "n_steps", "seed", "step", "seconds", "policy_value", "optimal_value", "uniform_value",
)  # fmt: skip
HEADER = ",".join(COLUMNS)
_OF_JOB = COLUMNS[2:13]
_VALUES = ("policy_value", "optimal_value", "uniform_value")
_LEFT = "It is left as it is: repair it, or choose another folder"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAMES = re.compile(r"([a-z-]+( [a-z-]+)*)?")
_ROUNDING = 1e-9
_SHOWN = 6  # runs named in a message


@dataclass
class Found:
    """
    What a results file holds.

    Attributes
    ----------
    rows : dict
        From a finished job's key to its rows, by step; each is a dict with the names of `COLUMNS`.
    aside : list of (str, str, list of str)
        What cannot be used: the run or the line, why, and the line's fields.
    repeated : int
        How many lines say again what another line says.
    """

    rows: dict = field(default_factory=dict)
    aside: list = field(default_factory=list)
    repeated: int = 0


def as_line(row):
    """Return a row as a line; a float is written so that reading it gives the same one."""
    row = row | {"seconds": f"{row['seconds']:.3f}"}
    return ",".join(str(row[name]) for name in COLUMNS)


def as_bytes(rows, keys):
    """Return the file with the rows of some jobs."""
    return "\n".join([HEADER, *(as_line(row) for key in keys for row in rows[key]), ""]).encode()


def _fields(line):
    """Return the fields of a line of csv; one field, the line itself, if its quotes are wrong."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        return [line]


def _order(line, path):
    """Return the columns in the order of a header."""
    names = _fields(line)
    if sorted(names) == sorted(COLUMNS):
        return names
    for mark in (";", "\t"):
        if sorted(line.replace('"', "").split(mark)) == sorted(COLUMNS):
            raise ValueError(f"{path!r} has its fields separated by {mark!r}; expected ','. {_LEFT}")
    missing = [name for name in COLUMNS if name not in names]
    others = [name[:60] for name in names if name not in COLUMNS]
    differences = [f"{', '.join(map(repr, missing))} missing"] * bool(missing)
    differences += [f"{', '.join(map(repr, others))} not expected"] * bool(others)
    differences += ["a column repeated"] * (not differences)
    raise ValueError(f"{path!r} has another header: {'; '.join(differences)}; expected {HEADER!r}. {_LEFT}")


def _lines(data, path):
    """Return the header of a file, its other lines with their numbers, and in a list of its own one without an end."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError(f"{path!r} is text in UTF-16; expected UTF-8. {_LEFT}")
    # a loss of power can leave zeros at the end
    text = data.decode("utf-8-sig", "surrogateescape").rstrip("\0")
    header, *lines = re.split(r"\r\n|\r|\n", text)
    if not lines and header != HEADER and HEADER.startswith(header):
        raise ValueError(
            f"{path!r} is cut: it ends inside its header, after {len(header)} of {len(HEADER)} characters, and holds "
            "no results. Copy it here again, or delete it to begin anew"
        )
    numbered = [(number, line) for number, line in enumerate(lines, 2) if line.strip(", \0")]
    tail = numbered[-1:] if lines and lines[-1].strip(", \0") else []
    return header, numbered[: len(numbered) - len(tail)], tail


def _number(text, name):
    value = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"{name} = {text[:60]!r}; expected a finite number")
    return value


@functools.lru_cache(maxsize=4096)
def _job(key):
    """Return (job, its steps) of a key, or None."""
    job = read_key(key)
    return None if job is None else (job, frozenset(job.steps))


def _read_row(fields, columns):
    """Return a row with typed values; a ValueError says why it is none."""
    if len(fields) != len(columns):
        raise ValueError(f"it has {len(fields)} field{'s' * (len(fields) != 1)}; expected {len(columns)}")
    given = dict(zip(columns, fields, strict=True))
    if (found := _job(given["job"])) is None:
        raise ValueError(f"job = {given['job'][:60]!r}; expected the name of a run")
    job, steps = found
    row = {"job": job.key, "experiments": given["experiments"]}
    if not _NAMES.fullmatch(row["experiments"]):
        raise ValueError(f"experiments = {row['experiments'][:60]!r}; expected names with spaces between")
    for name in _OF_JOB:
        row[name], text = getattr(job, name), given[name]
        if isinstance(row[name], str):
            same = row[name] == text
        else:  # a key has six digits of a rate
            same = math.isclose(_number(text, name), row[name], rel_tol=1e-5 if name == "learning_rate" else 0.0)
        if not same:
            raise ValueError(f"{name} = {text[:60]!r} contradicts the run's name {job.key}")
    step = _number(given["step"], "step")
    if step not in steps:
        raise ValueError(f"step = {given['step'][:60]!r}; the run {job.key} has no such step")
    row["step"] = int(step)
    return row | {name: _number(given[name], name) for name in ("seconds", *_VALUES)}


def _numbers(row):
    return row["step"], row["seconds"], *(row[name] for name in _VALUES)


def _agree(row, other, names):
    """Say whether two rows have the same numbers but for what two machines round differently."""
    return all(math.isclose(row[name], other[name], rel_tol=_ROUNDING, abs_tol=_ROUNDING) for name in names)


def _curves(rows):
    """Return the whole and broken-off curves that stand one after the other, or none if their rows are mixed."""
    steps = sorted(_job(rows[0]["job"])[1])
    curves = []
    for row in rows:
        if row["step"] == steps[0]:
            curves.append([])
        if not curves or len(curves[-1]) == len(steps) or steps[len(curves[-1])] != row["step"]:
            return []
        curves[-1].append(row)
    return [curve for curve in curves if len(curve) == len(steps)]


def _choose(rows):
    """
    Return the rows of one job that are its curve, by step; a ValueError says why there is none.

    Of two curves the first whole one counts. Rows of two that are mixed are told apart by nothing, unless they agree.
    """
    distinct = {_numbers(row): row for row in rows}.values()
    steps = _job(rows[0]["job"])[1]
    chosen = {}
    for row in distinct:
        chosen.setdefault(row["step"], row)
    if len(chosen) < len(distinct):
        if curves := _curves(rows):
            chosen = {row["step"]: row for row in curves[0]}
        elif not all(_agree(row, chosen[row["step"]], _VALUES) for row in distinct):
            raise ValueError("it has rows that contradict each other, as of two runs that are mixed")
    if missing := sorted(steps - chosen.keys()):
        raise ValueError(f"{len(missing)} of its {len(steps)} steps missing: the first is step {missing[0]}")
    first = next(iter(chosen.values()))
    if not all(_agree(row, first, _VALUES[1:]) for row in chosen.values()):
        raise ValueError("its rows contradict each other about optimal_value or uniform_value")
    return [chosen[step] for step in sorted(steps)]


def _judge(found, of_job):
    """Put each job's rows where they belong; ``of_job`` is from a key to [(row, fields)]."""
    for key, got in of_job.items():
        try:
            chosen = _choose([row for row, _ in got])
            why = "it is there more than once, with other numbers: one whole curve of it is kept"
        except ValueError as error:
            chosen, why = [], str(error)
        kept = {_numbers(row) for row in chosen}
        unused = {_numbers(row): fields for row, fields in got if _numbers(row) not in kept}
        found.aside += [(key, why, fields) for fields in unused.values()]
        found.repeated += len(got) - len(chosen) - len(unused)
        if chosen:
            names = " ".join(sorted({name for row, _ in got for name in row["experiments"].split()}))
            found.rows[key] = [row | {"experiments": names} for row in chosen]


def _arranged(fields, columns):
    """Return fields in the order of `COLUMNS`, where each has its column."""
    if len(fields) != len(columns):
        return fields
    given = dict(zip(columns, fields, strict=True))
    return [given[name] for name in COLUMNS]


def _take(lines, columns, found, of_job):
    """Sort lines into ``of_job`` and what is set aside of ``found``; return the columns of the last one."""
    for number, line in lines:
        fields = _fields(line)
        if sorted(fields) == sorted(COLUMNS):  # files that were joined with their headers
            columns = fields
            found.repeated += 1
            continue
        try:
            row = _read_row(fields, columns)
        except ValueError as error:
            found.aside.append((f"line {number}", str(error), _arranged(fields, columns)))
        else:
            of_job.setdefault(row["job"], []).append((row, _arranged(fields, columns)))
    return columns


def _take_tail(tail, columns, found, of_job):
    """Sort a line without an end, where its last number may be cut: one that all rows of its run share shows it."""
    mine, last = {}, columns[-1]
    _take(tail, columns, found, mine)
    for key, [(row, fields)] in mine.items():
        shared = [other[last] for other, _ in of_job.get(key, []) if last in _VALUES[1:]]
        if row[last] in shared:
            of_job[key].append((row, fields))
        else:
            found.aside.append((f"line {tail[0][0]}", f"it has no end, so that its {last} may be cut", fields))


def read(data, path):
    """
    Read and judge the content of a results file.

    Parameters
    ----------
    data : bytes
    path : str
        For messages.

    Returns
    -------
    Found

    Raises
    ------
    ValueError
        If the file is not one of results: the message says in what it differs.
    """
    found, of_job = Found(), {}
    header, lines, tail = _lines(data, path)
    columns = _take(lines, _order(header, path), found, of_job)
    if found.aside and not of_job:
        place, why, _ = found.aside[0]
        raise ValueError(f"{path!r} has no row that can be read; {place}: {why}. {_LEFT}")
    _take_tail(tail, columns, found, of_job)
    _judge(found, of_job)
    return found


def as_notes(found, file, aside_file):
    """
    Say what was not as a run leaves it.

    Parameters
    ----------
    found : Found
    file, aside_file : str
        The file that was read, and the one where its unusable lines are now.

    Returns
    -------
    list of str
    """
    notes, reasons = [], {}
    if found.repeated:
        notes.append(f"{file}: left out {found.repeated} line{'s' * (found.repeated > 1)} that another line repeats")
    for place, why, _ in found.aside:
        reasons.setdefault((place, why), []).append(place)
    if reasons:
        many = len(found.aside) > 1
        lines = f"{len(found.aside)} line{'s' * many} cannot be used, and {'are' if many else 'is'}"
        notes.append(f"{file}: {lines} in {aside_file} now:")
        notes += [f"  {place}: {why}" for place, why in list(reasons)[:_SHOWN]]
        notes += [f"  and {len(reasons) - _SHOWN} more"] * (len(reasons) > _SHOWN)
    return notes
