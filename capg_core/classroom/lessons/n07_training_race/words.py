"""What the training panel says in words, and the numbers it says."""

from dataclasses import dataclass

from capg_core.classroom.lessons.n07_training_race.numbers import Lead
from capg_core.classroom.racing import MEAN_BASELINE, NO_BASELINE, PAPER_RATES, Setting
from capg_core.classroom.words import join
from capg_core.look import look_of


@dataclass(frozen=True)
class Numbers:
    """What is shown: the race's setting, or the controls' if there was none, and the curves so far.

    ``best`` is the most that the late stage allows, ``random`` what candidates picked at random give. ``passed`` is
    when CA-PG first reached the target: steps, and seconds of its training. ``state`` is idle, recorded, running, over.
    """

    setting: Setting
    horizontal: str
    best: float
    random: float
    target: float | None
    curves: dict
    lead: Lead | None
    passed: tuple | None
    measured: int
    done: int
    state: str


def ladder(value, first):
    """Return the smallest of first x 1, 2, 5, 10, 20 ... that is not below a value.

    Examples
    --------
    >>> ladder(0, 100), ladder(101, 100), ladder(2500, 100)
    (100, 200, 5000)
    """
    limit = first
    while limit < value:
        limit = limit * 5 // 2 if str(limit).startswith("2") else limit * 2
    return limit


def rate_words(setting):
    """Say the learning rate."""
    return PAPER_RATES if setting.rate == PAPER_RATES else f"rate {setting.rate:g} for all"


def title_of(setting):
    """Return the picture's title."""
    return f"K = {setting.k}, late stage {setting.late_stage}, {rate_words(setting)}"


def name_of(setting, estimator):
    """Return a curve's name."""
    return look_of(estimator).label + (" + baseline" if setting.baseline_of(estimator) else "")


def lead_words(lead, in_time):
    """Say beside the arrow when the leader was there.

    Examples
    --------
    >>> lead_words(Lead("CA-PG", "V-PG", 7.3, 175.0, 20_000.0), False)
    'CA-PG was here at step 175:\\n114 times fewer steps'
    """
    if in_time:
        return f"{lead.ahead} was here after {lead.begin:.1f} s:\n{lead.times} times less training"
    return f"{lead.ahead} was here at step {lead.begin:,.0f}:\n{lead.times} times fewer steps"


def sentence_of(numbers, in_time):
    """Say in numbers what the picture shows; no times, because a notebook stores it."""
    setting = numbers.setting
    baseline = "no baseline" if setting.baseline == NO_BASELINE else f"baseline: {setting.baseline}"
    where = f"K = {setting.k} ({setting.late_stage} late stage, {rate_words(setting)}, {baseline})"
    bounds = (
        f"The most that this late stage allows is {numbers.best:.2f}; "
        f"candidates picked at random give {numbers.random:.2f}."
    )
    if numbers.target is not None:
        bounds += f" CA-PG in the paper's setting, rate 0.01, had {numbers.target:.2f} after 500,000 steps (our run)."
    curves = {name: curve for name, curve in numbers.curves.items() if curve[0].size}
    if not curves:
        return f"Not trained yet: press Start. At {where}: {bounds[0].lower()}{bounds[1:]}"
    last = {name: y[-1] for name, (_, y) in curves.items()}
    values = join([f"{name} {last[name]:.2f}" for name in sorted(last, key=last.get, reverse=True)])
    if numbers.passed is not None:
        bounds += f" CA-PG passed that here after {numbers.passed[0]:,} steps."
    steps = f"{numbers.measured:,}"
    if not in_time and numbers.measured < (most := int(max(x[-1] for x, _ in curves.values()))):
        steps += f" to {most:,}"  # they were stopped in the midst of a round
    text = f"After {steps} steps at {where}: {values}. "
    if numbers.lead is not None and not in_time:
        lead = numbers.lead
        began = f"after {lead.begin:,.0f} steps"
        where = f"where {lead.behind} ends {began}"
        if lead.end != numbers.measured:
            where = f"{began} where {lead.behind} is after {lead.end:,.0f}"
        text += f"{lead.ahead} was {where}: {lead.times} times fewer. "
    text += bounds
    if numbers.state == "recorded":
        text += " This race is recorded: press Start for a live one."
    if "Outcome-PG" in curves and setting.baseline != MEAN_BASELINE:
        text += " Outcome-PG always has the mean reward as its baseline: its quick form is biased without one."
    return text
