"""One problem: a context's logits and rewards, the number of candidates and the late stage, checked once."""

from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_k, as_logits, as_vector
from capg_core.late_stage import as_parts


@dataclass(frozen=True, eq=False)
class Problem:
    """
    What the exact formulas are about. `as_problem` makes one.

    Attributes
    ----------
    logits : (n,) float64
    k : int
    mean_reward, utility : (n,) float64 or None
    parts : tuple of (LateStage, float)
        The late stage, as the chances of its parts.
    noise : (n,) float64 or None
        What a noisy part adds to the utility, once it is drawn.
    critic : (n,) float64 or None
        The predicted reward of each item.
    """

    logits: np.ndarray
    k: int
    mean_reward: np.ndarray | None
    utility: np.ndarray | None
    parts: tuple
    noise: np.ndarray | None = None
    critic: np.ndarray | None = None

    def sights(self):
        """Return [(what a part of the late stage ranks by, its chance)]; None for a uniform part."""
        return [(stage.seen(self.utility, self.noise), chance) for stage, chance in self.parts]


def as_problem(logits, k, late_stage="optimal", **given):
    """
    Return the `Problem` of a public function's arguments.

    Parameters
    ----------
    logits, k, late_stage
        As the public functions have them.
    mean_reward, utility, critic : (n,) array_like, optional
        Only those that the function has. A utility of None is the mean reward where there is one.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        For a bad argument.
    """
    logits = as_logits(logits)
    k = as_k(k, logits)
    found = {"mean_reward": None, "utility": None}
    for name, values in given.items():
        if name == "utility" and values is None and found["mean_reward"] is not None:
            values = found["mean_reward"]
        found[name] = as_vector(values, logits.size, name)
    return Problem(logits, k, parts=as_parts(late_stage, exact=True), **found)
