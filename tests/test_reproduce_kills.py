"""Kills, a lost cluster and two commands on one folder: what is finished stays, and the resumed result is the same.

Two kills of a kind are enough for every day; ``CAPG_KILLS=20 pytest tests/test_reproduce_kills.py -rA`` is the long
way, and prints what it did.
"""

import csv
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import pytest

import capg_core as capg
from capg_core.reproduce import store
from capg_core.reproduce.summary import SUMMARY_FILE

ROOT = pathlib.Path(capg.__file__).parents[1]
SMALL = "--quick --experiment candidate-size --k 5 --estimators CA-PG --seeds 4 --steps 32".split()
N_JOBS, N_ROWS = 8, 17
N_KILLS, SEED = int(os.environ.get("CAPG_KILLS", 2)), 9
pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups and signals are POSIX's")


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "capg_core", "reproduce", *SMALL, *arguments, "--out", str(folder)], cwd=ROOT,
        text=True, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(folder, *arguments):
    process = start(folder, *arguments)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return err


def rows_of(folder):
    """Return the rows of the results without the column that no two runs share."""
    path = folder / store.FILE
    rows = csv.DictReader(path.read_text().splitlines()) if path.exists() else []
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def wait_until_gone(group):
    with pytest.raises(ProcessLookupError):
        for _ in range(1000):
            time.sleep(0.02)
            os.killpg(group, 0)


def assert_same(folder, whole):
    """See that a folder holds what an undisturbed run gives, and nothing else."""
    assert rows_of(folder) == rows_of(whole)
    for name in (SUMMARY_FILE, "candidate-size.png"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert sorted(os.listdir(folder)) == sorted([store.FILE, SUMMARY_FILE, "candidate-size.png", ".results.lock"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder whose run was not disturbed, and how long that takes when the kernels are compiled."""
    folder = tmp_path_factory.mktemp("whole")
    finish(folder)
    again = tmp_path_factory.mktemp("again")
    begun = time.monotonic()
    finish(again)
    duration = time.monotonic() - begun
    assert_same(again, folder)
    return folder, duration


def kill_at_random(process, place, sign, rng, duration):
    """Kill a command somewhere from its start to its report; return what was done, or None if it was done before."""
    after = rng.randrange(-3, N_JOBS + 1)  # so many runs are kept; below 0: while it starts
    while after > 0 and process.poll() is None and len(rows_of(place)) < after * N_ROWS:
        time.sleep(0.005)
    delay = rng.uniform(0.0, 0.4 * duration if after < 0 else 0.6)
    time.sleep(delay)
    if process.poll() is not None:
        return None
    group = rng.random() < 0.5  # as a terminal that is closed does, or the command alone
    (os.killpg if group else os.kill)(process.pid, sign)
    whom = "all processes" if group else "the command"
    return f"{whom}, {f'{after} runs and ' if after > 0 else ''}{delay:.2f} s after the start"


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM], ids=lambda sign: sign.name)
def test_kills_at_random_times(whole, tmp_path, sign):
    (folder, duration), rng, killed = whole, random.Random(SEED + sign), []
    whole_rows = rows_of(folder)
    for number in range(2 * N_KILLS):  # some come too late, and do not count
        place = tmp_path / str(number)
        process = start(place)
        done = kill_at_random(process, place, sign, rng, duration)
        process.communicate()
        wait_until_gone(process.pid)
        kept = rows_of(place)
        assert all(row in whole_rows for row in kept)
        err = finish(place)
        assert kept == [] or f"{len(kept) // N_ROWS} of {N_JOBS} runs are in" in err
        assert_same(place, folder)
        if done is not None:
            assert process.returncode == -sign
            killed.append(f"{sign.name} {done}: {len(kept) // N_ROWS} of {N_JOBS} runs kept, resumed alike")
        if len(killed) == N_KILLS:
            break
    print("\n".join(killed))
    assert len(killed) == N_KILLS


@pytest.mark.slow
def test_one_folder_killed_again_and_again(whole, tmp_path):
    """Each command gets one run further at least, as on a machine that takes its jobs back."""
    folder, _ = whole
    for _ in range(min(N_JOBS, N_KILLS)):
        process, before = start(tmp_path), len(rows_of(tmp_path))
        while process.poll() is None and len(rows_of(tmp_path)) == before:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        wait_until_gone(process.pid)
    finish(tmp_path)
    assert_same(tmp_path, folder)


def test_two_commands_on_one_folder(tmp_path):
    """The second is refused while the first one works; the first one does not notice."""
    first = start(tmp_path / "out")
    try:
        while not (tmp_path / "out" / store.FILE).exists():
            assert first.poll() is None
            time.sleep(0.02)
        (tmp_path / "link").symlink_to("out")
        for place in (tmp_path / "out", tmp_path / "link"):
            second = start(place)
            _, err = second.communicate(timeout=120)
            assert second.returncode == 2 and "is in use by another run; expected a folder of its own" in err
            assert first.poll() is None, "the first one was too quick to be disturbed"
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
    wait_until_gone(first.pid)


WORKER = """
import sys
{before}
from distributed.cli.dask_worker import main
sys.argv = ["dask worker", sys.argv[1], "--nthreads", "1", "--no-nanny", "--no-dashboard"]
main()
"""


@pytest.fixture
def dask(tmp_path):
    """Start parts of a cluster; all are gone at the end."""
    pytest.importorskip("distributed", reason="run: pip install -e '.[test]'")
    running, quiet = [], dict(cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def scheduler():
        file = tmp_path / "scheduler.json"
        command = "distributed.cli.dask_scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file".split()
        running.append(subprocess.Popen([sys.executable, "-m", *command, str(file)], **quiet))
        while not file.exists() or not (found := file.read_text().partition('"address": "')[2].partition('"')[0]):
            assert running[-1].poll() is None
            time.sleep(0.05)
        return running[-1], found

    def worker(address, before=""):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        script = [sys.executable, "-c", WORKER.format(before=before), address]
        running.append(subprocess.Popen(script, env=environment, **quiet))
        return running[-1]

    yield scheduler, worker
    for process in running:
        process.kill()
        process.wait()


def wait_for(process, words):
    """Read what a command says until some words come; return all of it."""
    said = ""
    while words not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def wait_for_rows(process, folder):
    while not rows_of(folder):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


@pytest.mark.slow
def test_a_cluster_without_fit_workers_is_named_and_a_late_worker_is_waited_for(whole, tmp_path, dask):
    scheduler, worker = dask
    _, address = scheduler()
    process = start(tmp_path / "out", "--scheduler", address)
    wait_for(process, f"{address} has no worker; waiting for one, at most 120 s")
    unfit = worker(address, "sys.modules['capg_core'] = None")
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2 and "1 of 1 worker cannot import capg_core" in said
    unfit.kill()
    unfit.wait()
    process = start(tmp_path / "out", "--scheduler", address)
    wait_for(process, "has no worker")
    worker(address)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0 and "1 worker; importing the package on each" in said, said
    assert_same(tmp_path / "out", whole[0])


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["a worker", "the scheduler"])
def test_a_part_of_the_cluster_is_lost(whole, tmp_path, dask, victim):
    scheduler, worker = dask
    head, address = scheduler()
    first, _ = worker(address), worker(address)
    folder = tmp_path / "out"
    process = start(folder, "--scheduler", address)
    wait_for_rows(process, folder)
    begun = time.monotonic()
    (first if victim == "a worker" else head).kill()
    said = process.communicate(timeout=300)[1]
    print(f"{victim} lost: exit {process.returncode} after {time.monotonic() - begun:.1f} s; {said.splitlines()[-1]}")
    if victim == "the scheduler":
        assert process.returncode == 1 and "the scheduler is lost. What is finished is in" in said
        assert "Traceback" not in said, said
        assert 0 < len(rows_of(folder)) < len(rows_of(whole[0]))
        finish(folder)  # here, without the cluster
    assert_same(folder, whole[0])
