"""Training an early-stage ranker on a world, and the value of what was trained."""

from capg_core.training.evaluation import evaluate, optimal_value, uniform_value
from capg_core.training.towers import TwoTower
from capg_core.training.training import Progress, Training, TrainingResult, paper_learning_rate, train

__all__ = [
    "Progress",
    "Training",
    "TrainingResult",
    "TwoTower",
    "evaluate",
    "optimal_value",
    "paper_learning_rate",
    "train",
    "uniform_value",
]
