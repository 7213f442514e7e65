"""An exercise on its page: the question, what often goes wrong, and the worked solution, both folded away."""

import ast
import html

from capg_core.classroom.exercises import EXERCISES
from capg_core.classroom.site.prose import code


def exercise_box(key, answer, solutions):
    """Return an exercise as HTML.

    Parameters
    ----------
    key : str
    answer : str
        The cell in which the student is to write.
    solutions : str
        The source of the notebook's worked solutions.

    Returns
    -------
    str
    """
    exercise = EXERCISES[key]
    solution = code(solution_of(key, solutions))
    hints = "".join(f"<li><b>{html.escape(m.name)}.</b> {html.escape(m.hint)}</li>" for m in exercise.misconceptions)
    return f"""<div class="exercise" id="exercise-{key}">
<p class="tag">Exercise {key}</p>
<p>{html.escape(exercise.question)}</p>
<pre class="code scroll"><code>{code(answer)}</code></pre>
<details class="hints"><summary>Hints: what often goes wrong</summary><ul>{hints}</ul></details>
<details class="solution"><summary>A worked solution</summary>
<pre class="code scroll"><code>{solution}</code></pre></details>
<p class="note">Checking an answer needs a kernel: open the notebook, and run this cell there.</p>
</div>"""


def solution_of(key, source):
    """Return the part of a file of solutions that an answer is made of: its statements, and those that they use.

    Examples
    --------
    >>> print(solution_of("a", "y = 1\\nf = y + 1\\nx = 2\\nANSWERS = {'a': f, 'b': x}"))
    y = 1
    f = y + 1
    """
    tree = ast.parse(source)
    table = next(node.value for node in tree.body if isinstance(node, ast.Assign) and _names(node) == {"ANSWERS"})
    answer = next(value for name, value in zip(table.keys, table.values, strict=True) if name.value == key)
    lines = source.splitlines()
    parts = [_text(lines, node) for node in _with_later(tree.body, _used(answer))]
    if not isinstance(answer, ast.Name):
        parts.append(f"answer = {ast.get_source_segment(source, answer)}")
    return "\n".join(parts).strip()


def _with_later(body, wanted):
    """Return the statements that give these names and, in turn, those that they use; in the order of the file."""
    kept, wanted = set(), set(wanted)
    while True:
        more = [
            n for n in body if n not in kept and _names(n) & wanted and not isinstance(n, (ast.Import, ast.ImportFrom))
        ]
        if not more:
            return [node for node in body if node in kept]
        for node in more:
            kept.add(node)
            wanted |= _used(node)


def _names(node):
    """Return the names that a statement gives."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _used(node):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _text(lines, node):
    """Return the lines of a statement, and the comments right above it."""
    first = node.lineno - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    space = "\n" if isinstance(node, ast.FunctionDef) and first else ""
    return space + "\n".join(lines[first : node.end_lineno])
