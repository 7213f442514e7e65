"""Late stages: who picks the item that is shown, from the candidates.

Every late stage ranks the candidates by what it sees,

    sign * utility + Gumbel noise / beta,

and shows the first, or the L first. "optimal" and "anti" see no noise (beta is infinite), "uniform" sees nothing else
(the sign is 0), "noisy" sees both. A mixture is one or another by chance. Exact formulas take no noisy one: it is a
strict one once its noise is drawn.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from capg_core._checks import as_candidates, as_generator, as_name, as_number, as_plain, as_vector, said
from capg_core._types import ArrayLike, Floats, Items

_SMALLEST_BETA = 1e-100


@dataclass(frozen=True)
class LateStage:
    """
    One late stage. Adding one is adding a record to `LATE_STAGES`.

    Attributes
    ----------
    name : str
    sign : float
        1 where a high utility is liked, -1 where a low one is, 0 where it does not count.
    beta : float
        What the noise is divided by; infinite for a late stage without noise.
    title : str
        What a figure calls it.
    """

    name: str
    sign: float
    beta: float
    title: str

    @property
    def is_uniform(self) -> bool:
        """True where every candidate is as likely to be shown."""
        return self.sign == 0.0

    @property
    def is_strict(self) -> bool:
        """True where the utility alone decides."""
        return not self.is_uniform and self.beta == np.inf

    @property
    def is_noisy(self) -> bool:
        """True where utility and noise decide."""
        return not (self.is_uniform or self.is_strict)

    def seen(self, utility: ArrayLike | None, noise: ArrayLike | None = None) -> Floats | None:
        """Return what a late stage ranks by, given its noise if it has any; None for the uniform one."""
        if self.is_uniform:
            return None
        return self.sign * utility if self.is_strict else self.sign * utility + noise


@dataclass(frozen=True)
class Noisy(LateStage):
    """A late stage that ranks by utility + Gumbel noise / beta, drawn anew for every context."""

    name: str = "noisy"
    sign: float = 1.0
    beta: float = 1.0
    title: str = "noisy late stage"

    def __init__(self, beta: float = 1.0) -> None:
        number = as_number(beta, "beta", 0.0)
        if number == 0.0:
            raise ValueError("beta = 0; expected a positive number (noise without utility is 'uniform')")
        if number < _SMALLEST_BETA:
            raise ValueError(f"beta = {said(beta)}; expected at least {_SMALLEST_BETA:g}: its noise must be finite")
        object.__setattr__(self, "beta", number)

    def __repr__(self):
        return f"Noisy(beta={self.beta})"


LATE_STAGES = {
    stage.name: stage
    for stage in (
        LateStage("optimal", 1.0, np.inf, "optimal late stage"),
        Noisy(),
        LateStage("uniform", 0.0, 1.0, "uniform late stage"),
        LateStage("anti", -1.0, np.inf, "anti: shows the worst"),
    )
}


def noisy(beta: float = 1.0) -> Noisy:
    """
    Late stage that ranks by utility plus Gumbel noise; the name "noisy" is the one with beta = 1.

    Parameters
    ----------
    beta : float
        Positive; the noise is divided by it, so a larger one is more accurate.

    Returns
    -------
    Noisy

    Raises
    ------
    ValueError
        For a beta that is not a positive number.

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.noisy(2.0)
    Noisy(beta=2.0)
    """
    return Noisy(beta)


def _as_stage(value, name, allowed=None):
    """Return the record of a name; a record is its own."""
    if isinstance(value, LateStage):
        return value
    return LATE_STAGES[as_name(value, name, LATE_STAGES if allowed is None else allowed)]


@dataclass(frozen=True)
class Mixture:
    """A late stage that follows ``first`` with probability 1 - epsilon and ``second`` with epsilon."""

    first: str | LateStage
    second: str | LateStage
    epsilon: float

    def __post_init__(self):
        _as_stage(self.first, "first")
        _as_stage(self.second, "second")
        as_number(self.epsilon, "epsilon", 0.0, 1.0)


LateStageLike: TypeAlias = str | LateStage | Mixture  # a name, or what `noisy` and `mix` return


def mix(first: str | LateStage, second: str | LateStage, epsilon: float) -> Mixture:
    """
    Late stage that is ``second`` with probability epsilon, else ``first``.

    Parameters
    ----------
    first, second : {"optimal", "uniform", "anti", "noisy"} or noisy
    epsilon : float
        Probability of the second, 0 to 1.

    Returns
    -------
    Mixture

    Raises
    ------
    ValueError
        For an unknown name or an epsilon outside [0, 1].

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.mix("optimal", "uniform", 0.1).epsilon
    0.1
    """
    return Mixture(first, second, epsilon)


def as_parts(late_stage, *, exact=False):
    """
    Return a late stage as ((record, chance), ...): one part, or those of a mixture that have a chance.

    With ``exact`` a noisy part is refused: there is no formula for it.
    """
    if isinstance(late_stage, Mixture):
        chance = float(late_stage.epsilon)
        parts = [(_as_stage(late_stage.first, "first"), 1.0 - chance)]
        parts.append((_as_stage(late_stage.second, "second"), chance))
    else:
        without_noise = [name for name, stage in LATE_STAGES.items() if not stage.is_noisy]
        known = isinstance(late_stage, str) and late_stage in LATE_STAGES
        parts = [(_as_stage(late_stage, "late_stage", without_noise if exact and not known else None), 1.0)]
    if exact and any(stage.is_noisy for stage, chance in parts if chance > 0.0):
        names = ", ".join(repr(name) for name, stage in LATE_STAGES.items() if not stage.is_noisy)
        raise ValueError(
            f"late_stage = {said(late_stage)}; expected one of {names} or a mixture: a noisy late stage is a strict "
            "one once its noise is drawn, so add the noise to utility and use 'optimal'"
        )
    return tuple((stage, chance) for stage, chance in parts if chance > 0.0)


def part_arrays(parts):
    """Return (signs, betas, chances) of the parts, as kernels take them."""
    signs, betas, chances = np.array([(stage.sign, stage.beta, chance) for stage, chance in parts]).T.copy()
    return signs, betas, chances


def as_position_weights(position_weights, n_outputs):
    """Return (L,) weights of the shown positions that sum to one; None gives the mean."""
    if position_weights is None:
        return np.full(n_outputs, 1.0 / n_outputs)
    found = as_vector(position_weights, n_outputs, "position_weights")
    if found.min() < 0.0 or found.sum() <= 0.0:
        raise ValueError(f"position_weights = {said(position_weights)}; expected no negative one and a positive sum")
    return found / found.sum()


def best_first(logits, seen):
    """Return the drawable items best first by what a late stage sees, ties to the lower index."""
    order = np.argsort(-seen, kind="stable")
    return order[np.isfinite(logits[order])]


def choose_output(
    candidates: ArrayLike,
    utility: ArrayLike,
    late_stage: LateStageLike = "optimal",
    rng: np.random.Generator | None = None,
) -> Items:
    """
    Let the late stage pick one item from each candidate list.

    Parameters
    ----------
    candidates : (N, k) array_like of int
        Candidate lists.
    utility : (n,) array_like
        Late-stage utility; ties go to the lower index.
    late_stage : {"optimal", "noisy", "uniform", "anti"}, noisy or mixture
    rng : numpy.random.Generator, optional
        Needed where the late stage is random.

    Returns
    -------
    (N,) int64
        The item shown from each list.

    Raises
    ------
    ValueError
        For bad arguments, or a random late stage without ``rng``.

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.choose_output([[0, 1], [2, 0]], [0.1, 0.5, 0.9])
    array([1, 2])
    """
    expected = "one number for each item, shape (n,)"
    utility = as_plain(utility, "utility", expected)
    if utility.ndim != 1 or utility.size == 0:
        raise ValueError(f"utility has shape {utility.shape}; expected {expected}")
    utility = as_vector(utility, utility.size, "utility")
    candidates = as_candidates(candidates, np.zeros(utility.size))
    if candidates.ndim != 2:
        raise ValueError(f"candidates has shape {candidates.shape}; expected (N, k)")
    parts = as_parts(late_stage)
    if rng is not None or len(parts) > 1 or not parts[0][0].is_strict:
        rng = as_generator(rng)
    return choose(candidates, utility, parts, rng)


def choose(candidates, utility, parts, rng):
    """Return what a late stage shows from each list; each part picks, and chance says which part counts."""
    shown = _pick(candidates, utility, parts[0][0], rng)
    if len(parts) == 1:
        return shown
    other = _pick(candidates, utility, parts[1][0], rng)
    return np.where(rng.random(candidates.shape[0]) < parts[0][1], shown, other)


def _pick(candidates, utility, stage, rng):
    if stage.is_uniform:
        column = rng.integers(candidates.shape[1], size=candidates.shape[0])
    elif stage.is_noisy:
        noise = rng.gumbel(size=candidates.shape) / stage.beta
        seen = stage.seen(utility[candidates], noise)
        # where the noise is lost beside a huge utility items tie, and the lower goes first
        best = seen == seen.max(axis=1, keepdims=True)
        column = np.where(best, candidates, utility.size).argmin(axis=1)
    else:
        rank = np.empty(utility.size, np.int64)
        rank[best_first(np.zeros(utility.size), stage.seen(utility))] = np.arange(utility.size)
        column = rank[candidates].argmin(axis=1)
    return candidates[np.arange(candidates.shape[0]), column]
