"""Finding and opening KuaiRec's csv, wherever it is: a file, packed or not, or a folder or zip that holds it.

Links are followed. What cannot be read is said by name, and what is another kind of file by its kind.
"""

import contextlib
import os
import zipfile

from capg_core._table import PACKED, as_file_name, check_place, open_text, readable

FILE = "small_matrix.csv"
EXPECTED = f"a {FILE} of KuaiRec, a folder that holds one, or a zip that holds one"
_FOLDER_LEVELS = 3  # "KuaiRec 2.0/data" is two levels down; one more for the folder that the user unpacked into


def _the_one(found, path, place):
    """Return the only thing found."""
    if not found:
        raise ValueError(f"path = {path!r}: there is no {FILE} {place}; expected {EXPECTED}")
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
    names = {FILE + ending: packed for _, ending in PACKED.values()} | {FILE: found}
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
            f"path = {folder!r}: the folder {locked[0]}, and elsewhere there is no {FILE}; expected {EXPECTED}"
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


@contextlib.contextmanager
def open_csv(path):
    """Yield the csv as a stream of bytes, and its name for messages."""
    path = file = as_file_name(path, EXPECTED)
    if check_place(path, EXPECTED):
        file = _in_folder(path)
        check_place(file, EXPECTED)
    with contextlib.ExitStack() as stack:
        with readable(file, EXPECTED):
            stream = stack.enter_context(open(file, "rb"))
            start = stream.read(4)
            stream.seek(0)
        source = file
        if start in (b"PK\x03\x04", b"PK\x05\x06") or file.lower().endswith(".zip"):
            with readable(file, EXPECTED):
                archive = stack.enter_context(zipfile.ZipFile(stream))
            if "xl/workbook.xml" in archive.namelist():
                raise ValueError(f"path: {file} is a spreadsheet (.xlsx); expected the csv itself: {EXPECTED}")
            entries = _in_zip(archive)
            member = _the_one(list(entries), path, "in this zip")
            source = f"{file}, member {member}"
            with readable(source, EXPECTED):
                stream = stack.enter_context(archive.open(entries[member]))
        yield open_text(stack, stream, source, EXPECTED)
