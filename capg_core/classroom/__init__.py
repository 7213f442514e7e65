"""What the notebooks show: panels, figures, predictions and checks. Needs matplotlib and ipywidgets."""

from capg_core.classroom.check import check
from capg_core.classroom.predict import Predict
from capg_core.classroom.variance_panel import VariancePanel

__all__ = ["Predict", "VariancePanel", "check"]
