"""One context, to machine precision: the race, its probabilities, their gradients and the value."""

from capg_core.exact.inclusion import inclusion_gradient, inclusion_probabilities, inclusion_score
from capg_core.exact.outcome import outcome_probabilities, outcome_score
from capg_core.exact.plackett_luce import list_log_prob, list_score, set_log_prob, set_score
from capg_core.exact.sampling import sample_candidates
from capg_core.exact.swap import single_swap_gradient, swap_gradient
from capg_core.exact.value import policy_gradient, policy_value

__all__ = [
    "inclusion_gradient",
    "inclusion_probabilities",
    "inclusion_score",
    "list_log_prob",
    "list_score",
    "outcome_probabilities",
    "outcome_score",
    "policy_gradient",
    "policy_value",
    "sample_candidates",
    "set_log_prob",
    "set_score",
    "single_swap_gradient",
    "swap_gradient",
]
