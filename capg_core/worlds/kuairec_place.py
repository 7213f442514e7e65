"""Finding and opening KuaiRec's csv, wherever it is: a file, packed or not, or a folder or zip that holds it.

Links are followed. What cannot be read is said by name, and what is another kind of file by its kind.
"""

import bz2
import contextlib
import gzip
import lzma
import os
import stat
import struct
import zipfile
import zlib

FILE = "small_matrix.csv"
_EXPECTED = f"a {FILE} of KuaiRec, a folder that holds one, or a zip that holds one"
_FOLDER_LEVELS = 3  # "KuaiRec 2.0/data" is two levels down; one more for the folder that the user unpacked into
_HEAD_BYTES = 65_536  # of the text, to see how its lines end; and a header is shorter

_PACKED = {b"\x1f\x8b": (gzip.open, ".gz"), b"BZh": (bz2.open, ".bz2"), b"\xfd7zXZ\0": (lzma.open, ".xz")}
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


@contextlib.contextmanager
def readable(source):
    """Turn every way in which reading can fail into a ValueError that names the file."""
    try:
        yield
    except _UNREADABLE as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"path: {source} cannot be read ({reason}); expected {_EXPECTED}") from error


class _Lines:
    """A stream whose lines end in a carriage return alone, as one whose lines end in a line feed."""

    def __init__(self, stream):
        self._stream = stream

    def read(self, size):
        return self._stream.read(size).replace(b"\r", b"\n")


def _the_one(found, path, place):
    """Return the only thing found."""
    if not found:
        raise ValueError(f"path = {path!r}: there is no {FILE} {place}; expected {_EXPECTED}")
    if len(found) > 1:
        raise ValueError(f"path = {path!r} holds {len(found)} files: {', '.join(found)}; expected only one {FILE}")
    return found[0]


def _entries(folder, locked):
    """Return the entries of a folder by name; of one that cannot be read, ``locked`` gets name and reason."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        locked.append(f"{folder} cannot be read ({error.strerror or error})")
        return []


def _is_folder(entry):
    try:
        return entry.is_dir()  # a link to a folder is one
    except OSError:
        return False


def _search(folder):
    """
    Return (files, unreadable folders) of a folder, at most _FOLDER_LEVELS down, links followed.

    A file or folder that is reached in two ways counts once, in the shorter way: links can lead in a circle. A packed
    file counts if there is no other.
    """
    found, packed, locked = {}, {}, []
    seen, level = {os.path.realpath(folder)}, [folder]
    names = {FILE + ending: packed for _, ending in _PACKED.values()} | {FILE: found}
    for _ in range(_FOLDER_LEVELS + 1):
        below = []
        for entry in (entry for here in level for entry in _entries(here, locked)):
            real = os.path.realpath(entry.path)
            if _is_folder(entry):
                # The archiver of macOS leaves a shadow of each file in __MACOSX.
                if entry.name != "__MACOSX" and real not in seen:
                    below.append(entry.path)
                    seen.add(real)
            elif entry.name in names:
                names[entry.name].setdefault(real, entry.path)
        level = below
    return list((found or packed).values()), locked


def _in_folder(folder):
    """Return the only file in a folder."""
    found, locked = _search(folder)
    if not found and locked:
        raise ValueError(
            f"path = {folder!r}: the folder {locked[0]}, and elsewhere there is no {FILE}; expected {_EXPECTED}"
        )
    return _the_one(found, folder, f"in this folder, down to {_FOLDER_LEVELS} levels below it")


def _in_zip(archive):
    """Return every small_matrix.csv in a zip as a dict from a name to the entry; a repeated name gets a number."""
    found = {}
    for entry in archive.infolist():
        *folders, name = entry.filename.replace("\\", "/").split("/")  # some archivers of Windows write backslashes
        if name == FILE and "__MACOSX" not in folders:
            again = f" (entry {len(found) + 1})" if repr(entry.filename) in found else ""
            found[repr(entry.filename) + again] = entry
    return found


def _check_place(path):
    """Say whether a path is a folder; refuse what is not there, leads nowhere, may not be seen or is no file either."""
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            raise ValueError(
                f"path: {path} is a link to {os.readlink(path)!r}, which does not exist; expected {_EXPECTED}"
            ) from None
        raise ValueError(f"path = {path!r} does not exist; expected {_EXPECTED}") from None
    except OSError as error:
        raise ValueError(f"path: {path} cannot be read ({error.strerror}); expected {_EXPECTED}") from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a pipe could block for ever
        raise ValueError(f"path: {path} is not a regular file; expected {_EXPECTED}")
    return stat.S_ISDIR(mode)


def _open_text(stack, opened, source):
    """Return a stream of text: unpacked if need be, with line feeds; refuse what is another kind of file."""
    with readable(source):
        start = opened.read(32)
        opened.seek(0)
        for magic, (unpack, ending) in _PACKED.items():
            if start.startswith(magic):
                opened = stack.enter_context(unpack(opened))
                source = f"{source}, unpacked as {ending}"
        head = opened.read(_HEAD_BYTES)
        opened.seek(0)
    kind = next((kind for magic, kind in _OTHER_KINDS.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is not None:
        raise ValueError(f"path: {source} is {kind}; expected the csv itself: {_EXPECTED}")
    return _Lines(opened) if b"\r" in head and b"\n" not in head else opened, source


@contextlib.contextmanager
def open_csv(path):
    """Yield the csv as a stream of bytes, and its name for messages."""
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"path = {path!r}; expected {_EXPECTED}, as a str or a path")
    path = os.fsdecode(path)
    if "\0" in path:
        raise ValueError(f"path = {path!r} does not exist; expected {_EXPECTED}")
    path = file = os.path.expanduser(path)
    if _check_place(path):
        file = _in_folder(path)
        _check_place(file)
    with contextlib.ExitStack() as stack:
        with readable(file):
            stream = stack.enter_context(open(file, "rb"))
            start = stream.read(4)
            stream.seek(0)
        source = file
        if start in (b"PK\x03\x04", b"PK\x05\x06") or file.lower().endswith(".zip"):
            with readable(file):
                archive = stack.enter_context(zipfile.ZipFile(stream))
            if "xl/workbook.xml" in archive.namelist():
                raise ValueError(f"path: {file} is a spreadsheet (.xlsx); expected the csv itself: {_EXPECTED}")
            entries = _in_zip(archive)
            member = _the_one(list(entries), path, "in this zip")
            source = f"{file}, member {member}"
            with readable(source):
                stream = stack.enter_context(archive.open(entries[member]))
        yield _open_text(stack, stream, source)
