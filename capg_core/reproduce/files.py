"""Files that a kill or a full disk leaves whole: the old one or the new one.

A link stays a link and a file's permissions stay. Every OSError from here names the file.
"""

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

_HALF = ".capg-half"  # ends the names of files that are being written: none but this module's has it
_LEFTOVER = re.compile(r"\..+\.[a-z0-9_]{8}" + re.escape(_HALF))


@contextlib.contextmanager
def _naming(path):
    """Let an OSError name the file that was asked for, and not the temporary one or none."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror or str(error), str(path)) from error


def is_protected(path):
    """Say whether a file is there and may not be written. A file that nobody may write is, for root too."""
    return path.exists() and not (path.stat().st_mode & 0o222 and os.access(path, os.W_OK))


def _sync_folder(folder):
    """Make a rename last through a loss of power, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_atomically(path, data):
    """
    Replace a file: after a kill there is the old one or the new one.

    Parameters
    ----------
    path : pathlib.Path
        Of a link, the file that it leads to is replaced.
    data : bytes

    Raises
    ------
    OSError
        If the file is write-protected, or the disk full. The old file is there as before.
    """
    target = Path(os.path.realpath(path))
    with _naming(path):
        if is_protected(target):  # replacing needs the folder's permission alone
            raise PermissionError(13, "the file is write-protected")
        before = target.stat() if target.exists() else None
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_HALF)
        try:
            with open(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, stat.S_IMODE(before.st_mode) if before else 0o644)  # mkstemp's are for the owner alone
            if before and hasattr(os, "chown"):
                with contextlib.suppress(OSError):  # of a shared folder; only root gives files away
                    os.chown(name, before.st_uid, before.st_gid)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)


def append(path, data):
    """
    Add to the end of a file, in one write; if that fails the file is as before.

    Parameters
    ----------
    path : pathlib.Path
    data : bytes

    Raises
    ------
    OSError
        If the file may not be written, or the disk is full.
    """
    with _naming(path), path.open("ab", buffering=0) as file:
        before = file.tell()
        try:
            rest = memoryview(data)
            while rest:  # a disk that gets full takes a part
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                file.truncate(before)  # needs no room
            raise


def lock(path):
    """
    Lock a file.

    Parameters
    ----------
    path : pathlib.Path
        Made if it does not exist.

    Returns
    -------
    file or None
        It holds the lock until it is closed, even by a kill. None if another process has the lock.
    """
    file = open(path, "a+b")  # noqa: SIM115, it is kept open
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if isinstance(error, (BlockingIOError, PermissionError)):
            return None
        with _naming(path):  # some file systems have no locks
            raise
    return file


def remove_leftovers(folder):
    """
    Remove the half-written files that killed runs left in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Its lock must be held, so that none of them is a living process's.
    """
    for path in folder.iterdir():
        if _LEFTOVER.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            with contextlib.suppress(OSError):  # it does no harm
                path.unlink()
