"""How the kernels are compiled, and where what was compiled is kept.

All have the same options, so that all treat a division by zero as NumPy does. Numba keeps what it compiled on disk by
each kernel's own file, and does not see a change in another file that the kernel calls; so the folder is named after
the sources of all kernels. A change anywhere leads to a new folder, and without a change nothing is compiled again.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import numba
from numba import njit

_PACKAGE = Path(__file__).parent
_SOURCES = ("_kernel.py", "exact", "batch", "logs", "training")
_KEPT = 4  # folders of earlier sources that are left: one goes back to them while changing things


def _fingerprint():
    """Return a digest of the kernels' sources and of Numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    for name in _SOURCES:
        path = _PACKAGE / name
        for file in [path] if path.suffix else sorted(path.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _bases():
    """Yield the places to try: what the user says, beside the sources, the user's cache, the system's temporary one."""
    if numba.config.CACHE_DIR:
        yield Path(numba.config.CACHE_DIR)
    yield _PACKAGE / "__pycache__"
    with contextlib.suppress(RuntimeError):  # there is no home
        yield Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "capg"
    yield Path(tempfile.gettempdir()) / f"capg-{os.getuid() if hasattr(os, 'getuid') else 'kernels'}"


def _is_usable(folder):
    """Make a folder and say whether it can be written to, and by nobody else: code is loaded from it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
        about = folder.stat()
        return not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & 0o022)
    except OSError:
        return False


def _sweep(base, current):
    """Remove what is left of old sources, and mark the present folder as used."""
    with contextlib.suppress(OSError):
        os.utime(base / current)
        others = [path for path in base.glob("capg-kernels-*") if path.name != current]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in others[_KEPT:]:
            shutil.rmtree(path, ignore_errors=True)


def _find_place():
    """Return the folder for kernels of these sources, or None where none can be written."""
    name = f"capg-kernels-{_fingerprint()}"
    for base in _bases():
        if _is_usable(base / name):
            _sweep(base, name)
            return base / name
    warnings.warn(
        "capg_core: no folder to keep compiled kernels in, so each start compiles them again; set NUMBA_CACHE_DIR to "
        "one that can be written",
        stacklevel=2,
    )
    return None


PLACE = _find_place()


def _mend(cache):
    """Let a damaged or unwritable file on disk mean that nothing is kept there: compile, and write it anew."""
    load, save = cache.load_overload, cache.save_overload

    def load_or_none(signature, target):
        try:
            return load(signature, target)
        except Exception:  # pickle raises nearly anything for a cut file
            with contextlib.suppress(OSError):
                cache.flush()
            return None

    def save_if_possible(signature, data):
        with contextlib.suppress(OSError):
            save(signature, data)

    cache.load_overload, cache.save_overload = load_or_none, save_if_possible


def compiled(**options):
    """Return a decorator that compiles a kernel when it is first called, and keeps it on disk."""

    def decorate(function):
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(PLACE or "")
        try:
            dispatcher = njit(cache=PLACE is not None, error_model="numpy", **options)(function)
        finally:
            numba.config.CACHE_DIR = before
        if PLACE is not None and hasattr(dispatcher, "_cache"):  # plain functions where compiling is switched off
            _mend(dispatcher._cache)
        return dispatcher

    return decorate


kernel = compiled()
# May add in any order, so that the compiler can vectorise a sum. NaN and infinity keep their meaning.
summing_kernel = compiled(fastmath={"reassoc", "contract"})
