"""What has a name is one record: a new estimator or late stage is found everywhere by its record alone.

The record is added in a process of its own, before the menus are made; no other line is touched.
"""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import capg_core as capg
from capg_core import ladder, late_stage
from capg_core.look import LOOKS, look_of

ROOT = Path(capg.__file__).parents[1]

BEGIN = """
import dataclasses, io, sys
import numpy as np
import capg_core as capg
from capg_core import ladder, late_stage
logits, reward, rng = np.linspace(1.0, -1.0, 8), np.linspace(0.0, 1.0, 8), np.random.default_rng(0)
world = capg.SyntheticWorld(12, 30)
"""

ESTIMATOR = """
toy = dataclasses.replace(ladder.RUNGS["CA-PG-SwR"], name="Toy-PG", approximates=False)
ladder.RUNGS["Toy-PG"] = toy

# the formulas
lists = capg.sample_candidates(logits, 3, rng, 4)
outputs = capg.choose_output(lists, reward)
same = [capg.estimate_gradients(logits, lists, outputs, reward[outputs], e) for e in ("Toy-PG", "CA-PG-SwR")]
assert (same[0] == same[1]).all()
assert capg.gradient_diagnostics(logits, 3, reward, "Toy-PG", rng=rng).variance > 0.0
assert capg.expected_estimate(logits, 3, reward, "Toy-PG").shape == (8,)
assert capg.exact_variance(logits, 3, reward, "Toy-PG") > 0.0

# training
options = dict(n_steps=3, learning_rate=0.1, seed=0, eval_every=3)
curves = [capg.train(world, e, 5, **options).policy_value for e in ("Toy-PG", "CA-PG-SwR")]
assert (curves[0] == curves[1]).all()
assert capg.paper_learning_rate("Toy-PG") == 0.01

# reproduce
from capg_core.reproduce import command, experiments, jobs
assert "Toy-PG" in [variant.label for variant in experiments.default_variants()]
out, sys.stdout = sys.stdout, io.StringIO()
try:
    command.main(["reproduce", "--help"])
except SystemExit:
    help_text, sys.stdout = sys.stdout.getvalue(), out
assert "".join(help_text.split()).count("Toy-PG") >= 2, help_text  # among the names, and among the defaults
job = jobs.Job("synthetic", "Toy-PG", "none", 5, 1, 1, "optimal", 0.1, 2, 2, 0)
assert len(jobs.run_job(job).policy_value) == 2

# menus
from capg_core.classroom import RecommendationPanel, TrainingPanel
panel = TrainingPanel(world, k=5, n_steps=20, estimators=["Toy-PG"])
assert panel.toggles["Toy-PG"].description == "Toy-PG"
panel.start()
assert panel.wait(120) and "Toy-PG" in panel.results and "Toy-PG" in panel.text, panel.error
assert "Toy-PG" in RecommendationPanel().method.options

# tables
sys.path.insert(0, "tests/tools")
import cheatsheet_numbers, readme_numbers
assert {"Toy-PG", "Toy-PG: cosine"} <= set(readme_numbers.columns())
assert "Toy-PG" in cheatsheet_numbers.TABLES["estimators"][1] and len(cheatsheet_numbers.estimator_row("Toy-PG")) == 6
print("found everywhere")
"""

LATE_STAGE = """
late_stage.LATE_STAGES["wry"] = late_stage.LateStage("wry", -2.0, np.inf, "wry: shows the worst")
lists = capg.sample_candidates(logits, 3, rng, 4)
assert (capg.choose_output(lists, reward, "wry") == capg.choose_output(lists, reward, "anti")).all()
for function in (capg.policy_value, capg.policy_gradient):
    assert np.array_equal(function(logits, 3, reward, None, "wry"), function(logits, 3, reward, None, "anti"))
assert np.array_equal(*(capg.outcome_probabilities(logits, 3, reward, s) for s in ("wry", "anti")))
half = [capg.policy_value(logits, 3, reward, None, capg.mix("optimal", s, 0.5)) for s in ("wry", "anti")]
assert half[0] == half[1]
options = dict(n_steps=3, learning_rate=0.1, seed=0, eval_every=3, baseline="mean")
for estimator in ladder.RUNGS:
    found = [capg.train(world, estimator, 5, late_stage=s, **options).policy_value for s in ("wry", "anti")]
    assert (found[0] == found[1]).all(), estimator
assert capg.uniform_value(world, 5, late_stage="wry") == capg.uniform_value(world, 5, late_stage="anti")

from capg_core.reproduce import experiments
every = experiments.Options(("alignment",), (10,), experiments.default_variants(), 1, 10, 10, False, None)
panels = dict.fromkeys(line.panel for line in experiments.plan(every))
assert "wry: shows the worst" in panels, panels
from capg_core.classroom import TrainingPanel
panel = TrainingPanel(world, k=5, n_steps=20, late_stage="wry")
assert "wry" in panel.late_stage.options
panel.start()
assert panel.wait(120) and "wry late stage" in panel.text, panel.error
print("found everywhere")
"""


def run(script):
    command = [sys.executable, "-c", BEGIN + script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("found everywhere\n")


def test_an_estimator_is_found_everywhere_by_its_record():
    run(ESTIMATOR)


def test_a_late_stage_is_found_everywhere_by_its_record():
    run(LATE_STAGE)


@pytest.fixture
def bare(monkeypatch):
    """An estimator whose record has no formula."""
    rung = ladder.Rung("Bare-PG", "nothing", ladder.OUTPUT, unbiased=False)
    monkeypatch.setitem(ladder.RUNGS, rung.name, rung)
    return rung.name


def test_a_record_without_a_formula_refuses_by_name_where_it_is_asked(bare):
    logits, reward = np.zeros(4), np.arange(4.0)
    world = capg.World(np.ones((3, 4)))
    calls = [
        lambda: capg.estimate_gradients(logits, [[0, 1]], [1], [1.0], bare),
        lambda: capg.expected_estimate(logits, 2, reward, bare),
        lambda: capg.exact_variance(logits, 2, reward, bare),
        lambda: capg.gradient_diagnostics(logits, 2, reward, bare, rng=np.random.default_rng(0)),
        lambda: capg.train(world, bare, 2, n_steps=1, learning_rate=0.1, seed=0, eval_every=1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="estimator = 'Bare-PG'; expected one with a formula"):
            call()


def test_a_rung_with_a_kernel_alone_trains_and_has_no_diagnostics(monkeypatch):
    rung = dataclasses.replace(ladder.RUNGS["V-PG"], name="Fast-PG", score=None)
    monkeypatch.setitem(ladder.RUNGS, rung.name, rung)
    world = capg.SyntheticWorld(8, 20)
    options = {"n_steps": 2, "learning_rate": 0.1, "seed": 0, "eval_every": 2}
    fast, known = (capg.train(world, name, 3, **options).policy_value for name in ("Fast-PG", "V-PG"))
    assert (fast == known).all()
    with pytest.raises(ValueError, match="estimator = 'Fast-PG'; expected one with a formula for a single context"):
        capg.estimate_gradients(np.zeros(4), [[0, 1]], [1], [1.0], "Fast-PG")


@pytest.mark.parametrize("name", ["", "PG", "ca-pg", None, 3])
def test_an_unknown_estimator_is_an_error_everywhere(name):
    world = capg.World(np.ones((3, 4)))
    calls = [
        lambda: capg.estimate_gradients(np.zeros(4), [[0, 1]], [1], [1.0], name),
        lambda: capg.expected_estimate(np.zeros(4), 2, np.ones(4), name),
        lambda: capg.exact_variance(np.zeros(4), 2, np.ones(4), name),
        lambda: capg.gradient_diagnostics(np.zeros(4), 2, np.ones(4), name, rng=np.random.default_rng(0)),
        lambda: capg.train(world, name, 2, n_steps=1, learning_rate=0.1, seed=0, eval_every=1),
        lambda: capg.paper_learning_rate(name),
        lambda: look_of(name),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="estimator = .*; expected one of"):
            call()


@pytest.mark.parametrize("name", ["", "best", "Optimal", None, 3])
def test_an_unknown_late_stage_is_an_error_everywhere(name):
    logits, reward, world = np.zeros(4), np.ones(4), capg.World(np.ones((3, 4)))
    model = capg.TwoTower(3, 4, 2, 1, np.random.default_rng(0))
    calls = [
        lambda: capg.choose_output([[0, 1]], reward, name),
        lambda: capg.outcome_probabilities(logits, 2, reward, name),
        lambda: capg.policy_value(logits, 2, reward, None, name),
        lambda: capg.policy_gradient(logits, 2, reward, None, name),
        lambda: capg.estimate_gradients(logits, [[0, 1]], [1], [1.0], "V-PG", late_stage=name),
        lambda: capg.expected_estimate(logits, 2, reward, "CA-PG", late_stage=name),
        lambda: capg.gradient_diagnostics(logits, 2, reward, "V-PG", late_stage=name, rng=np.random.default_rng(0)),
        lambda: capg.train(world, "V-PG", 2, n_steps=1, learning_rate=0.1, seed=0, eval_every=1, late_stage=name),
        lambda: capg.evaluate(model, world, 2, late_stage=name),
        lambda: capg.uniform_value(world, 2, late_stage=name),
        lambda: capg.mix("optimal", name, 0.5),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="(late_stage|second) = .*; expected one of"):
            call()


def test_every_rung_has_a_look_of_its_own():
    assert tuple(LOOKS) == capg.ESTIMATORS == tuple(ladder.RUNGS)
    assert len({(look.colour, look.marker) for look in LOOKS.values()}) == len(LOOKS)


def test_records_say_what_the_formulas_do():
    """Unbiased is what agrees with the gradient, and what sees the output is blind to the rest of the list."""
    rng = np.random.default_rng(1)
    logits, reward = rng.normal(size=6), rng.random(6)
    gradient = capg.policy_gradient(logits, 3, reward)
    for name, rung in ladder.RUNGS.items():
        if rung.unbiased or rung.sees == ladder.OUTPUT:
            mean = capg.expected_estimate(logits, 3, reward, name)
            assert np.allclose(mean, gradient, atol=1e-12) == rung.unbiased, name
        lists = np.array([[0, 1, 2], [1, 0, 2], [1, 3, 4]])
        rows = capg.estimate_gradients(logits, lists, [1, 1, 1], np.ones(3), name, utility=np.eye(6)[1], critic=reward)
        assert np.allclose(rows[0], rows[2]) == (rung.sees == ladder.OUTPUT), name
        assert rung.ordered == (not np.allclose(rows[0], rows[1])), name
    for stage in late_stage.LATE_STAGES.values():
        assert stage.is_strict + stage.is_uniform + stage.is_noisy == 1
