"""The panels that tests drive without a browser: what each is made with, and settings to try."""

import itertools
from dataclasses import dataclass, field
from functools import lru_cache

import capg_core as capg
from capg_core import classroom
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import ERRS, RESTS
from capg_core.classroom.lessons.n04_credit_assignment.numbers import RUNGS
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import REWARDS, STARS
from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import ADDED, APART, LAST_FIRST
from capg_core.classroom.lessons.n10_the_last_place.numbers import BLACK_BOX, CRITICS, MOST, SAME, STAGES
from capg_core.classroom.lessons.n11_old_logs_new_policy.numbers import BY_MOVE, STEADY
from capg_core.classroom.problem import CLICKS, data_names
from capg_core.classroom.problem import REWARDS as NOISE

PATIENCE = 60


def grid(**values):
    """Return every combination of some values, as a list of dicts."""
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


@dataclass
class Case:
    """One panel.

    Attributes
    ----------
    start : dict
        What it is made with.
    changes : list of (str, object)
        Controls and values, one after the other; each gives a picture and a sentence not seen before.
    silent : list of (str, object)
        The same, but the sentence may stay.
    noise : str
        The button for new noise.
    noise_speaks : bool
        Whether the sentence says something of the noise.
    extremes : list of dict
        Settings at the ends of the controls; no sentence has one of `never` in it.
    bad : list of (dict, str)
        What no control offers, and what the message says of it.
    """

    start: dict
    size: tuple = (1200, 550)
    changes: list = field(default_factory=list)
    silent: list = field(default_factory=list)
    noise: str = "new_noise"
    noise_speaks: bool = True
    extremes: list = field(default_factory=list)
    never: tuple = ("nan",)
    bad: list = field(default_factory=list)


CASES = {
    "CreditPanel": Case(
        {"k": 5},
        size=(1200, 640),
        changes=[("k", 1), ("k", 8)],
        noise="again",
        extremes=grid(k=(1, 8)),
        bad=[({"k": 12}, "K is 12; expected 1 to 11 for 12 films")],
    ),
    "VariancePanel": Case(
        {"k": 20},
        changes=[("k", 1), ("k", 99), ("k", 5), ("peakedness", 2.0), ("rewards", CLICKS), ("baseline", True),
                 ("toggles", {"Outcome-PG": True}), ("data", data_names()[1])],
        extremes=grid(toggles=[{"Outcome-PG": True}], data=data_names()[::3], rewards=NOISE, peakedness=(0.1, 10.0),
                      k=(1, 99)),
        never=("nan", "inf", "∞"),
        bad=[({"k": 100}, "K is 100; expected 1 to 99 for 100 items"), ({"shown": ()}, "tick at least one"),
             ({"data": "stars"}, "'stars'"), ({"rewards": "stars"}, "rewards is 'stars'")],
    ),
    "TwoStagePanel": Case(
        {"k": 20, "quality": 0.3},
        changes=[("k", 5), ("quality", 0.8), ("late_stage", "picks at random"), ("late_stage", "picks the worst"),
                 ("late_stage", ERRS), ("rest", RESTS[1])],
        extremes=grid(quality=(0.0, 1.0), k=(1, 90), rest=RESTS),
        never=("nan", "-0.00"),
        bad=[({"k": 400}, "K is 400; expected 1 to 90"), ({"quality": 2.0}, "quality is 2")],
    ),
    "RacePanel": Case(
        {"k": 5, "clock": 40},
        size=(1200, 580),
        changes=[("clock", 20), ("races", 30), ("logit", 2.0), ("k", 8)],
        noise="other_races",
        extremes=grid(clock=(0, 100), races=(0, 1999), logit=(-4.0, 4.0), k=(1, 11)),
        bad=[({"k": 12}, "K is 12; expected 1 to 11 for 12 items"), ({"clock": -1}, "clock is -1"),
             ({"races": 2000}, "2000; expected 0 to 1999")],
    ),
    "SignalNoisePanel": Case(
        {"k": 20},
        changes=[("k", 5), ("batch", 64), ("rewards", CLICKS), ("baseline", True)],
        noise_speaks=False,
        extremes=grid(baseline=(False, True), rewards=NOISE, k=(1, 99), batch=(1, 512)),
        bad=[({"k": 100}, "K is 100"), ({"batch": 0}, "batch is 0"), ({"rewards": "best"}, "rewards is 'best'")],
    ),
    "LadderPanel": Case(
        {"k": 20},
        changes=[*(("rung", rung) for rung in RUNGS[1:]), ("k", 50), ("baseline", True), ("rewards", CLICKS),
                 ("way", 13)],
        noise_speaks=False,
        extremes=grid(baseline=(False, True), rewards=NOISE, k=(1, 99), rung=RUNGS)
        + grid(k=(1, 99), way=(1, 39)),
        bad=[({"k": 100}, "K is 100"), ({"rung": "PG"}, "'PG'"), ({"rewards": "stars"}, "'stars'"),
             ({"way": 41}, "way is 41"), ({"way": 15}, "expected one that ends on V-PG")],
    ),
    "AlignmentPanel": Case(
        {"stage": 1.2},
        changes=[("stage", 1.5), ("k", 8), ("offset", 2.0), ("correlation", 0.5), ("baseline", True),
                 ("rewards", STARS)],
        noise="new_items",
        extremes=grid(k=(1, 15), rewards=REWARDS, offset=[4.0], correlation=[0.0], stage=(0.0, 1.0, 2.0)),
        bad=[({"stage": 2.5}, "2.5"), ({"k": 20}, "expected 1 to 19"), ({"rewards": "none"}, "'none'"),
             ({"correlation": 1.5}, "expected 0 to 1")],
    ),
    "MarginalsPanel": Case(
        {"n": 50, "k": 10},
        changes=[("k", 20), ("peakedness", 3.0), ("n", 100)],
        noise="new_draw",
        extremes=grid(n=[20], k=(1, 19), peakedness=(0.1, 10.0)),
        never=("nan", "inf"),
        bad=[({"n": 20, "k": 25}, "K is 25; expected 1 to 19"), ({"n": 20, "k": 20}, "expected 1 to 19")],
    ),
    "ExpertsPanel": Case(
        {"n_experts": 2, "k": 24},
        changes=[("n_experts", 3), ("k", 12), ("angle", 60), ("moved", 5), ("order", LAST_FIRST), ("compare", ADDED),
                 ("compare", APART)],
        extremes=[
            {"n_experts": n_experts, "k": k, "moved": moved, "compare": ADDED, "angle": 0}
            for n_experts, k, moved in ((1, 1, 0), (4, 1, 20), (4, 40, -20), (3, 2, -20), (1, 40, 20), (4, 40, 20))
        ],
        bad=[({"k": 72}, "K is 72; expected 1 to 71"), ({"compare": "<b>"}, "'<b>'")],
    ),
    "OldLogsPanel": Case(
        {"k": 20},
        changes=[("k", 5), ("k", 1), ("k", 50), ("moved", 0.25), ("reward", STEADY), ("normalised", True)],
        silent=[("against", BY_MOVE)],
        noise="new_log",
        extremes=grid(against=[BY_MOVE], moved=(0.25, 2.0), normalised=(False, True), k=(1, 50)),
        never=("nan", "inf ", "∞"),
        bad=[({"k": 51}, "K is 51; expected 1 to 50"), ({"moved": 3.0}, "moved is 3.0"), ({"reward": "x"}, "'x'"),
             ({"against": "<b>"}, "'<b>'")],
    ),
    "LastPlacePanel": Case(
        {"k": 8},
        changes=[("k", 20), ("critic", "errs by a third"), ("stage", 1.0), ("stage", BLACK_BOX), ("reward", SAME),
                 ("critic", "constant")],
        extremes=[*grid(critic=CRITICS, k=(1, MOST), stage=(0.0, 1.0, BLACK_BOX)), *grid(stage=STAGES, k=(1, 2))],
        never=("nan", "inf", "−0.00"),
        bad=[({"k": 50}, "K is 50; expected 1 to 40"), ({"stage": "<b>"}, "'<b>'"), ({"critic": "kind"}, "'kind'"),
             ({"reward": "gold"}, "'gold'")],
    ),
    "TrainingPanel": Case({"world": capg.SyntheticWorld(40, 60), "k": 5, "n_steps": 25}),
    "RecommendationPanel": Case({"n_steps": 10}, size=(1200, 560)),
}  # fmt: skip
# Those whose picture follows from the controls alone.
STILL = [name for name, case in CASES.items() if case.changes]


def put(panel, control, value):
    """Set a control; of several boxes, those named."""
    made = getattr(panel, control)
    if isinstance(made, dict):
        for name, ticked in value.items():
            made[name].value = ticked
    else:
        made.value = value


def put_all(panel, values):
    """Set controls, K last: its end may depend on the others."""
    for control in sorted(values, key="k".__eq__):
        put(panel, control, values[control])


def make(name):
    """Return a new panel; one that trains has trained."""
    panel = getattr(classroom, name)(**CASES[name].start)
    if name not in STILL:
        panel.start()
        assert panel.wait(PATIENCE)
    return panel


def first_values(panel):
    """Return what a panel's controls are set to."""
    found = {name: getattr(panel, name) for name in panel._fields.values()}
    return {
        name: {n: box.value for n, box in made.items()} if isinstance(made, dict) else made.value
        for name, made in found.items()
    }


@lru_cache
def _shared(name):
    panel = make(name)
    return panel, first_values(panel)


def fresh(name):
    """Return the tests' panel of that name, at its first setting whatever the test before did."""
    panel, first = _shared(name)
    panel._seed = 0
    put_all(panel, first)
    panel.refresh()
    return panel
