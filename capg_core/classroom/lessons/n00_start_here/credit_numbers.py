"""The numbers behind the credit picture: twelve films, one list of K, and what one estimate does to each logit."""

from dataclasses import dataclass

import numpy as np

import capg_core as capg
from capg_core.classroom.problem import check_k

# In the order of their mean rewards, so that the late stage shows the last card that is drawn.
MEAN_REWARD = np.array([0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.34, 0.45, 0.59, 0.77, 0.98])
LOGITS = np.array([0.4, -0.2, 0.1, -0.5, 0.3, 0.0, -0.1, 0.3, -0.3, 0.1, 0.0, 0.8])
N_FILMS = len(LOGITS)
METHODS = ("V-PG", "CA-PG")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    k: int
    seed: int


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    setting : Setting
    drawn : (K,) int array
        The candidates, in the order drawn.
    shown : int
    reward : float
        Of the film shown.
    push : dict
        Method to what its estimate from this list adds to each logit, an (n,) array.
    truth : (n,) array
        The true gradient.
    """

    setting: Setting
    drawn: np.ndarray
    shown: int
    reward: float
    push: dict
    truth: np.ndarray

    def distance(self, method):
        """Return the distance between a method's estimate and the true gradient."""
        return float(np.linalg.norm(self.push[method] - self.truth))


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`.

    Lists of all lengths come from one draw of noise: another K takes the same order, cut elsewhere.
    """
    check_k(setting.k, N_FILMS, "films")
    noise = np.random.default_rng([setting.seed, 11]).gumbel(size=N_FILMS)
    drawn = np.argsort(-(LOGITS + noise))[: setting.k]
    shown = int(drawn.max())
    reward = float(MEAN_REWARD[shown])
    push = {
        "V-PG": reward * capg.list_score(LOGITS, drawn),
        "CA-PG": reward * capg.inclusion_score(LOGITS, [shown], setting.k)[0],
    }
    truth = capg.policy_gradient(LOGITS, setting.k, MEAN_REWARD)
    return Numbers(setting, drawn, shown, reward, push, truth)
