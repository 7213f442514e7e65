"""The training panel without a browser: it trains what `capg.train` trains, stops, starts anew and says what failed."""

import gc
import html
import io
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from PIL import Image

import capg_core as capg
from capg_core.classroom import TrainingPanel
from capg_core.classroom import racing as training_runs
from capg_core.classroom.lessons.n07_training_race.panel import IN_SECONDS, SAME_RATE
from capg_core.classroom.racing import (
    ESTIMATORS,
    LATE_STAGES,
    LIST_BASELINE,
    MEAN_BASELINE,
    NO_BASELINE,
    PAPER_RATES,
    Race,
    Setting,
)
from capg_core.training import training

WORLD = capg.SyntheticWorld(40, 60)
LONG = 500_000
PATIENCE = 60


def small(**options):
    return TrainingPanel(WORLD, **{"k": 5, "n_steps": 100, **options})


def finished(**options):
    panel = small(**options)
    panel.start()
    assert panel.wait(PATIENCE)
    assert panel.error == ""
    return panel


@pytest.fixture
def endless():
    """A panel that would train for minutes; stopped after the test."""
    panel = small(n_steps=LONG)
    yield panel
    panel.stop()
    assert panel.wait(PATIENCE)


def wait_until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("late_stage", ["optimal", "uniform"])
def test_the_curves_are_those_of_train(late_stage):
    panel = finished(estimators=ESTIMATORS, late_stage=late_stage, baseline=LIST_BASELINE, n_steps=60, seed=3)
    assert set(panel.results) == set(ESTIMATORS)
    for estimator, result in panel.results.items():
        alone = capg.train(
            WORLD, estimator, 5, n_steps=60, learning_rate=0.1, seed=3, eval_every=25,
            baseline=None if estimator.startswith("CA") else "mean", late_stage=LATE_STAGES[late_stage],
        )  # fmt: skip
        assert result.steps.tolist() == [0, 25, 50, 60]
        np.testing.assert_array_equal(result.policy_value, alone.policy_value)
        np.testing.assert_array_equal(result.model.items, alone.model.items)
        assert not result.stopped and np.all(np.diff(result.seconds) > 0)


def test_before_the_start_the_references_are_shown():
    panel = small()
    assert not panel.running and panel.results == {} and panel.wait(0)
    assert panel.text.startswith("Not trained yet: press Start. At K = 5 (optimal late stage, rate 0.1 for all")
    assert f"{capg.optimal_value(WORLD):.2f}" in panel.text
    assert f"{capg.uniform_value(WORLD, 5):.2f}" in panel.text
    assert Image.open(io.BytesIO(panel.png)).size == (1200, 550)
    before = panel.png
    panel.k.value = 20
    assert panel.png != before and f"{capg.uniform_value(WORLD, 20):.2f}" in panel.text


def test_the_sentence_has_the_numbers_of_the_curves():
    panel = finished()
    last = {name: result.policy_value[-1] for name, result in panel.results.items()}
    assert panel.text.startswith("After 100 steps at K = 5 (optimal late stage, rate 0.1 for all, no baseline): ")
    ahead, behind = sorted(last, key=last.get, reverse=True)
    assert f": {ahead} {last[ahead]:.2f} and {behind} {last[behind]:.2f}. " in panel.text
    assert panel.bar.value == 1.0
    assert "step 100 of 100, done" in panel.status.value
    assert "s of training" not in panel.text and "left" not in panel.text  # no time in what a notebook stores


def test_curves_grow_together_and_pictures_are_drawn_on_the_way(endless, measured):
    begin = time.monotonic()
    endless.start()
    seen = set()
    while time.monotonic() - begin < 3.0 or (len(seen) < 6 and time.monotonic() - begin < PATIENCE):
        seen.add(endless.picture.value)
        steps = [result.steps[-1] for result in endless.results.values() if result.steps.size]
        if len(steps) == 2:
            assert abs(steps[0] - steps[1]) <= 2 * endless._race.setting.eval_every
        time.sleep(0.02)
    assert len(seen) > 4 and endless.pictures > 4
    assert 0.0 < endless.bar.value < 1.0 and " left" in endless.status.value
    took = sum(run.spent for run in endless._race.runs.values()) / endless._race.elapsed
    measured(f"{endless.pictures / (time.monotonic() - begin):.1f} pictures a second, {took:.0%} of it training")


def test_stop_keeps_what_was_learned_and_start_begins_anew(endless):
    endless.start_button.click()
    wait_until(lambda: endless.results and all(r.steps.size > 2 for r in endless.results.values()))
    thread = endless._race.thread
    endless.stop_button.click()
    assert endless.wait(5) and not thread.is_alive() and not endless.running
    first = endless.results
    assert all(r.stopped for r in first.values()) and "stopped" in endless.status.value
    endless.stop_button.click()  # nothing to stop: nothing happens
    assert endless.error == ""
    endless.k.value, endless.n_steps.value = 10, 500
    assert "press" not in endless.text and "Start trains with the new ones" in endless.status.value
    assert "at K = 5 " in endless.text
    endless.start_button.click()
    assert endless.wait(PATIENCE)
    assert endless.text.startswith("After 500 steps at K = 10 ")
    assert endless.results["CA-PG"].steps[0] == 0 and endless.results["CA-PG"].steps[-1] == 500


def test_start_while_running_replaces_the_race(endless):
    endless.start()
    old = endless._race.thread
    endless.n_steps.value = 500
    endless.start()
    assert endless.wait(PATIENCE)
    old.join(5)
    assert not old.is_alive()
    assert endless.text.startswith("After 500 steps")


def test_a_start_that_cannot_be_leaves_the_race_and_says_why(endless):
    endless.start_button.click()
    race = endless._race
    for box in endless.toggles.values():
        box.value = False
    endless.start_button.click()
    done = race.done
    wait_until(lambda: race.done > done + 200)  # it goes on, and draws
    assert endless._race is race and endless.running
    assert "Nothing is ticked" in endless.status.value and "trains with the new ones" not in endless.status.value


def test_controls_do_not_disturb_a_race():
    panel = small(n_steps=500)
    panel.start()
    panel.k.value, panel.rate.value, panel.late_stage.value, panel.seed.value = 20, 1.0, "anti", 9
    panel.toggles["V-PG"].value = False
    panel.baseline.value = MEAN_BASELINE
    assert panel.wait(PATIENCE)
    alone = capg.train(WORLD, "V-PG", 5, n_steps=500, learning_rate=0.1, seed=0, eval_every=25)
    np.testing.assert_array_equal(panel.results["V-PG"].policy_value, alone.policy_value)
    assert panel.text.startswith("After 500 steps at K = 5 (optimal late stage, rate 0.1 for all, no baseline)")


def test_the_rate_switch():
    panel = small(n_steps=50)
    assert panel.rate_mode.value == SAME_RATE and not panel.rate.disabled
    panel.rate_mode.value = PAPER_RATES
    assert panel.rate.disabled and "the paper's rates" in panel.text
    assert panel.rate.layout.visibility == "hidden"  # it would show another rate than the one used
    panel.start()
    assert panel.wait(PATIENCE)
    for estimator in ("V-PG", "CA-PG"):
        alone = capg.train(
            WORLD, estimator, 5, n_steps=50, learning_rate=capg.paper_learning_rate(estimator), seed=0, eval_every=25
        )
        np.testing.assert_array_equal(panel.results[estimator].policy_value, alone.policy_value)
    assert small(rate=None).rate_mode.value == PAPER_RATES
    assert small(rate=0.07).rate.value == 0.07


def test_outcome_pg_says_that_it_has_a_baseline():
    for baseline in (NO_BASELINE, LIST_BASELINE):
        panel = finished(estimators=["Outcome-PG"], n_steps=25, baseline=baseline)
        assert "Outcome-PG always has the mean reward as its baseline" in panel.text


def test_the_axis_switches_without_training_again():
    panel = finished()
    before, results = panel.png, panel.results
    panel.horizontal.value = IN_SECONDS
    assert panel.error == "" and panel.png != before
    assert panel.results["CA-PG"].model is results["CA-PG"].model
    panel.horizontal.value = "steps"
    assert panel.png == before


@pytest.mark.parametrize("late_stage", LATE_STAGES)
@pytest.mark.parametrize("k", [1, 60])
def test_extremes_show_no_error_and_no_nan(late_stage, k):
    panel = finished(late_stage=late_stage, k=k, n_steps=25)
    assert "nan" not in panel.text


def test_a_world_where_all_is_alike():
    panel = TrainingPanel(capg.World(np.zeros((3, 4))), k=2, n_steps=25)
    panel.start()
    assert panel.wait(PATIENCE) and panel.error == ""


def test_bad_input_shows_in_the_message():
    panel = small(k=61)
    assert "k = 61; expected at most 60" in panel.error
    panel.start()
    assert panel.wait(PATIENCE)
    assert "k = 61; expected at most 60" in html.unescape(panel.message.value)
    panel.k.value = 10
    assert panel.error == "" and panel.message.value == "" and "At K = 10" in panel.text
    for box in panel.toggles.values():
        box.value = False
    panel.start_button.click()
    assert "tick at least one" in panel.message.value and panel.error == "" and "ValueError" not in panel.message.value
    panel.toggles["CA-PG"].value = True
    panel.n_steps.value = 500
    panel.start_button.click()
    assert panel.wait(PATIENCE) and panel.error == ""
    for wrong in ({"estimators": ["PG"]}, {"world": 3}):
        with pytest.raises(ValueError, match="expected"):
            TrainingPanel(**wrong)


def test_an_error_while_training_shows_in_the_message(endless, monkeypatch):
    endless.start()
    wait_until(lambda: endless.pictures > 1)

    def fail(*args, **options):
        raise FloatingPointError("<b>broken</b>")

    monkeypatch.setattr(training, "evaluate", fail)
    assert endless.wait(PATIENCE)
    assert endless.error == "FloatingPointError: <b>broken</b>"
    assert "&lt;b&gt;broken" in endless.message.value
    monkeypatch.undo()
    endless.n_steps.value = 500
    endless.start()
    assert endless.wait(PATIENCE) and endless.error == "" and endless.message.value == ""


def test_one_race_runs_at_a_time_and_the_other_says_why_it_ended(endless):
    second = small(seed=1, n_steps=200)
    endless.start()
    wait_until(lambda: endless.pictures > 1)
    second.start()
    assert endless.wait(10) and "stopped, because another race was started, after" in endless.status.value
    assert second.wait(PATIENCE) and second.text.startswith("After 200 steps")
    alone = capg.train(WORLD, "CA-PG", 5, n_steps=200, learning_rate=0.1, seed=1, eval_every=25)
    np.testing.assert_array_equal(second.results["CA-PG"].policy_value, alone.policy_value)


def test_a_cell_that_runs_again_leaves_no_race_behind(endless):
    """The old panel is out of the page then, so nobody could stop its race."""
    endless.start()
    wait_until(lambda: endless.pictures > 1)
    again = small()
    assert endless.wait(10) and "another panel was opened" in endless.status.value
    assert again.status.value == "" and not again.running
    assert not [thread for thread in threading.enumerate() if thread.name == "capg-race"]


def test_an_interrupted_race_says_so(endless):
    """As Ctrl-C or Lab's stop button in a cell that waits; the race's own thread reports to its end."""
    endless.start()
    wait_until(lambda: endless.pictures > 1)
    threading.Timer(0.5, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        endless.wait(PATIENCE)
    assert not endless.running and endless.error == ""
    assert f"step {endless._race.done:,} of {LONG:,}, interrupted after" in endless.status.value
    assert endless.text.startswith("After ")
    endless.n_steps.value = 500
    endless.start()
    assert endless.wait(PATIENCE) and "done after" in endless.status.value


IN_A_KERNEL = """
import threading
from jupyter_client.manager import start_new_kernel

CELL = (
    "import threading, capg_core as capg\\n"
    "from capg_core.classroom import TrainingPanel\\n"
    "panel = TrainingPanel(capg.SyntheticWorld(40, 60), k=5, n_steps=500_000); panel.start()\\n"
)
GHOSTS = "[t.name for t in threading.enumerate()].count('capg-race')"
manager, client = start_new_kernel(kernel_name="python3")

def run(code):
    out = []
    def hear(message):
        out.append(message["content"].get("text", "") + message["content"].get("ename", ""))
    client.execute_interactive(code, output_hook=hear, timeout=60)
    return "".join(out).strip()

try:
    threading.Timer(8.0, manager.interrupt_kernel).start()
    assert "KeyboardInterrupt" in run(CELL + "panel.wait()")
    said = run(f"print(panel.status.value, {GHOSTS})")
    assert "interrupted after" in said and said.endswith(" 0"), said
    run(CELL + "old = panel")
    run(CELL)
    said = run("print(old.wait(20), old.status.value, panel.running)")
    assert said.startswith("True") and "stopped, because another " in said and said.endswith("True"), said
    assert run(f"print({GHOSTS})") == "1"
    assert run("panel.stop(); print(panel.wait(20))") == "True"
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


@pytest.mark.slow
def test_in_a_kernel_an_interrupt_and_a_second_run_of_the_cell_leave_no_ghost():
    done = subprocess.run([sys.executable, "-c", IN_A_KERNEL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_closed_panel_leaves_no_thread_and_no_memory():
    panel = small(n_steps=LONG)
    panel.start()
    thread, gone = panel._race.thread, weakref.ref(panel)
    assert thread.daemon
    panel.close()
    del panel
    thread.join(10)
    assert not thread.is_alive()
    gc.collect()
    assert gone() is None


def test_a_race_ends_when_its_listener_is_gone():
    class Listener:
        def hear(self, race):
            pass

    listener = Listener()
    setting = Setting(
        estimators=("V-PG",), k=5, rate=0.1, late_stage="optimal", baseline="none", n_steps=LONG, seed=0
    )
    race = Race(WORLD, setting, listener.hear)
    race.start()
    wait_until(lambda: race.progress > 0)
    del listener
    gc.collect()
    race.thread.join(10)
    assert not race.thread.is_alive()


def test_the_interpreter_ends_races(endless):
    endless.start()
    training_runs._end_all()
    assert not endless.running


def test_no_thread_is_left():
    assert not [thread for thread in threading.enumerate() if thread.name == "capg-race"]
