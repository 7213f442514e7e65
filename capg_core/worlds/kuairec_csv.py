"""Reading KuaiRec's csv from a stream, which ``kuairec_place`` opens.

What is wrong with a file is said by file, line and column. Well-formed blocks are read quickly, the others line by
line.
"""

import codecs
import csv
import re

import numpy as np

from capg_core.worlds.kuairec_place import FILE, readable

_NEEDED = ("user_id", "video_id", "watch_ratio")

_CHUNK_BYTES = 4_000_000
_MAX_LINE_BYTES = 16_000_000  # a file without line ends would be read whole
_MAX_WIDTH = 64  # characters of a number that the fast reader takes
_MAX_ID = np.iinfo(np.int64).max

_WHOLE = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_GOOD_FIELD = re.compile(r'("([^"]|"")*"|[^",][^,]*|),')
# NumPy's own conversion also takes spaces and underscores, so the characters are checked first.
_DIGITS = np.isin(np.arange(256), list(b"0123456789"))
_NUMERIC = np.isin(np.arange(256), list(b"0123456789+-.eE"))

# As many lines, with the header, as spreadsheets keep of a longer file: of today, and the old ones.
_SPREADSHEET_LINES = (1_048_576, 65_536)


def _show(value):
    """Return the repr of a text from the file, short enough for a message."""
    return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"


def _refuse(source, line, column, problem, expected):
    raise ValueError(f"path: {source}, line {line}, column {column} {problem}; expected {expected}")


def _blocks(stream, source):
    """Yield (number of its first line, block of whole lines); every line has its line end."""
    line, rest = 1, b""
    while True:
        with readable(source):
            data = stream.read(_CHUNK_BYTES)
        if not data:
            break
        cut = data.rfind(b"\n") + 1
        if cut == 0:
            rest += data
            if len(rest) > _MAX_LINE_BYTES:
                raise ValueError(f"path: {source}, line {line} is longer than {_MAX_LINE_BYTES} bytes; expected csv")
            continue
        block, rest = rest + data[:cut], data[cut:]
        yield line, block
        line += block.count(b"\n")
    if rest:
        yield line, rest + b"\n"


def _fields(raw, line, source, columns=None):
    """Return the decoded fields of one line; ``columns`` is None in the header, where they have no names yet."""

    def name(index):
        return f"number {index + 1}" if columns is None else columns[min(index, len(columns) - 1)]

    text = raw.decode("utf-8", "surrogateescape")
    try:
        fields = next(csv.reader([text], strict=True)) if '"' in text else text.split(",")
    except csv.Error as error:
        good = at = 0
        while match := _GOOD_FIELD.match(text, at):
            good, at = good + 1, match.end()
        _refuse(source, line, name(good), f"is not csv ({error})", "a field whose quotes end on the same line")
    for index, field in enumerate(fields):
        try:
            field.encode("utf-8")
        except UnicodeEncodeError:  # a byte that is not UTF-8 was decoded as a lone surrogate
            _refuse(source, line, name(index), "has bytes that are not UTF-8", "a text file in UTF-8")
    if columns is not None and len(fields) != len(columns):
        short = len(fields) < len(columns)
        problem = "is missing" if short else "is not the last"
        problem += f": the line has {len(fields)} field{'s' * (len(fields) != 1)}"
        _refuse(source, line, name(len(fields)), problem, f"{len(columns)}, as many as the header")
    return fields


def _read_header(raw, source):
    """Return the names of the columns."""
    columns = _fields(raw.removesuffix(b"\r"), 1, source)
    for name in _NEEDED:
        times = columns.count(name)
        if times != 1:
            problem = (
                f"is missing from the header {_show(','.join(columns))}" if times == 0 else f"is there {times} times"
            )
            _refuse(source, 1, name, problem, f"a header with {', '.join(_NEEDED)}, each once")
    return columns


def _parse_fast(block, columns):
    """
    Return (users, videos, ratios) of a block, or None if `_parse_lines` has to look at it.

    What it takes, `_parse_lines` takes too, with the same numbers.
    """
    if b'"' in block:
        return None
    data = np.frombuffer(block + bytes(_MAX_WIDTH), np.uint8)
    ends, commas = np.flatnonzero(data == ord("\n")), np.flatnonzero(data == ord(","))
    if commas.size != ends.size * (len(columns) - 1):
        return None
    stops = np.column_stack((commas.reshape(ends.size, -1), ends))
    if (np.diff(stops.ravel()) <= 0).any():  # one line has too few commas and another too many
        return None
    starts = np.append(0, stops.ravel()[:-1] + 1).reshape(stops.shape)
    stops[:, -1] -= data[ends - 1] == ord("\r")
    part = []
    try:
        block.decode("utf-8")
        for name, allowed, kind in zip(_NEEDED, (_DIGITS, _DIGITS, _NUMERIC), (np.int64, np.int64, float), strict=True):
            column = columns.index(name)
            length = (stops[:, column] - starts[:, column])[:, None]
            width = max(int(length.max()), 1)
            if width > _MAX_WIDTH:
                return None
            text = np.lib.stride_tricks.sliding_window_view(data, width)[starts[:, column]]
            outside = np.arange(width) >= length
            if not (allowed[text] | outside).all():
                return None
            text[outside] = 0
            part.append(text.view(f"S{width}")[:, 0].astype(kind))
    except (ValueError, OverflowError):
        return None
    ratios = part[2]
    return tuple(part) if np.isfinite(ratios).all() and ratios.min() >= 0.0 else None


def _parse_lines(block, line, blank, columns, source):
    """
    Return ((users, videos, ratios), blank) of a block, line by line: slow, and exact about what is wrong and where.

    ``blank`` is the number of the first blank line so far, or 0. Blank lines may only end the file.
    """
    user, video, ratio = (columns.index(name) for name in _NEEDED)
    users, videos, ratios = [], [], []
    for number, raw in enumerate(block[:-1].split(b"\n"), line):
        raw = raw.removesuffix(b"\r")
        if not raw.strip():
            blank = blank or number
            continue
        if blank:
            _refuse(source, blank, columns[0], "is missing: the line is blank", "no blank line before the last row")
        fields = _fields(raw, number, source, columns)
        for index, ids in ((user, users), (video, videos)):
            digits = fields[index].lstrip("0") or fields[index][:1]
            # its length first: Python refuses to convert a text of thousands of digits
            if not _WHOLE.fullmatch(digits) or len(digits) > 19 or int(digits) > _MAX_ID:
                expected = "a whole number of at least 0, below 2^63, in digits alone (14, not 14.0)"
                _refuse(source, number, columns[index], f"= {_show(fields[index])}", expected)
            ids.append(int(digits))
        value = float(fields[ratio]) if _NUMBER.fullmatch(fields[ratio]) else np.nan
        if not 0.0 <= value < np.inf:
            expected = "a finite number of at least 0, without spaces"
            _refuse(source, number, columns[ratio], f"= {_show(fields[ratio])}", expected)
        ratios.append(value)
    return (np.array(users, np.int64), np.array(videos, np.int64), np.array(ratios, np.float64)), blank


def read_rows(stream, source):
    """Return the rows as a list of (users, videos, ratios), one for each block; refuse a file that was cut."""
    parts, columns, blank = [], None, 0
    for line, block in _blocks(stream, source):
        if columns is None:
            head, block = block.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)
            columns, line = _read_header(head, source), line + 1
        if not block:
            continue
        part = None if blank else _parse_fast(block, columns)
        if part is None:
            part, blank = _parse_lines(block, line, blank, columns, source)
        if part[0].size:
            parts.append(part)
    if columns is None:
        _refuse(source, 1, _NEEDED[0], "is missing: the file is empty", f"a header with {', '.join(_NEEDED)}")
    if not parts:
        _refuse(source, 2, columns[0], "is missing: the file ends after its header", "at least one row")
    n_lines = 1 + sum(part[0].size for part in parts)
    if n_lines in _SPREADSHEET_LINES:
        raise ValueError(
            f"path: {source} has {n_lines:,} lines, which is where a spreadsheet cuts a file, so the rest is missing; "
            f"expected the {FILE} that was downloaded, not one that a spreadsheet saved"
        )
    return parts
