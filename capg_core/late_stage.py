"""Late stages: who picks the item that is shown, from the candidates.

"optimal" ranks by utility, "anti" by minus utility, "uniform" picks at random; a mixture is one or another by chance.
Imports the checks alone.
"""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_name, as_number

LATE_STAGES = ("optimal", "uniform", "anti")


@dataclass(frozen=True)
class Mixture:
    """A late stage that follows ``first`` with probability 1 - epsilon and ``second`` with epsilon."""

    first: str
    second: str
    epsilon: float

    def __post_init__(self):
        as_name(self.first, "first", LATE_STAGES)
        as_name(self.second, "second", LATE_STAGES)
        as_number(self.epsilon, "epsilon", 0.0, 1.0)


def mix(first, second, epsilon):
    """
    Late stage that is ``second`` with probability epsilon, else ``first``.

    Parameters
    ----------
    first, second : {"optimal", "uniform", "anti"}
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


def late_stage_parts(late_stage):
    """Return [(name, probability)] of a late stage: one part, or the two of a mixture."""
    if isinstance(late_stage, Mixture):
        parts = [(late_stage.first, 1.0 - late_stage.epsilon), (late_stage.second, float(late_stage.epsilon))]
        return [(name, share) for name, share in parts if share > 0.0]
    if isinstance(late_stage, str) and late_stage == "noisy":
        raise ValueError(
            "late_stage = 'noisy'; expected one of 'optimal', 'uniform', 'anti' or a mixture: a noisy late stage is "
            "a strict one once its noise is drawn, so add the noise to utility and use 'optimal'"
        )
    return [(as_name(late_stage, "late_stage", LATE_STAGES), 1.0)]


def best_first(logits, utility, name):
    """Return the drawable items best first: by utility, ties to the lower index; "anti" turns the order round."""
    order = np.argsort(-utility if name == "optimal" else utility, kind="stable")
    return order[np.isfinite(logits[order])]
