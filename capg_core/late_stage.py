"""Late stages: who picks the item that is shown, from the candidates.

"optimal" ranks by utility, "anti" by minus utility, "uniform" picks at random, "noisy" ranks by utility plus Gumbel
noise divided by beta; a mixture is one or another by chance. Exact formulas take no noisy one: it is a strict one once
its noise is drawn. Training and evaluation take all four. Imports the checks alone.
"""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_name, as_number

LATE_STAGES = ("optimal", "uniform", "anti")


@dataclass(frozen=True)
class Noisy:
    """A late stage that ranks by utility + Gumbel noise / beta, drawn anew for every context."""

    beta: float = 1.0

    def __post_init__(self):
        if as_number(self.beta, "beta", 0.0) == 0.0:
            raise ValueError("beta = 0; expected a positive number (noise without utility is 'uniform')")


def noisy(beta=1.0):
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


def _as_stage(value, name):
    return value if isinstance(value, Noisy) else as_name(value, name, (*LATE_STAGES, "noisy"))


@dataclass(frozen=True)
class Mixture:
    """A late stage that follows ``first`` with probability 1 - epsilon and ``second`` with epsilon."""

    first: str | Noisy
    second: str | Noisy
    epsilon: float

    def __post_init__(self):
        _as_stage(self.first, "first")
        _as_stage(self.second, "second")
        as_number(self.epsilon, "epsilon", 0.0, 1.0)


def mix(first, second, epsilon):
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


def all_parts(late_stage):
    """Return [(name or Noisy, probability)] of a late stage: one part, or the two of a mixture."""
    if not isinstance(late_stage, Mixture):
        parts = [(_as_stage(late_stage, "late_stage"), 1.0)]
    else:
        share = float(late_stage.epsilon)
        parts = [(late_stage.first, 1.0 - share), (late_stage.second, share)]
    return [(Noisy() if stage == "noisy" else stage, share) for stage, share in parts if share > 0.0]


def late_stage_parts(late_stage):
    """Return [(name, probability)] of a late stage that has exact formulas: no part is noisy."""
    if isinstance(late_stage, Noisy) or (isinstance(late_stage, str) and late_stage == "noisy"):
        parts = [(Noisy(), 1.0)]
    elif isinstance(late_stage, Mixture):
        parts = all_parts(late_stage)
    else:
        parts = [(as_name(late_stage, "late_stage", LATE_STAGES), 1.0)]
    if any(isinstance(stage, Noisy) for stage, _ in parts):
        raise ValueError(
            f"late_stage = {late_stage!r}; expected one of 'optimal', 'uniform', 'anti' or a mixture: a noisy late "
            "stage is a strict one once its noise is drawn, so add the noise to utility and use 'optimal'"
        )
    return parts


def best_first(logits, utility, name):
    """Return the drawable items best first: by utility, ties to the lower index; "anti" turns the order round."""
    order = np.argsort(-utility if name == "optimal" else utility, kind="stable")
    return order[np.isfinite(logits[order])]
