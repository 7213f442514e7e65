"""What all tests share: where compiled kernels are kept, the order of the files, one browser, and what was measured."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "capg_core"
ABOVE_THE_NUMBERS = ("classroom", "reproduce")
# The longest files first, so that two workers end together. The first needs no kernels but its own, and meanwhile the
# other worker compiles those that all share.
LONG_FIRST = (
    "test_delivery", "test_browser_course", "test_reproduce", "test_training", "test_browser_training", "test_exact",
    "08_real_ratings", "07_training_race", "09_mixture_of_experts", "test_house", "test_browser", "test_kuairec",
)  # fmt: skip
IN_ORDER = ("no", "loadfile", "loadscope")
MEASURED = "measured"


def version_of_the_kernels():
    """
    Return a name for all that kernels are made of.

    Numba's disk cache does not see that another file changed, and a kernel takes constants and kernels from others: so
    every file counts that a kernel may import. test_house.py shows that none comes from `classroom` or `reproduce`.
    """
    digest = hashlib.sha256(repr(sorted(item for item in os.environ.items() if item[0][:6] == "NUMBA_")).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE)
        if name.parts[0] not in ABOVE_THE_NUMBERS:
            digest.update(f"{name} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def kernel_cache(config):
    """Return a folder for compiled kernels that stays between runs while their sources do (`--cache-clear` empties)."""
    if not hasattr(config, "cache"):
        folder = tempfile.mkdtemp(prefix="capg-kernels-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        return folder
    home = config.cache.mkdir("kernels")
    mine = home / version_of_the_kernels()
    mine.mkdir(exist_ok=True)
    os.utime(mine)
    for other in home.iterdir():
        # not a younger one: another run may be using it
        if other != mine and other.stat().st_mtime < time.time() - 24 * 3600:
            shutil.rmtree(other, ignore_errors=True)
    return str(mine / "kernels")


def pytest_configure(config):
    # workers inherit the folder of the run that started them
    if "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = kernel_cache(config)
    if config.getoption("nbval", False) and (dist := config.getoption("dist", "no")) not in IN_ORDER:
        raise pytest.UsageError(
            f"--dist {dist} tears a notebook's cells apart, and they run in one kernel, in order; with --nbval say "
            "--dist loadfile"
        )


def pytest_collection_modifyitems(items):
    rank = {stem: place for place, stem in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture
def measured(record_property):
    """Call it with what was measured and is not asserted: it is printed at the end, a worker's too."""
    return lambda text: record_property(MEASURED, text)


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    calls = [report for report in reports if report.when == "call"]
    said = [text for report in calls for name, text in report.user_properties if name == MEASURED]
    if said:
        terminalreporter.section("measured, and not asserted")
        for text in said:
            terminalreporter.line(text)


@pytest.fixture(scope="session")
def lab_page():
    """One browser with JupyterLab in it, for every test of a worker: its page and the server's address."""
    from browser import VIEW, NoBrowser, chromium, lab

    with contextlib.ExitStack() as stack:
        try:
            page = stack.enter_context(chromium()).new_page(viewport=VIEW)
        except NoBrowser as reason:
            if os.environ.get("CI") == "true":
                pytest.fail(f"CI=true asks for the browser tests, but {reason}")
            pytest.skip(f"browser tests: {reason}")
        # as `make lab` does, so that no slider waits for the compiler
        subprocess.run([sys.executable, "-m", "capg_core.warm"], check=True, stdout=subprocess.DEVNULL)
        yield page, stack.enter_context(lab())
