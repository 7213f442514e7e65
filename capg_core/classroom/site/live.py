"""A panel on its page: its controls as native inputs, the picture it opens with, and the table of its states."""

import html
import json
from dataclasses import dataclass, replace

from capg_core.classroom.site.grid import STEPS, Offer, offers_of
from capg_core.classroom.site.states import new_panel, size_of, store


@dataclass(frozen=True)
class Live:
    """A panel's page part, ready to be written.

    Attributes
    ----------
    name : str
        Its folder's, under ``panels/``.
    body : str
        HTML.
    script : str
        The content of its ``states.js``.
    opening : str
        The sentence it opens with.
    picture : str
        The picture that it opens with, a file of its folder.
    """

    name: str
    body: str
    script: str
    opening: str
    picture: str


def live_of(name, grid, start, states, folder, stored):
    """Build the page part of a panel from its states.

    Parameters
    ----------
    name : str
    grid : Grid
    start : dict
        What the notebook opens the panel with.
    states : list of (dict, str, str)
        As `capg_core.classroom.site.states.make_states` gives them, those of all jobs.
    folder : pathlib.Path
        Where the pictures are.
    stored : str
        The sentence that the notebook stores with the panel.

    Returns
    -------
    Live
    """
    panel = new_panel(grid, start)
    offers = offers_of(panel)
    if grid.steps:
        offers[STEPS] = Offer(STEPS, "Steps trained", "play", (0, *grid.steps), grid.steps[-1], "{:,}".format)
    if grid.plays:
        offers[grid.plays] = replace(offers[grid.plays], kind="play")
    names = [n for n in offers if n in states[0][0] and len({s[n] for s, _, _ in states}) > 1]
    values = {n: _in_order(offers[n], {s[n] for s, _, _ in states}) for n in names}
    opening = next((i for i, (s, _, _) in enumerate(states) if all(s[n] == offers[n].now for n in names)), 0)
    at = {n: values[n].index(states[opening][0][n]) for n in names}
    files = list(dict.fromkeys(file for _, file, _ in states))
    says = list(dict.fromkeys(text for _, _, text in states))
    place = {file: i for i, file in enumerate(files)}, {text: i for i, text in enumerate(says)}
    table = {
        "main": grid.main if grid.main in names else names[0],
        "controls": [_control(panel, offers[n], values[n], at[n]) for n in names],
        "states": [[*(values[n].index(s[n]) for n in names), place[0][f], place[1][t]] for s, f, t in states],
        "files": files,
        "says": says,
    }
    inputs = "".join(_input(name, offers[n], values[n], at[n], table["main"] == n, panel) for n in names)
    _, file, text = states[opening]
    remark = ""
    if grid.steps and panel.text == stored and stored not in says:  # a longer training, which is recorded
        file, text = store(panel, folder), panel.text
        remark = "As the notebook opens it. Play, or move a control, for the trainings that are kept here."
    width, height = size_of(file, folder)
    cut = panel.cut or 1
    body = f"""<figure class="panel" id="{name}" data-panel="{name}" aria-label="{html.escape(panel.shows)}">
<form class="controls" autocomplete="off">{inputs}</form>
<noscript><p class="note">The controls need JavaScript; this is the setting that the notebook opens with.</p></noscript>
<div class="sheet" style="--cut:{cut};--ratio:{width / height:.4f}"{' data-cut=""' if panel.cut else ""}>
<div class="picture"><div class="half"><img src="panels/{name}/{file}" width="{width}" height="{height}"
 alt="{html.escape(text)}"></div>{_second_half(name, file) if panel.cut else ""}</div></div>
<figcaption><p class="sentence" role="status" aria-live="polite">{html.escape(text)}</p>
<p class="moved" role="status" aria-live="polite">{remark}</p>{_left_out(offers, values, grid)}</figcaption></figure>
<script src="panels/{name}/states.js"></script>"""
    script = f"capg.states({json.dumps(name)}, {json.dumps(table, ensure_ascii=False, separators=(',', ':'))});\n"
    return Live(name, body, script, text, file)


def _second_half(name, file):
    return f'<div class="half second"><img src="panels/{name}/{file}" alt=""></div>'


def _control(panel, offer, values, at):
    """Return what the page's script has to know of a control."""
    words = [offer.write(value) for value in values]
    found = {"name": offer.name, "label": offer.label, "kind": offer.kind, "words": words, "at": at}
    if offer.kind == "checks":
        found |= {"parts": list(getattr(panel, offer.name)), "ticked": [list(value) for value in values]}
    return found


def _in_order(offer, found):
    """Sort values as the panel offers them; numbers by size."""
    if all(value in offer.values for value in found):
        return sorted(found, key=offer.values.index)
    return sorted(found)


def _input(name, offer, values, at, is_main, panel):
    """Return a control as a native input with its label."""
    field, main = f"{name}-{offer.name}", " data-main" if is_main else ""
    label = f'<label for="{field}">{html.escape(offer.label)}</label>'
    words = [html.escape(offer.write(value)) for value in values]
    if offer.kind == "checks":
        boxes = "".join(
            f'<span><input type="checkbox" id="{field}-{i}"{" checked" if part in values[at] else ""}>'
            f'<label for="{field}-{i}">{html.escape(part)}</label></span>'
            for i, part in enumerate(getattr(panel, offer.name))
        )
        return f'<fieldset class="control" id="{field}"><legend>{html.escape(offer.label)}</legend>{boxes}</fieldset>'
    if offer.kind == "check":
        inside = f'<input type="checkbox" id="{field}"{" checked" if values[at] else ""}{main}>{label}'
    elif offer.kind == "select":
        options = "".join(f"<option{' selected' if i == at else ''}>{word}</option>" for i, word in enumerate(words))
        inside = f'{label}<select id="{field}"{main}>{options}</select>'
    elif offer.kind == "draws":
        count = f"<output>{words[at]} of {len(words)}</output>"
        inside = f'<button type="button" id="{field}">{html.escape(offer.label)}</button>{count}'
    else:
        return _slider(field, label, words, at, main, offer.kind == "play")
    return f'<div class="control">{inside}</div>'


def _slider(field, label, words, at, main, plays):
    play = f'<button type="button" class="play" id="{field}-play" aria-pressed="false">▶ Play</button>' if plays else ""
    span = f'min="0" max="{len(words) - 1}" step="1" value="{at}" aria-valuetext="{words[at]}"'
    slider = f'<input type="range" id="{field}" {span}{main}>'
    return f'<div class="control wide">{play}{label}{slider}<output for="{field}">{words[at]}</output></div>'


def _left_out(offers, values, grid):
    """Name what the notebook's panel has and this one has not."""
    missing = [offer.label for name, offer in offers.items() if name not in values and offer.label]
    partly = []
    for name, found in values.items():
        offer = offers[name]
        if offer.kind in ("select", "range", "checks") and len(found) < len(offer.values):
            partly.append(f"{offer.label} ({len(found)} of {len(offer.values)} values)")
    words = []
    if missing:
        words.append(f"Only in the notebook: {', '.join(missing)}.")
    if partly:
        words.append(f"Here in part: {', '.join(partly)}.")
    if len(grid.blocks) > 1:
        words.append("Where a combination is not stored, the nearest one is shown, and what moved is named.")
    return f'<p class="left-out">{html.escape(" ".join(words))}</p>' if words else ""
