"""A notebook as the body of a page: prose, code, stored outputs; panels, predictions and exercises come alive."""

import ast
import base64
import hashlib
import html
import json
import re
from dataclasses import dataclass, field

from capg_core.classroom.prediction import prediction_of
from capg_core.classroom.site.exercises import exercise_box
from capg_core.classroom.site.prose import Prose, code

_KERNEL_ONLY = re.compile(r"^\*\*Run all first:\*\*.*$\n?", re.M)  # there is nothing to run here
_COLAB = "colab"  # the cell that installs the package there
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Body:
    """What a notebook gives to its page.

    Attributes
    ----------
    title : str
        As HTML.
    minutes : str
    summary : str
        What one can do afterwards, as HTML.
    parts : list of (str, str, str)
        Anchor, title and content of each part, as HTML.
    pictures : dict
        File name to bytes.
    answers : list of (str, str)
        Each prediction's question, and what holds.
    """

    title: str = ""
    minutes: str = ""
    summary: str = ""
    parts: list = field(default_factory=list)
    pictures: dict = field(default_factory=dict)
    answers: list = field(default_factory=list)


def panel_calls(notebook):
    """Return the panels that a notebook's cells show: a dict of cell id to (class name, literal arguments)."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs):
            call = _panel_call(cell.source)
            if call is not None:
                found[cell.id] = call
    return found


def _panel_call(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Panel"):
            try:
                return node.func.id, {word.arg: ast.literal_eval(word.value) for word in node.keywords}
            except ValueError:  # made with something that the cells before have computed
                return node.func.id, None
    return None


def stored_text(cell):
    """Return the sentence that is stored beside a cell's picture."""
    return next(o["data"]["text/plain"] for o in cell.outputs if "image/png" in o.get("data", {}))


def body_of(notebook, solutions, link_to, panels):
    """Turn a notebook into the body of a page.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    solutions : str
        The source of its worked solutions.
    link_to : callable
        As for `Prose`.
    panels : dict
        Cell id to the HTML of the live panel that stands there.

    Returns
    -------
    Body
    """
    body, prose = Body(), Prose(link_to)
    chunks = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            chunks.append(prose.html(_opening(cell.source, body, prose) if not chunks else cell.source))
        elif cell.cell_type == "code" and cell.id != _COLAB:
            chunks.append(panels.get(cell.id) or _code_cell(cell, body, solutions, prose))
    pieces = re.split(r'(?=<h2 id=")', "\n".join(chunks))
    for piece in pieces:
        heading = re.match(r'<h2 id="([^"]+)">(.*?)</h2>', piece, re.S)
        body.parts.append((*(heading.groups() if heading else ("start", "")), piece))
    return body


def _opening(source, body, prose):
    """Take title, minutes and goal from the first cell; return what else it says."""
    title, _, rest = source.partition("\n")
    body.title = prose.line(title.lstrip("# "))
    body.minutes = (re.search(r"\*\*Time\*\*\s+(\d+)", rest) or ["", ""])[1]
    goal = re.search(r"\*\*After this notebook you can\*\*\s+(.*?)(?:\n\n|$)", rest, re.S)
    body.summary = prose.line(goal[1].replace("\n", " ")) if goal else ""
    return _KERNEL_ONLY.sub("", rest)


def _code_cell(cell, body, solutions, prose):
    source = cell.source
    asked = re.search(r'\bPredict\("(\w+)"\)', source)
    if asked:
        return _prediction(asked[1], body)
    checked = re.search(r'\bcheck\("(\d\d\.\d)"', source)
    if checked:
        return exercise_box(checked[1], source, solutions)
    revealed = re.search(r"^(\w+)\.reveal\(\).*$", source, re.M)
    shown = source if not revealed else source.replace(revealed[0], "").rstrip()
    parts = [f'<pre class="code scroll"><code>{code(shown)}</code></pre>'] if shown else []
    if _panel_call(source) and any("image/png" in o.get("data", {}) for o in cell.outputs):
        parts.append('<p class="note">In the notebook this panel has controls.</p>')
    parts += [_output(output, body) for output in cell.outputs]
    if revealed and body.answers:
        parts.append(f'<div class="reveal" data-key="{body.answers[-1][0]}" role="status" aria-live="polite"></div>')
    return f'<div class="cell">{"".join(parts)}</div>'


def _output(output, body):
    """Return one stored output as HTML."""
    if output.output_type == "stream":
        return f'<pre class="output scroll">{html.escape(_ANSI.sub("", output.text).rstrip())}</pre>'
    if output.output_type == "error":
        return f'<pre class="output scroll">{html.escape(_ANSI.sub("", chr(10).join(output.traceback)))}</pre>'
    data = output.get("data", {})
    if "image/png" in data:
        png = base64.b64decode(data["image/png"])
        name = f"pictures/{hashlib.sha256(png).hexdigest()[:16]}.png"
        body.pictures[name] = png
        said = html.escape(data.get("text/plain", ""))
        width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
        return (
            f'<figure class="drawn"><a href="{name}"><img src="{name}" alt="{said}" width="{width}" height="{height}" '
            f'loading="lazy"></a><figcaption aria-hidden="true">{said}</figcaption></figure>'
        )
    if "text/html" in data:
        return f'<div class="output scroll">{data["text/html"]}</div>'
    return f'<pre class="output scroll">{html.escape(data.get("text/plain", ""))}</pre>'


def _prediction(key, body):
    """Return a prediction as a form that answers in the page, and keep what holds for the last printed page."""
    asked = prediction_of(key)
    body.answers.append((key, asked.question, f"{asked.answer.words}. {asked.answer.said}"))
    options = "".join(
        f'<div class="option"><input type="radio" name="guess-{key}" id="guess-{key}-{i}" value="{i}">'
        f'<label for="guess-{key}-{i}">{html.escape(option.words)}</label></div>'
        for i, option in enumerate(asked.options)
    )
    words = [option.words for option in asked.options]
    said = [[asked.said_of(guess, chosen) for chosen in words] for guess in words]
    return f"""<form class="predict" id="predict-{key}" data-key="{key}" autocomplete="off">
<fieldset><legend><b>Predict.</b> {html.escape(asked.question)}</legend>{options}</fieldset>
<button type="submit">Record my guess</button>
<p class="said" role="status" aria-live="polite"></p>
<script>capg.prediction({_json(key)}, {_json(said)});</script></form>"""


def _json(thing):
    """Write for a script within a page: nothing in it may end the script."""
    return json.dumps(thing, ensure_ascii=False).replace("</", "<\\/")
