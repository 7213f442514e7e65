"""Tables in files, wherever they come from: opening them, and their lines one by one.

What cannot be read is said by name, what is another kind of file by its kind, and what is wrong in a csv by file, line
and column. ``expected`` is what the reader wants, as its messages end.
"""

import bz2
import codecs
import contextlib
import csv
import gzip
import io
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib

import numpy as np

_CHUNK_BYTES = 4_000_000
_MAX_LINE_BYTES = 16_000_000  # a file without line ends would be read whole
_HEAD_BYTES = 65_536  # of the text, to see how its lines end; and a header is shorter

PACKED = {b"\x1f\x8b": (gzip.open, ".gz"), b"BZh": (bz2.open, ".bz2"), b"\xfd7zXZ\0": (lzma.open, ".xz")}
_OTHER_KINDS = {
    b"\x28\xb5\x2f\xfd": "packed by zstd", b"Rar!": "a RAR archive", b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (.xls)", b"PAR1": "a Parquet file", b"%PDF": "a PDF",
    b"version https://git-lfs": "a pointer to the file in Git LFS", b"<": "a page of the web (HTML)",
    b"L\0\0\0\x01\x14\x02\0": "a shortcut of Windows (.lnk)", b"book\0\0\0\0": "an alias of macOS",
}  # fmt: skip
_UNREADABLE = (
    OSError, EOFError, NotImplementedError, RuntimeError, UnicodeError, struct.error, OverflowError,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
_MAX_WHOLE = 2**63 - 1
_WHOLE = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_GOOD_FIELD = re.compile(r'("([^"]|"")*"|[^",][^,]*|),')


@contextlib.contextmanager
def readable(source, expected):
    """Turn every way in which reading can fail into a ValueError that names the file."""
    try:
        yield
    except _UNREADABLE as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"path: {source} cannot be read ({reason}); expected {expected}") from error


class _Lines:
    """A stream whose lines end in a carriage return alone, as one whose lines end in a line feed."""

    def __init__(self, stream):
        self._stream = stream

    def read(self, size):
        return self._stream.read(size).replace(b"\r", b"\n")


def as_file_name(path, expected):
    """Return a path as text, with ~ for the home folder."""
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"path = {path!r}; expected {expected}, as a str or a path")
    path = os.fsdecode(path)
    if "\0" in path:
        raise ValueError(f"path = {path!r} does not exist; expected {expected}")
    return os.path.expanduser(path)


def check_place(path, expected):
    """Say whether a path is a folder; refuse what is not there, leads nowhere, may not be seen or is no file either."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            raise ValueError(
                f"path: {path} is a link to {os.readlink(path)!r}, which does not exist; expected {expected}"
            ) from None
        raise ValueError(f"path = {path!r} does not exist; expected {expected}") from None
    except OSError as error:
        raise ValueError(f"path: {path} cannot be read ({error.strerror}); expected {expected}") from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe could block for ever
        raise ValueError(f"path: {path} is not a regular file; expected {expected}")
    return stat.S_ISDIR(mode)


def open_text(stack, opened, source, expected):
    """Return a stream of text: unpacked if need be, with line feeds; refuse what is another kind of file."""
    with readable(source, expected):
        start = opened.read(32)
        opened.seek(0)
        for magic, (unpack, ending) in PACKED.items():
            if start.startswith(magic):
                opened = stack.enter_context(unpack(opened))
                source = f"{source}, unpacked as {ending}"
        head = opened.read(_HEAD_BYTES)
        opened.seek(0)
    kind = next((kind for magic, kind in _OTHER_KINDS.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is not None:
        raise ValueError(f"path: {source} is {kind}; expected the csv itself: {expected}")
    return _Lines(opened) if b"\r" in head and b"\n" not in head else opened, source


def show(value):
    """Return the repr of a text from the file, short enough for a message."""
    return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"


def whole_of(text):
    """Return the whole number that a text of digits is, or None: it is something else, or beyond an int64."""
    digits = text.lstrip("0") or text[:1]
    # its length first: Python refuses to convert a text of thousands of digits
    if not _WHOLE.fullmatch(digits) or len(digits) > 19 or int(digits) > _MAX_WHOLE:
        return None
    return int(digits)


def number_of(text):
    """Return the number that a text is, without spaces or underscores, or NaN."""
    return float(text) if _NUMBER.fullmatch(text) else float("nan")


def refuse_cell(source, line, column, problem, expected):
    """Raise for one cell of a csv."""
    raise ValueError(f"path: {source}, line {line}, column {column} {problem}; expected {expected}")


def blocks(stream, source, expected):
    """Yield (number of its first line, block of whole lines); every line has its line end."""
    line, rest = 1, b""
    while True:
        with readable(source, expected):
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


def fields(raw, line, source, columns=None):
    """Return the decoded fields of one line; ``columns`` is None in the header, where they have no names yet."""

    def name(index):
        return f"number {index + 1}" if columns is None else columns[min(index, len(columns) - 1)]

    text = raw.decode("utf-8", "surrogateescape")
    try:
        found = next(csv.reader([text], strict=True)) if '"' in text else text.split(",")
    except csv.Error as error:
        good = at = 0
        while match := _GOOD_FIELD.match(text, at):
            good, at = good + 1, match.end()
        refuse_cell(source, line, name(good), f"is not csv ({error})", "a field whose quotes end on the same line")
    for index, field in enumerate(found):
        try:
            field.encode("utf-8")
        except UnicodeEncodeError:  # a byte that is not UTF-8 was decoded as a lone surrogate
            refuse_cell(source, line, name(index), "has bytes that are not UTF-8", "a text file in UTF-8")
    if columns is not None and len(found) != len(columns):
        short = len(found) < len(columns)
        problem = "is missing" if short else "is not the last"
        problem += f": the line has {len(found)} field{'s' * (len(found) != 1)}"
        refuse_cell(source, line, name(len(found)), problem, f"{len(columns)}, as many as the header")
    return found


def read_header(raw, source, needed, optional=()):
    """Return the names of the columns: those needed once, the optional ones at most once, others as they come."""
    columns = fields(raw.removesuffix(b"\r"), 1, source)
    for name in (*needed, *optional):
        times = columns.count(name)
        if times == 0 and name in needed:
            problem = f"is missing from the header {show(','.join(columns))}"
            refuse_cell(source, 1, name, problem, f"a header with {', '.join(needed)}, each once")
        if times > 1:
            refuse_cell(source, 1, name, f"is there {times} times", f"a header with {', '.join(needed)}, each once")
    return columns


def rows(stream, source, needed, optional, expected):
    """Yield the header's columns, and then (line, fields) for each row. Blank lines may only end the file."""
    columns, blank, n_rows = None, 0, 0
    for line, block in blocks(stream, source, expected):
        for number, raw in enumerate(block[:-1].split(b"\n"), line):
            if columns is None:
                columns = read_header(raw.removeprefix(codecs.BOM_UTF8), source, needed, optional)
                yield columns
                continue
            raw = raw.removesuffix(b"\r")
            if not raw.strip():
                blank = blank or number
                continue
            if blank:
                problem = "is missing: the line is blank"
                refuse_cell(source, blank, columns[0], problem, "no blank line before the last row")
            yield number, fields(raw, number, source, columns)
            n_rows += 1
    if columns is None:
        refuse_cell(source, 1, needed[0], "is missing: the file is empty", f"a header with {', '.join(needed)}")
    if n_rows == 0:
        refuse_cell(source, 2, columns[0], "is missing: the file ends after its header", "at least one row")


def npy_array(data, name, kinds="fiu"):
    """Return the array of an .npy file's bytes, whose header says no more than they hold. No pickle is read."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"{name} is in another format {version}")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in kinds:
        raise ValueError(f"{name} has dtype {dtype}")
    if dtype.itemsize * int(np.prod(shape, dtype=object)) != len(data) - file.tell():
        raise ValueError(f"{name} has {len(data)} bytes, for shape {shape}")
    return np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
