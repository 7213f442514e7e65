"""Reading KuaiRec's csv from a stream, which ``kuairec_place`` opens.

What is wrong with a file is said by file, line and column. Well-formed blocks are read quickly, the others line by
line.
"""

import codecs

import numpy as np

from capg_core._table import blocks, fields, number_of, read_header, refuse_cell, show, whole_of
from capg_core.worlds.kuairec_place import EXPECTED, FILE

_NEEDED = ("user_id", "video_id", "watch_ratio")

_MAX_WIDTH = 64  # characters of a number that the fast reader takes
# NumPy's own conversion also takes spaces and underscores, so the characters are checked first.
_DIGITS = np.isin(np.arange(256), list(b"0123456789"))
_NUMERIC = np.isin(np.arange(256), list(b"0123456789+-.eE"))

# As many lines, with the header, as spreadsheets keep of a longer file: of today, and the old ones.
_SPREADSHEET_LINES = (1_048_576, 65_536)


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
            refuse_cell(source, blank, columns[0], "is missing: the line is blank", "no blank line before the last row")
        found = fields(raw, number, source, columns)
        for index, ids in ((user, users), (video, videos)):
            ids.append(whole_of(found[index]))
            if ids[-1] is None:
                expected = "a whole number of at least 0, below 2^63, in digits alone (14, not 14.0)"
                refuse_cell(source, number, columns[index], f"= {show(found[index])}", expected)
        value = number_of(found[ratio])
        if not 0.0 <= value < np.inf:
            expected = "a finite number of at least 0, without spaces"
            refuse_cell(source, number, columns[ratio], f"= {show(found[ratio])}", expected)
        ratios.append(value)
    return (np.array(users, np.int64), np.array(videos, np.int64), np.array(ratios, np.float64)), blank


def read_rows(stream, source):
    """Return the rows as a list of (users, videos, ratios), one for each block; refuse a file that was cut."""
    parts, columns, blank = [], None, 0
    for line, block in blocks(stream, source, EXPECTED):
        if columns is None:
            head, block = block.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)
            columns, line = read_header(head, source, _NEEDED), line + 1
        if not block:
            continue
        part = None if blank else _parse_fast(block, columns)
        if part is None:
            part, blank = _parse_lines(block, line, blank, columns, source)
        if part[0].size:
            parts.append(part)
    if columns is None:
        refuse_cell(source, 1, _NEEDED[0], "is missing: the file is empty", f"a header with {', '.join(_NEEDED)}")
    if not parts:
        refuse_cell(source, 2, columns[0], "is missing: the file ends after its header", "at least one row")
    n_lines = 1 + sum(part[0].size for part in parts)
    if n_lines in _SPREADSHEET_LINES:
        raise ValueError(
            f"path: {source} has {n_lines:,} lines, which is where a spreadsheet cuts a file, so the rest is missing; "
            f"expected the {FILE} that was downloaded, not one that a spreadsheet saved"
        )
    return parts
