"""The command ``python -m capg_core reproduce``: its plan, results, killed runs, a cluster, and figures."""

import csv
import doctest
import importlib
import io
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from unittest import mock

import numpy as np
import pytest
from PIL import Image

import capg_core as capg
from capg_core.reproduce import cluster, jobs, local, progress, store
from capg_core.reproduce.command import main
from capg_core.reproduce.experiments import EXPERIMENTS, Options, as_variant, default_variants, jobs_of, plan
from capg_core.reproduce.summary import Summary

ROOT = pathlib.Path(capg.__file__).parents[1]
MODULES = sorted(f"capg_core.reproduce.{p.stem}" for p in (ROOT / "capg_core/reproduce").glob("[a-z]*.py"))
# 12 runs of 17 rows: many enough, and each long enough, to be killed among
TINY = "--quick --experiment candidate-size --k 10 20 --estimators V-PG CA-PG --seeds 2 --steps 160".split()
N_ROWS = 17
POSIX = pytest.mark.skipif(os.name != "posix", reason="process groups and signals are POSIX's")


def options(**changed):
    """Return the options of a full run, with some changed."""
    given = dict(experiments=EXPERIMENTS, ks=(10, 50), variants=default_variants())
    return Options(**given | dict(n_seeds=3, n_steps=20_000, eval_every=400, quick=False, kuairec=None) | changed)


def a_job(**changed):
    given = dict(world="synthetic", estimator="CA-PG", baseline="none", k=5, n_experts=1, n_outputs=1)
    return jobs.Job(**given | dict(late_stage="optimal", learning_rate=0.1, n_steps=4, eval_every=2, seed=0) | changed)


CURVE = jobs.Curve((0, 2, 4), (0.0, 0.01, 0.02), (1.0, 2.0, 1 / 3), 9.0, 1.0)


def start(folder, *arguments):
    # tests in the background of a shell ignore Ctrl-C, and so would their children
    listen = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name == "posix" else None
    return subprocess.Popen(
        [sys.executable, "-m", "capg_core", "reproduce", *arguments, "--out", str(folder)], cwd=ROOT, text=True,
        start_new_session=True, preexec_fn=listen, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(folder, *arguments):
    process = start(folder, *arguments)
    printed = process.communicate(timeout=120)
    assert process.returncode == 0, printed[1]
    return printed


def rows_of(folder):
    """Return the rows of the results without the column that no two runs share."""
    with (folder / store.FILE).open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def wait_for_rows(process, folder):
    """Wait until a job is finished and others are not."""
    path = folder / store.FILE
    while not path.exists() or path.read_text().count("/seed-") < N_ROWS:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def wait_until_gone(group):
    """Wait until no process of a group is left."""
    with pytest.raises(ProcessLookupError):
        for _ in range(500):
            time.sleep(0.02)
            os.killpg(group, 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder whose run was not disturbed, and what it printed."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder, *TINY)


def test_both_settings_share_what_is_the_same_training():
    lines = plan(options())
    planned = jobs_of(lines)
    assert len({job.key for job in planned}) == len(planned)
    of = {(line.experiment, line.panel, line.setting, line.variant.label): line.jobs for line in lines}
    for (experiment, panel, setting, label), found in of.items():
        other = of[experiment, panel, "equal" if setting == "paper" else "paper", label]
        same = capg.paper_learning_rate(label.partition("+")[0]) == 0.1
        assert (found == other) == same, label
        rate = 0.01 if setting == "paper" and not same else 0.1
        assert {job.learning_rate for job in found} == {rate}
    # the same training in four experiments is one job
    shared = of["experts", "M = 1 expert", "paper", "V-PG"][0]
    assert planned[shared] == {"candidate-size", "alignment", "experts", "outputs"}
    assert sum(len(line.jobs) for line in lines) > 1.5 * len(planned)


def test_experiments_vary_what_they_say():
    def varied(name, attribute):
        lines = plan(options(experiments=(name,)))
        return {getattr(job, attribute) for line in lines for job in line.jobs}, {x.variant.label for x in lines}

    everyone = {variant.label for variant in default_variants()}
    assert varied("candidate-size", "k") == ({10, 50}, everyone)
    stages, labels = varied("alignment", "late_stage")
    assert {"optimal", "noisy", "uniform", "anti"} < stages and labels == everyone
    mixed = [jobs.as_late_stage(name) for name in stages if name.startswith("mix:")]
    assert len(mixed) == 2 and all(isinstance(stage, capg.Mixture) for stage in mixed)
    assert varied("experts", "n_experts") == ({1, 2, 5}, everyone - {"Outcome-PG+b", "Swap-PG"})
    assert varied("outputs", "n_outputs") == ({1, 5, 10}, everyone - {"Outcome-PG+b"})
    assert varied("ratings", "world") == (set(jobs.FILM_WORLDS), everyone)
    # Outcome-PG's asymptotic form needs a baseline
    assert as_variant("Outcome-PG") == as_variant("Outcome-PG+b") and as_variant("CA-PG+b").label == "CA-PG+b"
    # only candidates can be shown, and an expert has a place at least
    few = jobs_of(plan(options(ks=(3,))))
    assert {job.n_outputs for job in few} == {1} and {job.n_experts for job in few} == {1, 2}


def test_a_key_tells_every_two_jobs_apart():
    changes = dict(world="films-own", estimator="V-PG", baseline="mean", k=6, n_experts=2, n_outputs=2)
    changes |= dict(late_stage="anti", learning_rate=0.01, n_steps=5, eval_every=1, seed=1)
    keys = {a_job().key, *(a_job(**{name: value}).key for name, value in changes.items())}
    assert len(keys) == len(changes) + 1
    assert not any(mark in key for key in keys for mark in ',"\n ')


def test_a_job_gives_what_training_gives():
    job = a_job(estimator="V-PG", baseline="mean", n_outputs=2, late_stage="mix:optimal:uniform:0.2")
    curve = jobs.run_job(job)
    world, stage = capg.SyntheticWorld(), capg.mix("optimal", "uniform", 0.2)
    same = dict(n_steps=4, learning_rate=0.1, baseline="mean", n_outputs=2, late_stage=stage, seed=0, eval_every=2)
    expected = capg.train(world, "V-PG", 5, **same)
    assert curve.steps == (0, 2, 4) and curve.policy_value == tuple(expected.policy_value)
    assert curve.optimal_value == capg.optimal_value(world, n_outputs=2)
    assert curve.uniform_value == capg.uniform_value(world, 5, late_stage=stage, n_outputs=2)
    with pytest.raises(jobs.StoppedEarly):
        jobs.run_job(job, callback=lambda _: True)
    with pytest.raises(ValueError, match="smallest pool"):  # a failure in a worker comes back
        local.run_local([a_job(k=2000)], 1, None, None, lambda steps: None)


def test_kuairec_is_told_apart_by_its_numbers(tmp_path):
    names = []
    for ratio in (0.5, 0.75):
        path = tmp_path / f"{ratio}.csv"
        cells = [f"{user},{video},{ratio}\n" for user in range(3) for video in range(12)]
        path.write_text("".join(["user_id,video_id,watch_ratio\n", *cells]))
        planned = jobs_of(plan(options(experiments=("ratings",), kuairec=str(path))))
        names += {job.world for job in planned if job.world.startswith("kuairec")}
        assert jobs.run_job(a_job(world=names[-1]), str(path)).optimal_value == ratio
    assert len(set(names)) == 2
    with pytest.raises(ValueError, match="does not hold it"):
        jobs.world_of(names[0], str(path))


def test_rows_come_back_and_their_order_does_not_matter(tmp_path):
    for folder, seeds in (("a", (0, 1)), ("b", (1, 0))):
        wanted = {a_job(seed=seed): {"outputs"} for seed in seeds}
        with store.Results(tmp_path / folder) as results:
            for job, experiments in wanted.items():
                results.add(job, experiments, CURVE)
                results.add(job, experiments, CURVE)  # twice is once
            results.finish(wanted)
            with pytest.raises(ValueError, match="in use"):  # a folder has one writer at a time
                store.Results(tmp_path / folder)
    text = (tmp_path / "a" / store.FILE).read_text()
    assert text == (tmp_path / "b" / store.FILE).read_text()
    assert text.splitlines()[0] == ",".join(store.COLUMNS) and text.count("\n") == 7
    with store.Results(tmp_path / "a") as results:
        assert [row["policy_value"] for row in results.rows[a_job().key]] == list(CURVE.policy_value)
        # another experiment that needs the same job adds its name, and the rest stays
        results.finish({a_job(): {"experts"}})
    found = rows_of(tmp_path / "a")
    assert {row["experiments"] for row in found} == {"experts outputs", "outputs"}
    assert (tmp_path / "a" / store.FILE).read_text().replace("experts outputs", "outputs") == text


def test_every_torn_tail_is_set_aside_and_repaired(tmp_path):
    with store.Results(tmp_path) as results:
        results.add(a_job(), {"outputs"}, CURVE)
        results.add(a_job(seed=1), {"outputs"}, CURVE)
    path, aside = tmp_path / store.FILE, tmp_path / store.ASIDE_FILE
    data = path.read_bytes()
    first = data.index(a_job(seed=1).key.encode())
    for cut in range(first, len(data) - 1, 37):
        path.write_bytes(data[:cut])
        with store.Results(tmp_path) as results:
            assert list(results.rows) == [a_job().key], cut
            assert bool(results.notes) == (cut > first) == aside.exists()
            assert path.read_bytes() == data[:first]
            results.add(a_job(seed=1), {"outputs"}, CURVE)
        assert path.read_bytes() == data
        if aside.exists():  # not a byte is lost
            assert data[first:cut].splitlines()[-1] in aside.read_bytes()
            aside.unlink()
    for whole in (data[:-1], data + b"\0" * 100):  # the last is what a loss of power can leave
        path.write_bytes(whole)
        with store.Results(tmp_path) as results:
            assert len(results.rows) == 2 and not results.notes
        assert path.read_bytes() == data


def test_a_run_gives_all_it_promises(whole):
    folder, (out, err) = whole
    found = rows_of(folder)
    assert len(found) == 12 * N_ROWS and len({(row["job"], row["step"]) for row in found}) == len(found)
    assert found == sorted(found, key=lambda row: (row["job"], int(row["step"])))
    assert {row["learning_rate"] for row in found if row["estimator"] == "CA-PG"} == {"0.1", "0.01"}
    assert {row["learning_rate"] for row in found if row["estimator"] == "V-PG"} == {"0.1"}
    assert all(0.0 < float(row["uniform_value"]) < float(row["optimal_value"]) for row in found)
    assert "12/12 runs, 100.0 % of steps" in err and "candidate-size, K = 20" in out and "CA-PG" in out
    summary = list(csv.DictReader(io.StringIO((folder / "summary.csv").read_text())))
    last = [float(row["policy_value"]) for row in found if "V-PG" in row["job"] and row["step"] == "160"]
    assert len(summary) == 2 * 2 * 2 and (summary[0]["estimator"], summary[0]["n_seeds"]) == ("V-PG", "2")
    assert float(summary[0]["final_mean"]) == pytest.approx(np.mean(last[:2]), abs=1e-4)
    with Image.open(folder / "candidate-size.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape[0] > 600 and pixels.shape[1] > 900
    for colour in ((63, 144, 218), (189, 31, 1)):  # CA-PG's and V-PG's
        assert (np.abs(pixels - colour).sum(axis=2) < 12).sum() > 300


@POSIX
@pytest.mark.parametrize("victim", ["group", "parent"])
def test_a_killed_run_goes_on(whole, tmp_path, victim):
    process = start(tmp_path, *TINY)
    wait_for_rows(process, tmp_path)
    (os.killpg if victim == "group" else os.kill)(process.pid, signal.SIGKILL)
    process.communicate()
    # workers end with their parent: none goes on computing, or holds the folder
    wait_until_gone(process.pid)
    assert 1 <= len({row["job"] for row in rows_of(tmp_path)}) < 12
    assert re.search(r"\d+ of 12 runs are in", run(tmp_path, *TINY)[1])
    assert rows_of(tmp_path) == rows_of(whole[0])
    assert (tmp_path / "summary.csv").read_bytes() == (whole[0] / "summary.csv").read_bytes()


@POSIX
@pytest.mark.parametrize(("status", "words"), [(130, "stopped"), (1, "a worker process was killed")])
def test_a_stopped_run_keeps_what_is_finished(whole, tmp_path, status, words):
    psutil = pytest.importorskip("psutil")
    process = start(tmp_path, *TINY)
    wait_for_rows(process, tmp_path)
    if status == 130:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes
    else:
        children = psutil.Process(process.pid).children()
        next(child for child in children if "spawn_main" in " ".join(child.cmdline())).kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == status and words in err and "same command again" in err and "Traceback" not in err
    wait_until_gone(process.pid)
    found, expected = rows_of(tmp_path), rows_of(whole[0])
    assert 0 < len(found) < len(expected) and len(found) % N_ROWS == 0
    assert all(row in expected for row in found)


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, *[worker.pid for worker in cluster.workers.values()], flush=True)
        sys.stdin.read()
"""


@POSIX
@pytest.mark.slow
def test_a_cluster_gives_the_same_though_a_worker_is_killed(whole, tmp_path):
    pytest.importorskip("distributed", reason="run: pip install -e '.[test]'")
    (tmp_path / "cluster.py").write_text(CLUSTER)
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    dask = subprocess.Popen([sys.executable, "cluster.py"], cwd=tmp_path, start_new_session=True, **pipes)
    try:
        address, victim, _ = dask.stdout.readline().split()
        process = start(tmp_path / "out", *TINY, "--scheduler", address)
        wait_for_rows(process, tmp_path / "out")
        os.kill(int(victim), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0 and "12/12 runs" in err, err
    finally:
        os.killpg(dask.pid, signal.SIGKILL)
        dask.communicate()
    assert rows_of(tmp_path / "out") == rows_of(whole[0])  # nothing lost, nothing twice


def refuse(capsys, *arguments):
    """Return what a refused command says on stderr."""
    with pytest.raises(SystemExit, match="^2$"):
        main(["reproduce", *map(str, arguments)])
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--experiment size", "--experiment: 'size'; expected one of candidate-size, alignment"),
        ("--estimators V-PG PG", "--estimators: 'PG'; expected one of V-PG"),
        ("--experiment experts --estimators Set-PG", "--estimators: Set-PG; the experiment experts expected"),
        ("--k 0", "--k: '0'; expected a whole number of at least 1"),
        ("--k 10 1001", "--k: 1001; expected at most 1000, the smallest pool of the world synthetic"),
        ("--k 101", "--k: 101; expected at most 100, the smallest pool of the world films-own"),
        ("--steps 0", "--steps: '0'; expected a whole number of at least 1"),
        ("--seeds 0", "--seeds: '0'; expected a whole number of at least 1"),
        ("--processes 0", "--processes: '0'; expected a whole number from 1"),
        ("--kuairec nowhere", "--kuairec: path = 'nowhere' does not exist"),
        ("--kuairec nowhere --experiment experts", "--kuairec: 'nowhere'; expected the experiment ratings"),
        ("--step 5", "unrecognized arguments: --step"),
    ],
)
def test_bad_input_is_refused(capsys, tmp_path, arguments, words):
    assert words in refuse(capsys, *arguments.split(), "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_folders_and_schedulers_are_refused(capsys, tmp_path, monkeypatch):
    file = tmp_path / store.FILE
    file.write_text("mine\n")
    for path in (file, file / "below"):
        assert "is a file or is below one; expected a folder" in refuse(capsys, "--out", path)
    said = refuse(capsys, "--out", tmp_path)
    assert "argument --out" in said and "another header" in said and file.read_text() == "mine\n"
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = refuse(capsys, "--out", tmp_path / "new", "--scheduler", "tcp://127.0.0.1:1")
    assert "argument --scheduler" in said and "pip install 'capg[cluster]'" in said
    dask = mock.Mock(Client=mock.Mock(side_effect=OSError("timed out")))
    monkeypatch.setattr(cluster, "require_distributed", lambda: dask)
    said = refuse(capsys, "--out", tmp_path / "new", "--scheduler", "tcp://127.0.0.1:1")
    assert "'tcp://127.0.0.1:1' does not answer (timed out); expected a Dask scheduler's address" in said


def test_help_names_every_option(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")  # so that no name is broken
    with pytest.raises(SystemExit, match="^0$"):
        main(["reproduce", "--help"])
    text = capsys.readouterr().out
    for word in "experiment k estimators seeds steps processes out scheduler kuairec quick".split():
        assert re.search(rf"^  --{word}\b", text, re.M), word
    for word in (*EXPERIMENTS, *(variant.label for variant in default_variants()), "20000", "capg[cluster]"):
        assert word in text, word
    assert main([]) == 0 and "reproduce" in capsys.readouterr().out


def test_results_stay_when_matplotlib_is_missing(whole, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "capg_core.reproduce.figures", raising=False)
    before = (whole[0] / store.FILE).read_bytes()
    assert main(["reproduce", *TINY, "--out", str(whole[0])]) == 0
    out, err = capsys.readouterr()
    assert "pip install 'capg[classroom]'" in err
    # a finished run is not run again
    assert "12 of 12 runs are in" in err and out == whole[1][0] and (whole[0] / store.FILE).read_bytes() == before


def test_speed_and_share():
    line = plan(options(n_seeds=2))[0]
    values = np.array([[0.0, 5.0, 9.0, 8.0], [0.0, 4.0, 6.0, 10.0]])
    one = Summary(line, np.array([0, 10, 20, 30]), values, 0.0, 10.0)
    assert one.final == (9.0, pytest.approx(np.sqrt(2.0))) and one.share == 0.9
    assert one.steps_to(0.5) == 15.0 and one.steps_to(0.9) == 25.0 and np.isnan(one.steps_to(0.95))


def test_the_bar_says_how_long():
    now, stream = [0.0], io.StringIO()
    bar = progress.Bar(4, 400, 1, 100, stream, lambda: now[0])
    for now[0] in range(31):  # a log gets a line in ten seconds at most
        bar.update(2, 5 * now[0])
    bar.close()
    lines = stream.getvalue().splitlines()
    assert 3 <= len(lines) <= 5 and "time left unknown" in lines[0]
    assert "2/4 runs, 62.5 % of steps, 30 s left" in lines[-1]  # 150 steps are done now, and 150 are left


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_nothing_below_knows_of_the_reproduction():
    for path in (ROOT / "capg_core").rglob("*.py"):
        if path.parent.name != "reproduce" and path.name != "__main__.py":
            assert not re.search(r"import.*\breproduce\b|capg_core.reproduce", path.read_text("utf-8")), path
