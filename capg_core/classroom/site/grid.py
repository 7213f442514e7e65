"""Which settings of a panel are drawn for its page, and what its controls are called there.

A lesson's ``site.py`` declares them::

    GRIDS = (Grid("VariancePanel", {"k": EVERY}, {"k": (1, 20), "baseline": EVERY}, {"k": (20,), "new_noise": 3}),)

Each dict is a block: all combinations of some values of some controls, by the controls' names in the panel's class; the
other controls keep what the notebook opens the panel with. The first control of the first block is the main one: it has
the keys in the projector's mode. A panel that trains has ``steps``, at which its picture is kept while it trains.
"""

import itertools
from dataclasses import dataclass

import ipywidgets as widgets
import numpy as np

EVERY = "every"  # all that a control offers
_PLAYS = ("start", "stop", "step")  # the actions of buttons in whose place the page has one that plays
STEPS = "steps"  # what a page calls the control that plays a training


@dataclass(frozen=True)
class Some:
    """So many of what a control offers, evenly spread, and the value that the notebook opens with."""

    number: int

    def of(self, offer):
        """Return the values."""
        others = [value for value in offer.values if value != offer.now]
        picked = {others[round(i)] for i in np.linspace(0, len(others) - 1, self.number - 1)} | {offer.now}
        return tuple(value for value in offer.values if value in picked)


@dataclass(frozen=True)
class Grid:
    """The settings of one panel that its page has.

    Attributes
    ----------
    panel : str
        The class, by its name in `capg_core.classroom`.
    blocks : tuple of dict
        Control to its values: a tuple, `EVERY` or `Some`; of a button for new noise, the number of draws.
    steps : tuple of int
        Of a panel that trains: the numbers of steps at which it is drawn. Before the first it is drawn untrained.
    live : tuple of str
        Of a panel that trains: the controls that may change without another training.
    plays : str
        The slider that the page lets run; of a panel that trains its steps do.
    """

    panel: str
    blocks: tuple
    steps: tuple = ()
    live: tuple = ()
    plays: str = ""

    def __init__(self, panel, *blocks, steps=(), live=(), plays=""):
        given = {"panel": panel, "blocks": blocks, "steps": tuple(steps), "live": tuple(live), "plays": plays}
        for name, value in given.items():
            object.__setattr__(self, name, value)

    @property
    def main(self):
        """The name of the main control."""
        return STEPS if self.steps else next(iter(self.blocks[0]))


@dataclass(frozen=True)
class Offer:
    """What one control of a panel offers.

    Attributes
    ----------
    name : str
    label : str
    kind : str
        "range", "select", "check", "checks" (boxes to tick, a tuple of names), "draws" (a button for new noise),
        "play" (the steps of a training), or "other", which no page has.
    values : tuple
        All of them, in order; empty where there are too many to list.
    now : object
        The present one.
    write : callable
        Takes a value and returns it in words.
    """

    name: str
    label: str
    kind: str
    values: tuple
    now: object
    write: callable = str


def offers_of(panel):
    """Return what a panel's controls offer: a dict of `Offer`, in the order in which they stand."""
    names = [name for row in panel.rows for name in row.split()]
    return {name: _offer(panel, name, panel._declared[name], getattr(panel, name)) for name in names}


def _offer(panel, name, control, made):
    label = control.label
    if isinstance(made, dict):
        now = tuple(n for n, box in made.items() if box.value)
        subsets = itertools.chain.from_iterable(itertools.combinations(made, i) for i in range(1, len(made) + 1))
        return Offer(name, label, "checks", tuple(subsets), now, ", ".join)
    if isinstance(made, widgets.Button) and control.action == "draw_again":
        return Offer(name, label, "draws", (), 0, lambda draw: str(draw + 1))
    if isinstance(made, widgets.Checkbox):
        return Offer(name, label, "check", (False, True), made.value, lambda ticked: "on" if ticked else "off")
    if isinstance(made, (widgets.SelectionSlider, widgets.Dropdown, widgets.RadioButtons)):
        pairs = [option if isinstance(option, tuple) else (str(option), option) for option in made.options]
        words = {value: word for word, value in pairs}
        kind = "range" if isinstance(made, widgets.SelectionSlider) else "select"
        return Offer(name, label, kind, tuple(words), made.value, lambda value: words.get(value, str(value)))
    if isinstance(made, widgets.IntSlider):
        return Offer(name, label, "range", tuple(range(made.min, made.max + 1, made.step)), made.value)
    if isinstance(made, (widgets.FloatSlider, widgets.FloatLogSlider)):
        ends = np.round(np.arange(made.min, made.max + made.step / 2, made.step), 9)
        values = made.base**ends if isinstance(made, widgets.FloatLogSlider) else ends
        form = made.readout_format
        return Offer(name, label, "range", tuple(values.tolist()), made.value, lambda value: format(value, form))
    label = "" if control.action in _PLAYS or isinstance(made, widgets.Play) else label
    return Offer(name, label, "other", (), getattr(made, "value", None))


def settings_of(grid, panel):
    """Return the settings of a grid's blocks, each once: dicts of control to value, the main control running fastest.

    Raises
    ------
    ValueError
        If a block names a control that the panel does not have, or a value that it does not offer.
    """
    offers, found = offers_of(panel), {}
    names = [name for name in offers if any(name in block for block in grid.blocks)]
    for block in grid.blocks:
        for name in block:
            if name not in offers or offers[name].kind == "other":
                known = ", ".join(n for n, offer in offers.items() if offer.kind != "other")
                raise ValueError(f"the page of {grid.panel} is to have {name!r}; expected some of {known}")
        values = {name: _values(grid, offers[name], block.get(name)) for name in names}
        names.sort(key=lambda name: (name == grid.main, name in grid.live))  # what needs a new training runs slowest
        for chosen in itertools.product(*(values[name] for name in names)):
            found.setdefault(chosen, dict(zip(names, chosen, strict=True)))
    return list(found.values())


def _values(grid, offer, wanted):
    if wanted is None:
        return (offer.now,)
    if offer.kind == "draws":
        return tuple(range(wanted))
    if isinstance(wanted, str) and wanted == EVERY:
        return offer.values
    if isinstance(wanted, Some):
        return wanted.of(offer)
    for value in wanted:
        between = isinstance(value, float) and offer.kind == "range" and offer.values[0] <= value <= offer.values[-1]
        if value not in offer.values and not between:
            offered = ", ".join(map(str, offer.values))
            raise ValueError(f"the page of {grid.panel} is to have {offer.label} {value!r}; the panel offers {offered}")
    return tuple(wanted)


def put(panel, setting):
    """Set a panel's controls, those that differ; say so if one did not take its value.

    Raises
    ------
    ValueError
        If the panel refuses the setting.
    """
    for name, value in setting.items():
        made = getattr(panel, name)
        if isinstance(made, dict):
            for n, box in sorted(
                made.items(), key=lambda pair: pair[0] not in value
            ):  # tick before another is unticked
                box.value = n in value
        elif isinstance(made, widgets.Button):
            if panel._seed != value:
                panel._seed = value
                panel.refresh()
        elif made.value != value:
            made.value = value
    offers = offers_of(panel)
    for name, value in setting.items():
        if offers[name].kind != "draws" and offers[name].now != value:
            raise ValueError(f"{type(panel).__name__} shows {offers[name].label} {offers[name].now!r}, not {value!r}")
    if panel.error or panel.message.value:
        raise ValueError(f"{type(panel).__name__} at {setting} says: {panel.error or panel.message.value}")
