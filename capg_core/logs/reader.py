"""Reading a log from a flat table: a csv with a line per record, or an .npz with an array per column.

What is wrong with a file is said by file, line, column and value, or by file, array and record.
"""

import contextlib
import os
import zipfile

import numpy as np

from capg_core._checks import said
from capg_core._table import (
    as_file_name,
    check_place,
    npy_array,
    number_of,
    open_text,
    readable,
    refuse_cell,
    rows,
    show,
    whole_of,
)
from capg_core._types import ArrayLike
from capg_core.logs.log import Log, as_context_logits
from capg_core.logs.records import first_fault

_NEEDED, _OPTIONAL = ("context", "shown", "reward"), ("candidates", "id")
_EXPECTED = "a log: a .csv with the columns context, shown, reward, or an .npz with arrays of these names and logits"
_LOGITS = "the logging policy's logits: an array (contexts, n), or the name of an .npy or .npz file that has them"
_NPY, _ZIP = b"\x93NUMPY", (b"PK\x03\x04", b"PK\x05\x06")
_LARGEST = 1e100  # a reward beyond has a square that is no double


@contextlib.contextmanager
def _opened(path, expected):
    """Yield (stream, its first bytes, name for messages) of a file."""
    path = as_file_name(path, expected)
    if check_place(path, expected):
        raise ValueError(f"path = {path!r} is a folder; expected {expected}")
    with contextlib.ExitStack() as stack:
        with readable(path, expected):
            stream = stack.enter_context(open(path, "rb"))
            start = stream.read(6)
            stream.seek(0)
        yield stream, start, path


def _members(stream, source, names, expected):
    """Return the arrays of an .npz that have these names, as a dict."""
    arrays, at = {}, source
    try:
        with zipfile.ZipFile(stream) as archive:
            present = set(archive.namelist())
            for entry in archive.infolist():
                archive.open(entry).close()  # a damaged name, which would hide an array, is not the one in its header
            for name in names:
                if f"{name}.npy" in present:
                    at = f"{source}, array {name}"
                    kinds = "iuU" if name == "id" else "fiu"
                    arrays[name] = npy_array(archive.read(f"{name}.npy"), name, kinds)
    # a damaged file can make the reader fail in any way, from zipfile's own errors to a lack of memory
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise ValueError(f"path: {at} cannot be read ({why}); expected {expected}") from error
    if "xl/workbook.xml" in present:
        raise ValueError(f"path: {source} is a spreadsheet (.xlsx); expected {expected}")
    return arrays


def _load_logits(logits):
    """Return logits from an array or from the file that is named."""
    if not isinstance(logits, (str, os.PathLike)):
        return logits
    try:
        with _opened(logits, _LOGITS) as (stream, start, source):
            if start[:4] in _ZIP:
                arrays = _members(stream, source, ["logits"], _LOGITS)
                if not arrays:
                    raise ValueError(f"path: {source} has no array logits; expected {_LOGITS}")
                return arrays["logits"]
            if start != _NPY:
                raise ValueError(f"path: {source} is no file of NumPy's; expected {_LOGITS}")
            try:
                return npy_array(stream.read(), "it")
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
                raise ValueError(f"path: {source} cannot be read ({why}); expected {_LOGITS}") from error
    except ValueError as error:
        raise ValueError(f"logits, {error}") from error


def _items(text, n_items):
    """Return the items that a cell of candidates lists, or None."""
    items = [whole_of(part) for part in text.split(" ")]
    return items if all(item is not None and item < n_items for item in items) else None


def _csv_columns(stream, source, n_contexts, n_items):
    """Return (context, shown, reward, candidates or None) of a csv, as lists; refuse the first cell that is wrong."""
    lines = rows(stream, source, _NEEDED, _OPTIONAL, _EXPECTED)
    columns = next(lines)
    at = {name: columns.index(name) for name in (*_NEEDED, *_OPTIONAL) if name in columns}
    context, shown, reward, candidates, known = [], [], [], [], {}
    for line, found in lines:

        def refuse(name, expected, line=line, found=found):
            refuse_cell(source, line, name, f"= {show(found[at[name]])}", expected)

        for name, numbers, n in (("context", context, n_contexts), ("shown", shown, n_items)):
            numbers.append(whole_of(found[at[name]]))
            if numbers[-1] is None or numbers[-1] >= n:
                refuse(name, f"a whole number in 0 … {n - 1}, in digits alone (14, not 14.0)")
        reward.append(number_of(found[at["reward"]]))
        if not -_LARGEST <= reward[-1] <= _LARGEST:
            refuse("reward", f"a finite number of size at most {_LARGEST:g}, without spaces")
        if "candidates" in at:
            candidates.append(_items(found[at["candidates"]], n_items))
            if candidates[-1] is None:
                refuse("candidates", f"items in 0 … {n_items - 1}, with one space between them")
            if len(candidates[-1]) != len(candidates[0]):
                refuse("candidates", f"as many items as on line 2, {len(candidates[0])}")
        if "id" in at and known.setdefault(found[at["id"]], line) != line:
            refuse("id", f"each record once: line {known[found[at['id']]]} has this id already")
    return context, shown, reward, candidates or None


def _read_csv(stream, path, logits):
    if logits is None:
        raise ValueError(f"logits = None; expected {_LOGITS}, because a csv holds none")
    logits = as_context_logits(_load_logits(logits))
    with contextlib.ExitStack() as stack:
        text, source = open_text(stack, stream, path, _EXPECTED)
        context, shown, reward, candidates = _csv_columns(text, source, *logits.shape)
    shown, candidates = np.array(shown), None if candidates is None else np.array(candidates)
    of_record = np.array(context)[:, None]
    fault = first_fault(shown, candidates, lambda items: np.isfinite(logits[of_record, items]))
    if fault is not None:
        field, record, value, expected = fault
        # the header is line 1, and no line before the last record is blank
        refuse_cell(source, record + 2, field, f"has {value}", expected)
    return Log(context, shown, reward, logits, candidates)


def _read_npz(stream, source, logits):
    arrays = _members(stream, source, (*_NEEDED, "logits", *_OPTIONAL), _EXPECTED)
    if "logits" in arrays and logits is not None:
        raise ValueError(f"logits is given, and path: {source} has an array logits too; expected one of them")
    arrays.setdefault("logits", _load_logits(logits))
    if arrays["logits"] is None:
        raise ValueError(f"logits = None, and path: {source} has no array logits; expected {_LOGITS}")
    missing = [name for name in _NEEDED if name not in arrays]
    if missing:
        raise ValueError(f"path: {source} has no array {missing[0]}; expected {_EXPECTED}")
    ids = arrays.pop("id", None)
    if logits is not None:  # what is wrong with these is not the file's fault
        arrays["logits"] = as_context_logits(arrays["logits"])
    try:
        log = Log(**arrays)
        if ids is not None:
            _check_ids(ids, log.shown.size)
    except ValueError as error:
        raise ValueError(f"path: {source}, {error}") from error
    return log


def _check_ids(ids, n_records):
    if ids.shape != (n_records,):
        raise ValueError(f"id has shape {ids.shape}; expected ({n_records},), one for each record")
    _, first, place = np.unique(ids, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[place] != np.arange(n_records))
    if again.size:
        record = int(again[0])
        earlier = int(first[place[record]])
        value = said(ids[record].item())
        raise ValueError(f"id[{record}] = {value}; expected each record once: id[{earlier}] is the same")


def read_log(path: str | os.PathLike[str], logits: ArrayLike | None = None) -> Log:
    """
    Read a log from a csv or an .npz file.

    A csv has a header with the columns ``context``, ``shown`` and ``reward``, in any order, and a line for each record:
    the number of its context, the item shown, its reward. A column ``candidates`` has the candidates in draw order,
    with a space between them ("3 17 5"). A column ``id`` names each record; one that is there twice is refused.
    Without it a repeated line counts as a record of its own. Other columns are ignored. An .npz has an array for each:
    ``context``, ``shown``, ``reward``, ``logits``, and if kept ``candidates`` (N, K) and ``id``.

    Parameters
    ----------
    path : str or os.PathLike
        ~ is the home folder. A csv may be packed as .gz, .bz2 or .xz, and may have any line ends.
    logits : (contexts, n) array_like, str or os.PathLike, optional
        The logging policy's logits of each context, or the .npy or .npz file that has them. Needed unless an .npz
        holds them. Those of a `TwoTower` with one expert are ``model.logits(range(model.n_users))[0]``.

    Returns
    -------
    Log

    Raises
    ------
    ValueError
        If a file is not there, cannot be read or is of another kind; for a malformed line, by file, line (the header is
        line 1) and column; for a record that the logging policy cannot have made; for a repeated id. No pickle is read.

    Notes
    -----
    A csv is read line by line, at some 3 µs for each cell; a log of many millions of records is better kept as .npz.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import capg_core as capg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "log.csv")
    ...     _ = file.write_text("context,shown,reward,candidates\\n0,2,1.0,2 0\\n1,0,0.5,1 0\\n")
    ...     log = capg.read_log(file, [[0.0, 1.0, 2.0], [1.0, 1.0, 0.0]])
    >>> log.shown.tolist(), log.reward.tolist(), log.candidates.tolist()
    ([2, 0], [1.0, 0.5], [[2, 0], [1, 0]])
    """
    with _opened(path, _EXPECTED) as (stream, start, source):
        if start[:4] in _ZIP:
            return _read_npz(stream, source, logits)
        if start == _NPY:
            raise ValueError(f"path: {source} is a single array (.npy); expected {_EXPECTED}")
        return _read_csv(stream, source, logits)
