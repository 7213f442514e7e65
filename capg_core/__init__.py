"""Credit-assigned policy gradients for two-stage ranking: the exact core and the training.

Plackett-Luce sampling, inclusion and outcome probabilities, policy gradients and their estimators, in float64, with
NumPy arrays in and out. The widgets of the course live in ``capg_core.classroom``, which nothing here imports.
"""

from capg_core.any_model import batch_gradient, sample_batch
from capg_core.diagnostics import GradientDiagnostics, gradient_diagnostics
from capg_core.estimators import estimate_gradients, exact_variance, expected_estimate
from capg_core.exact import (
    inclusion_gradient,
    inclusion_probabilities,
    inclusion_score,
    list_log_prob,
    list_score,
    outcome_probabilities,
    outcome_score,
    policy_gradient,
    policy_value,
    sample_candidates,
    set_log_prob,
    set_score,
    single_swap_gradient,
    swap_gradient,
)
from capg_core.ladder import ESTIMATORS
from capg_core.late_stage import Mixture, Noisy, choose_output, mix, noisy
from capg_core.logs import Log, OffPolicyValue, off_policy_value, read_log
from capg_core.training import (
    Progress,
    Training,
    TrainingResult,
    TwoTower,
    evaluate,
    optimal_value,
    paper_learning_rate,
    train,
    uniform_value,
)
from capg_core.worlds import (
    Alignment,
    FilmWorld,
    HeldOutError,
    KuaiRecWorld,
    Ratings,
    SyntheticWorld,
    UserProblem,
    World,
    alignment,
    completed_films,
    held_out_error,
    load_kuairec,
    load_ratings,
    observed_films,
)

__version__ = "0.1.0"

__all__ = [
    "ESTIMATORS",
    "Alignment",
    "FilmWorld",
    "GradientDiagnostics",
    "HeldOutError",
    "KuaiRecWorld",
    "Log",
    "Mixture",
    "Noisy",
    "OffPolicyValue",
    "Progress",
    "Ratings",
    "SyntheticWorld",
    "Training",
    "TrainingResult",
    "TwoTower",
    "UserProblem",
    "World",
    "alignment",
    "batch_gradient",
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
    "off_policy_value",
    "optimal_value",
    "outcome_probabilities",
    "outcome_score",
    "paper_learning_rate",
    "policy_gradient",
    "policy_value",
    "read_log",
    "sample_batch",
    "sample_candidates",
    "set_log_prob",
    "set_score",
    "single_swap_gradient",
    "swap_gradient",
    "train",
    "uniform_value",
]
