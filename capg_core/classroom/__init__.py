"""What the notebooks show: panels, figures, predictions and checks. Needs matplotlib and ipywidgets."""

from capg_core.classroom.check import check
from capg_core.classroom.lessons.n00_start_here.panel import VariancePanel
from capg_core.classroom.lessons.n01_two_stage_ranking.panel import TwoStagePanel
from capg_core.classroom.lessons.n02_the_race.panel import RacePanel
from capg_core.classroom.lessons.n03_exploding_variance.panel import SignalNoisePanel
from capg_core.classroom.lessons.n04_credit_assignment.panel import LadderPanel
from capg_core.classroom.lessons.n05_bias_and_alignment.panel import AlignmentPanel
from capg_core.classroom.lessons.n06_cheap_marginals.panel import MarginalsPanel
from capg_core.classroom.lessons.n07_training_race.panel import TrainingPanel
from capg_core.classroom.lessons.n08_real_ratings.panel import RecommendationPanel
from capg_core.classroom.lessons.n09_mixture_of_experts.panel import ExpertsPanel
from capg_core.classroom.predict import Predict

__all__ = [
    "AlignmentPanel",
    "ExpertsPanel",
    "LadderPanel",
    "MarginalsPanel",
    "Predict",
    "RacePanel",
    "RecommendationPanel",
    "SignalNoisePanel",
    "TrainingPanel",
    "TwoStagePanel",
    "VariancePanel",
    "check",
]
