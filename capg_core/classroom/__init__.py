"""What the notebooks show: panels, figures, predictions and checks. Needs matplotlib and ipywidgets."""

from capg_core.classroom.alignment_panel import AlignmentPanel
from capg_core.classroom.check import check
from capg_core.classroom.experts_panel import ExpertsPanel
from capg_core.classroom.ladder_panel import LadderPanel
from capg_core.classroom.marginals_panel import MarginalsPanel
from capg_core.classroom.predict import Predict
from capg_core.classroom.race_panel import RacePanel
from capg_core.classroom.recommendation_panel import RecommendationPanel
from capg_core.classroom.signal_noise_panel import SignalNoisePanel
from capg_core.classroom.training_panel import TrainingPanel
from capg_core.classroom.two_stage_panel import TwoStagePanel
from capg_core.classroom.variance_panel import VariancePanel

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
