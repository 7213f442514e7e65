"""Credit-assigned policy gradients for two-stage ranking: the exact core and the training.

Plackett-Luce sampling, inclusion and outcome probabilities, policy gradients and their estimators, in float64, with
NumPy arrays in and out. The widgets of the course live in ``capg_core.classroom``, which nothing here imports.
"""

from capg_core.diagnostics import GradientDiagnostics, gradient_diagnostics
from capg_core.estimators import (
    ESTIMATORS,
    choose_output,
    estimate_gradients,
    exact_variance,
    expected_estimate,
)
from capg_core.exact.inclusion import inclusion_gradient, inclusion_probabilities, inclusion_score
from capg_core.exact.outcome import outcome_probabilities, outcome_score
from capg_core.exact.plackett_luce import list_log_prob, list_score, set_log_prob, set_score
from capg_core.exact.sampling import sample_candidates
from capg_core.exact.value import policy_gradient, policy_value
from capg_core.late_stage import Mixture, Noisy, mix, noisy
from capg_core.training.evaluation import evaluate, optimal_value, uniform_value
from capg_core.training.towers import TwoTower
from capg_core.training.training import Progress, TrainingResult, paper_learning_rate, train
from capg_core.worlds.alignment import Alignment, alignment
from capg_core.worlds.films import FilmWorld, HeldOutError, completed_films, held_out_error, observed_films
from capg_core.worlds.kuairec import KuaiRecWorld, load_kuairec
from capg_core.worlds.ratings import Ratings, UserProblem, load_ratings
from capg_core.worlds.world import SyntheticWorld, World

__version__ = "0.1.0"

__all__ = [
    "ESTIMATORS",
    "Alignment",
    "FilmWorld",
    "GradientDiagnostics",
    "HeldOutError",
    "KuaiRecWorld",
    "Mixture",
    "Noisy",
    "Progress",
    "Ratings",
    "SyntheticWorld",
    "TrainingResult",
    "TwoTower",
    "UserProblem",
    "World",
    "alignment",
    "choose_output",
    "completed_films",
    "estimate_gradients",
    "evaluate",
    "exact_variance",
    "expected_estimate",
    "gradient_diagnostics",
    "held_out_error",
    "inclusion_gradient",
    "inclusion_probabilities",
    "inclusion_score",
    "list_log_prob",
    "list_score",
    "load_kuairec",
    "load_ratings",
    "mix",
    "noisy",
    "observed_films",
    "optimal_value",
    "outcome_probabilities",
    "outcome_score",
    "paper_learning_rate",
    "policy_gradient",
    "policy_value",
    "sample_candidates",
    "set_log_prob",
    "set_score",
    "train",
    "uniform_value",
]
