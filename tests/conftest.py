"""What all tests share: where compiled kernels are kept, the order of the files, one browser, and what was measured."""

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile

import pytest

# The longest files first, so that two workers end together. The first needs no kernels but its own, and meanwhile the
# other worker compiles those that all share.
LONG_FIRST = (
    "test_delivery", "test_browser_course", "test_site_browser", "test_site", "test_reproduce", "test_training",
    "test_browser_training", "test_exact", "test_reproduce_kills", "test_kernel_cache", "test_fuzz",
    "test_interrupts", "test_panel_threads", "test_records", "08_real_ratings", "07_training_race",
    "09_mixture_of_experts", "test_house", "test_browser", "test_kuairec",
)  # fmt: skip
IN_ORDER = ("no", "loadfile", "loadscope")
MEASURED = "measured"


def use_this_environment(home):
    """
    Let notebooks find this environment's kernel and a font cache that is there.

    A user's own kernel called python3, or one in JUPYTER_PATH, would run another Python; and where Matplotlib cannot
    keep its list of fonts, or has to make it, it says so in the first cell that draws.
    """
    os.environ.pop("JUPYTER_PATH", None)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ["MPLCONFIGDIR"] = os.path.join(home, "matplotlib")
    if importlib.util.find_spec("matplotlib"):  # the core can be tested without
        subprocess.run([sys.executable, "-c", "import matplotlib.font_manager"], check=True, capture_output=True)


def pytest_configure(config):
    # one place for all workers and all processes that tests start
    if "CAPG_TESTS_HOME" not in os.environ:
        home = config.cache.mkdir("capg") if hasattr(config, "cache") else tempfile.mkdtemp(prefix="capg-tests-")
        os.environ["CAPG_TESTS_HOME"] = str(home)
        use_this_environment(home)
        # the package itself tells kernels of old sources from new ones
        os.environ.setdefault("NUMBA_CACHE_DIR", os.path.join(home, "kernels"))
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
def browser():
    """One browser for every test of a worker: Playwright runs once in a process."""
    from browser import NoBrowser, chromium

    with contextlib.ExitStack() as stack:
        try:
            found = stack.enter_context(chromium())
        except NoBrowser as reason:
            if os.environ.get("CI") == "true":
                pytest.fail(f"CI=true asks for the browser tests, but {reason}")
            pytest.skip(f"browser tests: {reason}")
        yield found


@pytest.fixture(scope="session")
def lab_page(browser):
    """JupyterLab in the browser, for every test of a worker: its page and the server's address."""
    from browser import VIEW, lab

    with lab() as address:
        # as `make lab` does, so that no slider waits for the compiler
        subprocess.run([sys.executable, "-m", "capg_core.warm"], check=True, stdout=subprocess.DEVNULL)
        yield browser.new_page(viewport=VIEW), address
