"""Several trainings side by side, in a thread of their own.

`TrainingRun` is one estimator and does what ``capg.train`` does; `Race` lets several take turns, so that their curves
grow together. Nothing here draws or knows a widget.
"""

import atexit
import contextlib
import ctypes
import threading
import time
import weakref
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np

import capg_core as capg
from capg_core._checks import as_count, as_number
from capg_core.training.evaluation import check_sizes
from capg_core.training.step import LIST_ESTIMATORS, BatchGradient
from capg_core.training.training import Trainer

ESTIMATORS = ("V-PG", "V-PG-SwR", "Outcome-PG", "CA-PG", "CA-PG-SwR")
BATCH = 128
PAPER_RATES = "the paper's rates"
NO_BASELINE, LIST_BASELINE, MEAN_BASELINE = "none", "mean reward, for V-PG and V-PG-SwR", "mean reward, for all"
LATE_STAGES = {
    "optimal": "optimal",
    "noisy": "noisy",
    "half optimal, half uniform": capg.mix("optimal", "uniform", 0.5),
    "uniform": "uniform",
    "anti": "anti",
}
_SWITCH = 0.02  # seconds of training after which another thread gets a chance
_PAUSE = 0.0005


def use_one_blas_thread():
    """Tell NumPy's own OpenBLAS to use one thread from now on; do nothing where NumPy has another library.

    A step multiplies small matrices. On a machine that is busy, or has fewer processors than it shows (a container),
    two threads wait for each other: a step was measured to take twenty times as long.
    """
    home = Path(np.__file__).parent
    for path in (*home.parent.glob("numpy.libs/*openblas*"), *home.glob(".dylibs/*openblas*")):
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(str(path))
            for prefix in ("scipy_openblas", "openblas"):
                for suffix in ("64_", ""):
                    name = f"{prefix}_set_num_threads{suffix}"
                    if hasattr(library, name):
                        getattr(library, name)(1)


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
        return max(25, self.n_steps // 400)

    def rate_of(self, estimator):
        """Return an estimator's learning rate."""
        return capg.paper_learning_rate(estimator) if self.rate == PAPER_RATES else self.rate

    def baseline_of(self, estimator):
        """Return None or "mean". Outcome-PG always has one: its asymptotic form is biased without."""
        all_of_them = self.baseline == MEAN_BASELINE or estimator == "Outcome-PG"
        return "mean" if all_of_them or (self.baseline == LIST_BASELINE and estimator in LIST_ESTIMATORS) else None


class TrainingRun:
    """One estimator in training: the same curve as ``capg.train`` with the same seed.

    Attributes
    ----------
    steps, policy_value, seconds : list
        The curve, as in `capg.TrainingResult`.
    done : int
        Steps done.
    spent : float
        Seconds spent training.
    """

    def __init__(self, world, estimator, setting):
        k, _ = check_sizes(world, setting.k, 1)
        self.rate = as_number(setting.rate_of(estimator), "rate", 0.0)
        self.world, self.setting = world, setting
        self.late_stage = LATE_STAGES[setting.late_stage]
        gradient = BatchGradient(
            world, estimator, k, marginal="asymptotic", baseline=setting.baseline_of(estimator),
            late_stage=self.late_stage, n_outputs=1, position_weights=None, n_experts=1, batch_size=BATCH,
        )  # fmt: skip
        self.trainer = Trainer(
            world, gradient, n_experts=1, batch_size=BATCH, learning_rate=self.rate,
            seed=as_count(setting.seed, "seed", 0),
        )  # fmt: skip
        self.steps, self.policy_value, self.seconds = [], [], []
        self.done, self.spent = 0, 0.0

    def step(self):
        """Train one step; evaluate if it is time."""
        begin = time.perf_counter()
        self.trainer.step()
        self.spent += time.perf_counter() - begin
        self.done += 1
        if self.done % self.setting.eval_every == 0 or self.done == self.setting.n_steps:
            self.measure()

    def measure(self):
        """Append a point to the curve."""
        worth = capg.evaluate(self.trainer.model, self.world, self.setting.k, late_stage=self.late_stage)
        self.steps.append(self.done)
        self.policy_value.append(worth)
        self.seconds.append(self.spent)

    def result(self):
        """Return the curve so far as arrays."""
        curve = (np.array(x) for x in (self.steps, self.policy_value, self.seconds))
        return capg.TrainingResult(*curve, self.trainer.model, self.done < self.setting.n_steps)


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
        Estimator to `TrainingRun`.
    running : bool
        False once the last report begins.
    error : Exception or None
        What ended it, if something did.
    elapsed : float
        Seconds since the first step, reports included.
    """

    def __init__(self, world, setting, report, every=0.165):
        self.world, self.setting, self.every = world, setting, every
        hold = weakref.WeakMethod if hasattr(report, "__self__") else (lambda function: lambda: function)
        self._report = hold(report)
        self._stop = threading.Event()
        self.runs, self.running, self.error, self.elapsed = {}, True, None, 0.0
        self._begin = self._reported = self._paused = 0.0
        self._cost = 0.0
        self.thread = threading.Thread(target=self._main, name="capg-race", daemon=True)
        _ALIVE.add(self)

    def start(self):
        """Begin, in the background."""
        self.thread.start()

    def stop(self):
        """Ask it to end after the step in hand; return at once."""
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

    def _main(self):
        try:
            use_one_blas_thread()
            self._prepare()
            self._take_turns()
        except Exception as error:
            self.error = error
        self.running = False
        self._tell()

    def _prepare(self):
        for estimator in self.setting.estimators:
            if self._stop.is_set():
                return
            # compiles on the first call ever; on a run of its own, so that no curve's time has it in
            TrainingRun(self.world, estimator, self.setting).trainer.step()
            self.runs[estimator] = TrainingRun(self.world, estimator, self.setting)
            self.runs[estimator].measure()
        self._begin = time.perf_counter()
        self._tell()

    def _take_turns(self):
        """Give every run the same number of steps, a few at a time."""
        done, end = 0, self.setting.n_steps
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


@atexit.register
def _stop_all():
    """End every race before the interpreter goes away under its thread."""
    races = [race for race in _ALIVE if race.thread.is_alive()]
    for race in races:
        race.stop()
    for race in races:
        race.thread.join(2.0)


@lru_cache(maxsize=1)
def paper_setting_curve():
    """Return CA-PG's curve in the paper's setting: learning rate 0.01, K = 10, `capg.SyntheticWorld()`, 500,000 steps.

    Our own run of that setting, made once by ``build_paper_setting_curve.py`` and stored; no number of the paper's.

    Returns
    -------
    steps : (101,) int64
    policy_value : (101,) float64
    """
    with (files("capg_core") / "data" / "paper_setting_curve.npz").open("rb") as source:
        stored = np.load(source, allow_pickle=False)
        return stored["steps"], stored["policy_value"]
