"""Several trainings side by side, in a thread of their own.

`Race` lets several `Training`s take turns, so that their curves grow together. Nothing here draws or knows a widget.
"""

import atexit
import threading
import time
import weakref
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

import capg_core as capg
from capg_core import late_stage
from capg_core.ladder import RUNGS
from capg_core.rung import LIST
from capg_core.training.training import Training

ESTIMATORS = tuple(name for name, rung in RUNGS.items() if rung.kernel("asymptotic") is not None)  # the quick ones
PAPER_RATES = "the paper's rates"
NO_BASELINE, LIST_BASELINE, MEAN_BASELINE = "none", "mean reward, for V-PG and V-PG-SwR", "mean reward, for all"
LATE_STAGES = {
    "optimal": "optimal",
    "noisy": "noisy",
    "half optimal, half uniform": capg.mix("optimal", "uniform", 0.5),
    **{name: name for name in late_stage.LATE_STAGES},
}
_SWITCH = 0.02  # seconds of training after which another thread gets a chance
_PAUSE = 0.0005


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a race is run with; ``rate`` is a number or `PAPER_RATES`, ``late_stage`` a name of `LATE_STAGES`."""

    estimators: tuple
    k: int
    rate: float | str
    late_stage: str
    baseline: str
    n_steps: int
    seed: int

    @property
    def eval_every(self):
        """Steps between two points of a curve: close enough to see it grow, rare enough to leave time to train."""
        return max(25, self.n_steps // 800)

    def rate_of(self, estimator):
        """Return an estimator's learning rate."""
        return capg.paper_learning_rate(estimator) if self.rate == PAPER_RATES else self.rate

    def baseline_of(self, estimator):
        """Return None or "mean". One whose asymptotic form is biased without always has it, one with a critic never."""
        rung = RUNGS[estimator]
        if rung.needs_critic:  # it takes differences of what the critic expects, where a baseline cancels
            return None
        always = self.baseline == MEAN_BASELINE or "asymptotic" in rung.needs_baseline
        return "mean" if always or (self.baseline == LIST_BASELINE and rung.sees == LIST) else None

    def training(self, world, estimator):
        """Return an estimator's `Training`."""
        return Training(
            world, estimator, self.k, n_steps=self.n_steps, eval_every=self.eval_every,
            learning_rate=self.rate_of(estimator), baseline=self.baseline_of(estimator),
            late_stage=LATE_STAGES[self.late_stage], seed=self.seed,
        )  # fmt: skip


class Race:
    """Several runs that take turns in one thread.

    Parameters
    ----------
    world : World
    setting : Setting
    report : callable
        Called as ``report(race)``, in the race's thread, after the first evaluation, then every `every` seconds, and at
        the end. A bound method is held weakly: when its object is gone, the race ends.
    every : float
        Seconds from one report to the next. A report that takes long is called less often, so that at least half
        of the time goes into training.

    Attributes
    ----------
    runs : dict
        Estimator to `Training`.
    running : bool
        False once the last report begins.
    error : Exception or None
        What ended it, if something did.
    elapsed : float
        Seconds since the first step, reports included.
    why : str
        Why it was told to stop, in a word or some; empty if it was not.
    over : threading.Event
        Set when the thread has done all it does. Wait for this, not for the thread: in Python 3.11 a `join` that is
        interrupted takes the thread for ended, and what ended it then fails.
    """

    def __init__(self, world, setting, report, every=0.165):
        self.world, self.setting, self.every = world, setting, every
        hold = weakref.WeakMethod if hasattr(report, "__self__") else (lambda function: lambda: function)
        self._report = hold(report)
        self._stop, self.over = threading.Event(), threading.Event()
        self.why = ""
        self.runs, self.running, self.error, self.elapsed = {}, True, None, 0.0
        self._begin = self._reported = self._paused = 0.0
        self._cost = 0.0
        self.thread = threading.Thread(target=self._main, name="capg-race", daemon=True)
        _ALIVE.add(self)

    def start(self):
        """Begin, in the background; any other race of this process is told to stop, so that one runs at a time."""
        stop_all("stopped, because another race was started,", but=self)
        self.thread.start()

    def stop(self, why="stopped"):
        """Ask it to end after the step in hand, and say why; return at once."""
        if not self._stop.is_set():
            self.why = why
            self._stop.set()

    @property
    def stopped(self):
        """True if it was told to stop."""
        return self._stop.is_set()

    @property
    def done(self):
        """Steps done by the run that is furthest."""
        return max((run.done for run in self.runs.values()), default=0)

    @property
    def progress(self):
        """Share of all the steps that are done, 0 to 1."""
        total = max(len(self.setting.estimators) * self.setting.n_steps, 1)
        return sum(run.done for run in self.runs.values()) / total

    @property
    def seconds_left(self):
        """Seconds until the end at the pace so far; nan before the first step."""
        share = self.progress
        return self.elapsed * (1.0 - share) / share if share > 0.0 else float("nan")

    def walk(self, stops):
        """Train in the thread of the caller, without reports, and yield these numbers of steps as they are done."""
        self._prepare()
        self.every = float("inf")
        for stop in stops:
            self._take_turns(stop)
            self.running = stop < self.setting.n_steps
            yield stop
        self.running = False

    def _main(self):
        try:
            self._prepare()
            self._take_turns(self.setting.n_steps)
        except Exception as error:
            self.error = error
        self.running = False
        try:
            self._tell()
        finally:
            self.over.set()

    def _prepare(self):
        for estimator in self.setting.estimators:
            if self._stop.is_set():
                return
            # compiles on the first call ever; on a run of its own, so that no curve's time has it in
            self.setting.training(self.world, estimator).step()
            self.runs[estimator] = self.setting.training(self.world, estimator)
            self.runs[estimator].measure()
        self._begin = time.perf_counter()
        self._tell()

    def _take_turns(self, end):
        """Give every run the same number of steps, a few at a time, until it has done so many in all."""
        done = self.done
        while done < end and not self._stop.is_set():
            done = min(done + self.setting.eval_every, end)
            for run in self.runs.values():
                while run.done < done and not self._stop.is_set():
                    run.step()
                    self._between_steps()

    def _between_steps(self):
        now = time.perf_counter()
        self.elapsed = now - self._begin
        if now - self._reported >= max(self.every, 2.0 * self._cost):
            self._tell()
        elif now - self._paused >= _SWITCH:
            # A compiled kernel never gives way; without this pause a click on Stop would have to wait.
            time.sleep(_PAUSE)
            self._paused = time.perf_counter()

    def _tell(self):
        report = self._report()
        if report is None:
            self._stop.set()
            return
        self._reported = time.perf_counter()
        report(self)
        self._cost = time.perf_counter() - self._reported


_ALIVE = weakref.WeakSet()


def stop_all(why="stopped", but=None):
    """Tell every race to stop, but one; return those that were told."""
    races = [race for race in _ALIVE if race is not but and race.thread.ident and not race.over.is_set()]
    for race in races:
        race.stop(why)
    return races


@atexit.register
def _end_all():
    """End every race before the interpreter goes away under its thread."""
    for race in stop_all():
        race.over.wait(2.0)


@lru_cache(maxsize=1)
def paper_setting_curve():
    """Return CA-PG's curve in the paper's setting: learning rate 0.01, K = 10, `capg.SyntheticWorld()`, 500,000 steps.

    Our own run of that setting, made once by a script of the tests' tools and stored; no number of the paper's.

    Returns
    -------
    steps : (101,) int64
    policy_value : (101,) float64
    """
    with (files("capg_core") / "data" / "paper_setting_curve.npz").open("rb") as source:
        stored = np.load(source, allow_pickle=False)
        return stored["steps"], stored["policy_value"]
