"""What the notebooks show: panels, predictions and checks. Needs matplotlib and ipywidgets."""

import importlib

from capg_core.classroom.check import check

# Each is loaded when it is asked for: a notebook shows a panel or two, and a check none.
_HOMES = {
    "CreditPanel": "lessons.n00_start_here.credit_panel",
    "VariancePanel": "lessons.n00_start_here.panel",
    "TwoStagePanel": "lessons.n01_two_stage_ranking.panel",
    "RacePanel": "lessons.n02_the_race.panel",
    "SignalNoisePanel": "lessons.n03_exploding_variance.panel",
    "LadderPanel": "lessons.n04_credit_assignment.panel",
    "AlignmentPanel": "lessons.n05_bias_and_alignment.panel",
    "MarginalsPanel": "lessons.n06_cheap_marginals.panel",
    "TrainingPanel": "lessons.n07_training_race.panel",
    "RecommendationPanel": "lessons.n08_real_ratings.panel",
    "ExpertsPanel": "lessons.n09_mixture_of_experts.panel",
    "LastPlacePanel": "lessons.n10_the_last_place.panel",
    "OldLogsPanel": "lessons.n11_old_logs_new_policy.panel",
    "Predict": "predict",
    "pictures_of": "picture",
}
__all__ = [*_HOMES, "check"]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__():
    return [*globals(), *_HOMES]
