"""Controls as a panel's class declares them: what each is called, offers and begins with.

A declaration holds no widget. `capg_core.classroom.panel.Panel` makes the widgets, one set for each panel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets

MARGIN = "0 16px 0 12px"  # of what stands in a row without a column of labels before it


@dataclass(frozen=True)
class Control:
    """One control.

    Attributes
    ----------
    label : str
    make : callable
        Takes the value to begin with and returns the widget, or a dict of them.
    value : object
        What it begins with.
    read : callable or None
        Takes what was made and returns the value for the panel's setting; None for what has no value, as a button.
    field : str
        The setting's name for the value, if it is not the control's.
    action : str
        The panel's method that a click calls.
    """

    label: str
    make: Callable
    value: Any = None
    read: Callable | None = None
    field: str = ""
    action: str = ""


def _value(widget):
    return widget.value


def _rounded(widget):
    """Return a slider's value without what its steps leave of rounding."""
    return round(widget.value, 6)


def _stripped(widget):
    return widget.value.strip()


def _plain(kind, label, value, look, read=_value, **options):
    return Control(label, lambda value: kind(value=value, **options, **_look(label, **look)), value, read)


def _look(label, label_width=105, width=520):
    style = {"description_width": f"{label_width}px"}
    # a widget has a margin of 2 pixels; on a narrow page it is no wider than the page
    layout = widgets.Layout(width=f"{width}px", max_width="calc(100% - 4px)")
    return {"description": label, "style": style, "layout": layout}


def whole(label, value, least, most, step=1, **look):
    """Declare a slider over whole numbers."""
    return _plain(widgets.IntSlider, label, value, look, min=least, max=most, step=step)


def number(label, value, least, most, step, form=".2f", **look):
    """Declare a slider over numbers."""
    limits = {"min": least, "max": most, "step": step}
    return _plain(widgets.FloatSlider, label, value, look, _rounded, readout_format=form, **limits)


def log_number(label, value, least, most, step=0.1, form=".2f", lazy=False, **look):
    """Declare a slider over the numbers from 10 ** least to 10 ** most; a lazy one waits until the mouse lets go."""
    limits = {"base": 10, "min": least, "max": most, "step": step, "continuous_update": not lazy}
    return _plain(widgets.FloatLogSlider, label, value, look, _rounded, readout_format=form, **limits)


def whole_text(label, value, most=10**6, **look):
    """Declare a field for a whole number from 0 on."""
    return _plain(widgets.BoundedIntText, label, value, {"width": 220, **look}, min=0, max=most)


def text(label, hint, **look):
    """Declare a field for words, with a hint where it is empty."""
    look = {"width": 420, **look}
    return _plain(widgets.Text, label, "", look, _stripped, placeholder=hint, continuous_update=False)


def _one_of(kind, label, value, choices, write, look, **options):
    def make(value):
        offered = choices() if callable(choices) else choices
        if write is not None:
            offered = [(write(choice), choice) for choice in sorted({*offered, value})]
        values = [choice[1] if isinstance(choice, tuple) else choice for choice in offered]
        if value not in values:
            raise ValueError(f"{label} is {value!r}; expected one of {', '.join(map(str, values))}")
        return kind(options=list(offered), value=value, **options, **_look(label, **look))

    return Control(label, make, value, _value)


def pick(label, value, choices, write=None, lazy=False, **look):
    """Declare a slider over some choices.

    Parameters
    ----------
    label : str
    value : object
    choices : sequence, or callable that returns one
        Values, or pairs of words and value.
    write : callable, optional
        Writes a number; the one to begin with is then offered among the others, whatever it is.
    lazy : bool
        Wait until the mouse lets go.
    **look
        ``label_width`` and ``width`` in pixels, as for every control.

    Returns
    -------
    Control
    """
    return _one_of(widgets.SelectionSlider, label, value, choices, write, look, continuous_update=not lazy)


def choice(label, value, choices, write=None, **look):
    """Declare a menu of choices, given as for `pick`."""
    return _one_of(widgets.Dropdown, label, value, choices, write, {"width": 400, **look})


def candidates(value, choices, **look):
    """Declare the slider of K, over 1 to a number or over some numbers."""
    if isinstance(choices, int):
        return whole("Candidates K", value, 1, choices, **look)
    return pick("Candidates K", value, choices, str, **look)


def _box(label, ticked):
    layout = widgets.Layout(width="auto", max_width="calc(100% - 28px)", height="auto", margin=MARGIN)
    return widgets.Checkbox(value=ticked, description=label, indent=False, layout=layout)


def tick(label, value=False):
    """Declare a box to tick."""
    return Control(label, lambda value: _box(label, value), value, _value)


def ticks(label, names, value, field):
    """Declare a box for each name; the value is a tuple of those ticked.

    Parameters
    ----------
    label : str
        Before the boxes.
    names : sequence of str
    value : sequence of str
        The names ticked at the start.
    field : str
        The setting's name for the tuple.

    Returns
    -------
    Control
    """

    def make(value):
        for name in value:
            if name not in names:
                raise ValueError(f"{field} has {name!r}; expected some of {', '.join(names)}")
        return {name: _box(name, name in value) for name in names}

    return Control(label, make, value, lambda boxes: tuple(n for n, box in boxes.items() if box.value), field)


def button(label, action, *, style="", width=120):
    """Declare a button; a click calls the panel's method of that name."""

    def make(value):
        return widgets.Button(description=label, button_style=style, layout=widgets.Layout(width=f"{width}px"))

    return Control(label, make, action=action)


def play(label, most, interval=100):
    """Declare buttons that count from 0 to a number, a step each `interval` milliseconds; a panel links the count."""

    def make(value):
        return widgets.Play(description=label, min=0, max=most, interval=interval, show_repeat=False)

    return Control(label, make)


def widgets_of(made):
    """Return as a list what a control made."""
    return list(made.values()) if isinstance(made, dict) else [made]


def lay_out(rows):
    """Put what controls made into rows that wrap where the page is narrow.

    Parameters
    ----------
    rows : sequence of sequences of (Control or None, widget or dict)

    Returns
    -------
    ipywidgets.VBox
    """
    wrap = widgets.Layout(flex_flow="row wrap", align_items="center")
    boxes = []
    for row in rows:
        found = []
        for control, made in row:
            if isinstance(made, dict):
                words = f'<div style="font-size:14px;text-align:right">{control.label}</div>'
                found.append(widgets.HTML(words, layout=widgets.Layout(width="105px", margin="0 0 0 2px")))
            found += widgets_of(made)
        boxes.append(widgets.HBox(found, layout=wrap))
    return widgets.VBox(boxes)
