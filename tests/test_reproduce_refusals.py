"""What the command ``reproduce`` says when something stops it, and that a run or a hope is not lost with it."""

import errno
import itertools
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from unittest import mock

import numpy as np
import pytest

import capg_core as capg
from capg_core.reproduce import cluster, command, files, jobs, store
from capg_core.reproduce.command import main
from capg_core.reproduce.experiments import Options, as_variant, plan
from capg_core.reproduce.summary import SUMMARY_FILE, as_csv, as_table, summarise

ROOT = pathlib.Path(capg.__file__).parents[1]
SMALL = "--quick --experiment candidate-size --k 5 --estimators CA-PG --seeds 2 --steps 4".split()
PRODUCTS = [store.FILE, SUMMARY_FILE, "candidate-size.png"]
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


@pytest.fixture
def quick(monkeypatch):
    """Runs that take no time: their numbers are made up, and only the training is replaced."""

    def run_local(missing, processes, kuairec, keep, show):
        for job in missing:
            n = len(job.steps)
            keep(job, jobs.Curve(tuple(job.steps), (0.25,) * n, (6.0 + job.seed,) * n, 9.0, 5.0))

    monkeypatch.setattr(command, "run_local", run_local)
    monkeypatch.setattr(command, "warm_up", lambda missing: None)


def reproduce(folder, *arguments):
    return main(["reproduce", *SMALL, "--out", str(folder), *arguments])


def content(folder):
    return {name: (folder / name).read_bytes() for name in PRODUCTS}


def refuse(capsys, *arguments):
    """Return what a refused command says on stderr."""
    with pytest.raises(SystemExit, match="^2$"):
        main(["reproduce", *SMALL, *map(str, arguments)])
    return capsys.readouterr().err.splitlines()[-1]


def test_a_disk_that_is_full_at_any_moment_loses_nothing(tmp_path, capsys, monkeypatch, quick):
    assert reproduce(tmp_path / "whole") == 0
    before, place, fsync = content(tmp_path / "whole"), tmp_path / "full", os.fsync
    monkeypatch.setattr(files, "_sync_folder", lambda folder: None)
    told = []
    for at in range(8):  # the header, 4 runs, their final order, the summary and the figure
        count = itertools.count()

        def sync(handle, at=at, count=count):
            if next(count) == at:  # what was written until then is in the file
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            fsync(handle)

        with monkeypatch.context() as patch:
            patch.setattr(files.os, "fsync", sync)
            capsys.readouterr()
            if at == 0:
                told.append(refuse(capsys, "--out", place))
            else:
                assert reproduce(place) == 1
                told.append(capsys.readouterr().err.splitlines()[-1])
        assert not [name for name in os.listdir(place) if name.endswith("half")]
        assert reproduce(place) == 0 and content(place) == before
        assert not (place / store.ASIDE_FILE).exists()  # no half row was left
        for name in PRODUCTS:
            (place / name).unlink()
    assert all("No space left on device" in line for line in told)
    for line in told[1:]:
        assert "What is finished is in" in line and "the same command again to go on, when there is room" in line
    assert [name for line in told for name in PRODUCTS if f"/{name}'" in line] == [PRODUCTS[0]] * 6 + PRODUCTS[1:]


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of file sizes that raises is Linux's")
def test_a_half_written_row_is_taken_back(tmp_path):
    import resource

    path = tmp_path / "rows"
    path.write_bytes(b"1234\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[0][1]))
    try:
        with pytest.raises(OSError, match="rows"):  # three bytes fit
            files.append(path, b"5678\n")
        assert path.read_bytes() == b"1234\n"
        with pytest.raises(OSError, match="rows"):
            files.write_atomically(path, b"5" * 99)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before[0])
        signal.signal(signal.SIGXFSZ, before[1])
    assert path.read_bytes() == b"1234\n" and os.listdir(tmp_path) == ["rows"]


def test_ctrl_c_while_the_report_is_written_is_no_traceback(tmp_path, capsys, monkeypatch, quick):
    with monkeypatch.context() as patch:
        patch.setattr("capg_core.reproduce.figures.write_figures", mock.Mock(side_effect=KeyboardInterrupt))
        assert reproduce(tmp_path) == 130
    assert "stopped. What is finished is in" in capsys.readouterr().err
    assert reproduce(tmp_path) == 0


@POSIX
def test_a_kill_while_a_file_is_written_leaves_nothing_for_ever(tmp_path, quick):
    killed = (
        "import os, pathlib, sys; from capg_core.reproduce import files\n"
        "os.replace = lambda *_: os.kill(os.getpid(), 9)\n"
        "files.write_atomically(pathlib.Path(sys.argv[1]), b'half')"
    )
    for name in PRODUCTS:
        done = subprocess.run([sys.executable, "-c", killed, str(tmp_path / name)], cwd=ROOT)
        assert done.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 3
    assert reproduce(tmp_path) == 0
    assert sorted(os.listdir(tmp_path)) == sorted([*PRODUCTS, ".results.lock"])


def test_the_command_says_what_it_found_and_runs_only_what_is_missing(tmp_path, capsys, quick):
    assert reproduce(tmp_path) == 0
    before, path = content(tmp_path), tmp_path / store.FILE
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *sorted(lines[1:7] + lines[8:], reverse=True), ""]))
    capsys.readouterr()
    assert reproduce(tmp_path) == 0
    said = capsys.readouterr().err
    assert "3 of 4 runs are in" in said and "steps missing" in said and str(path) in said
    assert lines[7].partition(",")[0] in said and "results.set-aside.csv" in said
    assert content(tmp_path) == before


def test_paths_below_the_home_folder(tmp_path, monkeypatch, capsys, quick):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert reproduce("~/results") == 0 and (tmp_path / "results" / store.FILE).exists()
    with store.Results("~/results") as results:
        assert len(results.rows) == 4
    said = refuse(capsys, "--experiment", "ratings", "--kuairec", "~/nowhere", "--out", tmp_path / "new")
    assert f"path = {os.path.join(tmp_path, 'nowhere')!r} does not exist" in said


def test_a_cut_header_is_called_one(tmp_path, capsys):
    (tmp_path / store.FILE).write_text("job,experiments,wor")
    said = refuse(capsys, "--out", tmp_path)
    assert "argument --out" in said and "is cut: it ends inside its header, after 19 of" in said


@pytest.mark.parametrize("guard", [False, True])
def test_a_script_without_a_guard_is_told_so(tmp_path, guard):
    call = f"sys.exit(main(['reproduce', *{SMALL!r}, '--out', {str(tmp_path / 'out')!r}]))"
    line = f"if __name__ == '__main__':\n    {call}" if guard else call
    script = tmp_path / "script.py"
    script.write_text(f"import sys\nfrom capg_core.reproduce.command import main\n{line}\n")
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert done.returncode == (0 if guard else 1), done.stderr
    assert ('the script that called this has no `if __name__ == "__main__":`' in done.stderr) != guard
    assert "memory" not in done.stderr and "Traceback" not in done.stderr and "in use" not in done.stderr


def test_workers_that_cannot_begin_are_not_said_to_lack_memory(tmp_path):
    call = f"from capg_core.reproduce.command import main; main(['reproduce', *{SMALL!r}, '--out', 'out'])"
    done = subprocess.run(
        [sys.executable, "-"], input=call, capture_output=True, text=True, timeout=300, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )  # fmt: skip
    assert "the worker processes ended before they began" in done.stderr and "memory" not in done.stderr


def test_where_there_is_no_way_to_go_the_report_says_so(tmp_path):
    """K = n, and equal rewards: the optimum is what random candidates give, up to rounding."""
    from capg_core.reproduce.figures import draw_experiment

    rng = np.random.default_rng(0)
    for k, ratio in ((6, lambda: rng.random()), (2, lambda: 0.7), (6, lambda: 0.0)):
        path = tmp_path / f"{k}.csv"
        cells = [f"{user},{video},{ratio()}\n" for user in range(9) for video in range(6)]
        path.write_text("".join(["user_id,video_id,watch_ratio\n", *cells]))
        variants = as_variant("CA-PG"), as_variant("V-PG+b")
        lines = plan(Options(("ratings",), (k,), variants, 2, 4, 2, False, str(path)))
        lines = [line for line in lines if line.panel.startswith("KuaiRec")]
        with store.Results(tmp_path / f"{k} {ratio()}") as results:
            for line in lines:
                for job in line.jobs:
                    results.add(job, {line.experiment}, jobs.run_job(job, str(path)))
            summaries = summarise(lines, results.rows)
        for one in summaries:
            assert not one.has_way and np.isnan([one.share, one.steps_to(0.0), one.steps_to(0.5)]).all()
            assert one.final[0] == pytest.approx(one.optimal)
        table = as_table(summaries)
        assert "there is no way to go, every choice of candidates is equally good" in table and "0.0 %" not in table
        assert as_csv(summaries).splitlines()[1].endswith(",,,")
        for axes in draw_experiment("ratings", summaries).axes:
            low, high = axes.get_ylim()
            assert high - low > 0.1  # rounding is not drawn


class FakeClient:
    """A client whose workers come when they are asked for the n-th time, and answer as told."""

    def __init__(self, come=(), answer=None):
        self.come, self.answer, self.closed = list(come), answer or (lambda: {}), False

    def nthreads(self):
        return self.come.pop(0) if len(self.come) > 1 else self.come[0]

    def run(self, *_, on_error):
        return self.answer()

    def close(self):
        self.closed = True


TWO = {"tcp://a:1": 1, "tcp://b:2": 1}
MISSING = ModuleNotFoundError("No module named 'capg_core'")


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (FakeClient([{}]), "'tcp://s:0' has had no worker for 0.2 s; expected a Dask scheduler with a worker at least"),
        (FakeClient([TWO], lambda: {"tcp://a:1": 1, "tcp://b:2": MISSING}), "1 of 2 workers cannot import capg_core"),
        (
            FakeClient([TWO], lambda: time.sleep(5)),
            "one of the workers tcp://a:1, tcp://b:2 has not answered for 0.2 s",
        ),
        (mock.Mock(nthreads=mock.Mock(side_effect=OSError("closed"))), "'tcp://s:0' does not answer any more"),
    ],
    ids=["none", "without the package", "that hang", "scheduler gone"],
)
def test_workers_are_looked_at_first(tmp_path, capsys, monkeypatch, client, words):
    monkeypatch.setattr(cluster, "_WAIT", 0.2)
    monkeypatch.setattr(cluster, "_LOOK", 0.01)
    monkeypatch.setattr(command, "connect", lambda address: client)
    said = refuse(capsys, "--out", tmp_path, "--scheduler", "tcp://s:0")
    assert "argument --scheduler" in said and words in said
    if "import" in words:
        assert "the first is tcp://b:2 (ModuleNotFoundError: No module named 'capg_core'). Install" in said
    assert getattr(client, "closed", True)


def test_a_server_that_says_nothing_is_not_waited_for_for_ever():
    pytest.importorskip("distributed", reason="run: pip install -e '.[test]'")
    script = "from capg_core.reproduce import cluster\ncluster._CONNECT = 1.0\n"
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        script += f"cluster.connect({address!r})"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert f"{address!r} has not answered for 1 s; expected a Dask scheduler's address" in done.stderr


def test_one_sees_what_is_waited_for(monkeypatch):
    monkeypatch.setattr(cluster, "_LOOK", 0.01)
    said, client = [], FakeClient([{}, {}, {}, TWO], lambda: dict.fromkeys(TWO))
    cluster.check_workers(client, "tcp://s:0", said.append)
    assert len(said) == 2 and "tcp://s:0 has no worker; waiting for one, at most 120 s" in said[0]
    assert "dask worker tcp://s:0 --nthreads 1" in said[0] and "2 workers; importing the package on each" in said[1]


def test_a_cluster_that_is_lost_ends_the_waiting(monkeypatch):
    monkeypatch.setattr(cluster, "_WAIT", 0.1)
    monkeypatch.setattr(cluster, "_LOOK", 0.01)
    dask = mock.Mock(TimeoutError=TimeoutError, wait=mock.Mock(side_effect=TimeoutError))
    with pytest.raises(cluster.ClusterLost, match="all workers are lost, and none has come for 0.1 s"):
        cluster._wait_for_one(dask, [], FakeClient([TWO, {}]))
    gone = mock.Mock(nthreads=mock.Mock(side_effect=AttributeError))
    with pytest.raises(cluster.ClusterLost, match="the scheduler is lost"):
        cluster._wait_for_one(dask, [], gone)
