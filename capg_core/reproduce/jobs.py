"""A job: one training run, described by plain values, and how to run it.

A job is the same wherever it runs. Its key says all that decides its numbers, so that nothing is trained twice.
It knows nothing of experiments, files or processes.
"""

import functools
import hashlib
import re
from dataclasses import dataclass

import capg_core as capg
from capg_core.ladder import chosen_of, labels

SYNTHETIC = "synthetic"
FILM_WORLDS = ("films-completed", "films-own", "films-fitted")
KUAIREC = "kuairec"  # a world's name is this, a dash and a digest of its matrix
_WORLD_SEED = 0
_MOST_POINTS = 100_000  # of a curve; more in a key is damage


class StoppedEarly(Exception):
    """The run was told to stop; what it has learned is not a result."""


@dataclass(frozen=True, order=True)
class Job:
    """
    One training run.

    Attributes
    ----------
    world : str
        "synthetic", one of `FILM_WORLDS`, or what `kuairec_name` gives.
    estimator : str
        A name of the ladder, with a residual behind a plus, such as "Swap-PG+list".
    baseline : {"none", "mean"}
    k, n_experts, n_outputs : int
    late_stage : str
        A late stage's name, or "mix:first:second:epsilon".
    learning_rate : float
    n_steps, eval_every, seed : int
    """

    world: str
    estimator: str
    baseline: str
    k: int
    n_experts: int
    n_outputs: int
    late_stage: str
    learning_rate: float
    n_steps: int
    eval_every: int
    seed: int

    @property
    def marginal(self):
        """How the estimator computes its probability; "none" if it has no such choice."""
        scored = self.chosen.scored
        return self.chosen.marginal if scored is not None and scored.marginals else "none"

    @property
    def chosen(self):
        """The estimator's record."""
        return chosen_of(self.estimator, "asymptotic")

    @property
    def steps(self):
        """The steps at which its curve has a point: every so many, and the last."""
        return sorted({*range(0, self.n_steps, self.eval_every), self.n_steps})

    @property
    def key(self):
        """The job's name: readable, and the same in every run."""
        return (
            f"{self.world}/{self.estimator}/{self.marginal}/baseline-{self.baseline}/K{self.k}/M{self.n_experts}/"
            f"L{self.n_outputs}/{self.late_stage}/rate-{self.learning_rate:g}/steps-{self.n_steps}/"
            f"every-{self.eval_every}/seed-{self.seed}"
        )


_KEY = re.compile(
    r"(?P<world>[^/]+)/(?P<estimator>[^/]+)/[^/]+/baseline-(?P<baseline>none|mean)/K(?P<k>\d+)/M(?P<n_experts>\d+)/"
    r"L(?P<n_outputs>\d+)/(?P<late_stage>[^/]+)/rate-(?P<learning_rate>[^/]+)/steps-(?P<n_steps>\d+)/"
    r"every-(?P<eval_every>\d+)/seed-(?P<seed>\d+)",
    re.ASCII,
)


def read_key(key):
    """
    Return the job that a key names.

    Parameters
    ----------
    key : str

    Returns
    -------
    Job or None
        None if no job has this key.

    Examples
    --------
    >>> job = Job("synthetic", "CA-PG", "none", 10, 1, 1, "optimal", 0.1, 400, 25, 0)
    >>> read_key(job.key) == job, read_key("my notes")
    (True, None)
    """
    found = _KEY.fullmatch(key)
    if found is None or found["estimator"] not in labels():
        return None
    given = found.groupdict()
    try:
        given |= {name: int(given[name]) for name, kind in Job.__annotations__.items() if kind is int}
        job = Job(**given | {"learning_rate": float(given["learning_rate"])})
    except ValueError:
        return None
    known = job.key == key and job.eval_every > 0 and job.n_steps <= _MOST_POINTS * job.eval_every
    return job if known else None


@dataclass(frozen=True)
class Curve:
    """What a job gives: the learning curve, and the two values to compare it with."""

    steps: tuple
    seconds: tuple
    policy_value: tuple
    optimal_value: float
    uniform_value: float


def as_late_stage(text):
    """Return the late stage that a job's text names.

    Parameters
    ----------
    text : str
        A late stage's name, or "mix:first:second:epsilon".

    Returns
    -------
    str or Mixture

    Examples
    --------
    >>> as_late_stage("mix:optimal:uniform:0.2").epsilon
    0.2
    """
    if not text.startswith("mix:"):
        return text
    _, first, second, epsilon = text.split(":")
    return capg.mix(first, second, float(epsilon))


@functools.lru_cache(maxsize=1)
def _load_kuairec(path):
    return capg.load_kuairec(path)


@functools.lru_cache(maxsize=1)
def kuairec_name(path):
    """Return the name of the KuaiRec world in a file: another file's results must not pass for this one's.

    Parameters
    ----------
    path : str

    Returns
    -------
    str

    Raises
    ------
    ValueError
        For a file that `load_kuairec` refuses.
    """
    world = _load_kuairec(path)
    digest = hashlib.sha256(repr(world.mean_reward.shape).encode() + world.mean_reward.tobytes()).hexdigest()
    return f"{KUAIREC}-{digest[:8]}"


@functools.lru_cache(maxsize=4)
def world_of(name, kuairec=None):
    """Return a world by its name; ``kuairec`` is the path of the KuaiRec data."""
    if name == SYNTHETIC:
        return capg.SyntheticWorld(seed=_WORLD_SEED)
    if name == "films-completed":
        return capg.completed_films()
    if name in FILM_WORLDS:
        return capg.observed_films(name.removeprefix("films-"))
    if kuairec is None or kuairec_name(kuairec) != name:
        raise ValueError(f"world = {name!r}; the file {kuairec!r} does not hold it")
    return _load_kuairec(kuairec)


@functools.lru_cache(maxsize=64)
def _references(world_name, kuairec, k, n_outputs, late_stage):
    """Return (optimal value, value of random candidates); many jobs share them."""
    world = world_of(world_name, kuairec)
    uniform = capg.uniform_value(world, k, late_stage=as_late_stage(late_stage), n_outputs=n_outputs)
    return capg.optimal_value(world, n_outputs=n_outputs), uniform


def run_job(job, kuairec=None, callback=None):
    """
    Train what a job describes.

    Parameters
    ----------
    job : Job
    kuairec : str, optional
        Path of the KuaiRec data, if the job's world is from there.
    callback : callable, optional
        As in `capg_core.train`.

    Returns
    -------
    Curve

    Raises
    ------
    StoppedEarly
        If the callback or an interrupt stopped the training: part of a run is no result.
    """
    world = world_of(job.world, kuairec)
    optimal, uniform = _references(job.world, kuairec, job.k, job.n_outputs, job.late_stage)
    result = capg.train(
        world, job.chosen.rung.name, job.k, n_steps=job.n_steps, learning_rate=job.learning_rate,
        baseline=None if job.baseline == "none" else job.baseline, residual=job.chosen.residual,
        n_experts=job.n_experts, n_outputs=job.n_outputs,
        late_stage=as_late_stage(job.late_stage), seed=job.seed, eval_every=job.eval_every, callback=callback,
    )  # fmt: skip
    if result.stopped:
        raise StoppedEarly(job.key)
    return Curve(
        tuple(result.steps.tolist()), tuple(result.seconds.tolist()), tuple(result.policy_value.tolist()),
        optimal, uniform,
    )  # fmt: skip


def warm_up(jobs):
    """Compile the kernels that some jobs need into the disk cache, so that their processes only load them."""
    small = capg.SyntheticWorld(8, 12)
    for chosen, baseline in {job.estimator: (job.chosen, job.baseline) for job in jobs}.values():
        result = capg.train(
            small, chosen.rung.name, 2, n_steps=2, learning_rate=0.1, residual=chosen.residual,
            baseline=None if baseline == "none" else baseline, late_stage=capg.mix("optimal", "uniform", 0.5),
            batch_size=16, seed=0, eval_every=1,
        )  # fmt: skip
        if result.stopped:  # training turns Ctrl-C into a result
            raise KeyboardInterrupt
