"""The reference of all public names, from their numpydoc docstrings, in the look of the other pages.

Written here rather than made by pdoc: that knows no numpydoc sections, has no frame for our look and themes without
replacing its templates, and would be a dependency for what is a page of code.
"""

import html
import inspect
import re
import textwrap

import capg_core as capg
from capg_core import classroom
from capg_core.classroom.site import address
from capg_core.classroom.site.prose import code

_SECTION = re.compile(r"^([A-Z][a-z]+)\n-{3,}\n", re.M)
_LISTS = ("Parameters", "Attributes", "Returns", "Yields", "Raises")


def reference_page(shelf, name):
    """Write the page of the reference."""
    groups = {"capg_core": _public(capg), "capg_core.classroom": _public(classroom)}
    contents = "".join(
        f'<h2 id="{group}-names">{group}</h2><ul class="names">'
        + "".join(f'<li><a href="#{group}.{n}"><code>{n}</code></a></li>' for n in found)
        + "</ul>"
        for group, found in groups.items()
    )
    entries = "".join(
        f"<section><h2>{group}</h2>" + "".join(_entry(group, n, thing) for n, thing in found.items()) + "</section>"
        for group, found in groups.items()
    )
    intro = "<p>Every public name: types, errors, equation, an example. <code>import capg_core as capg</code>.</p>"
    shelf.page(name, f"<section><h1>{shelf.titles[name]}</h1>{intro}{contents}</section>{entries}", "reference")


def _public(module):
    return {name: getattr(module, name) for name in sorted(module.__all__, key=str.lower)}


def _entry(group, name, thing):
    """Return one name's heading, signature and docstring."""
    head = f'<h3 id="{group}.{name}"><code>{name}</code></h3>'
    if not callable(thing):
        return f'<article>{head}<pre class="code scroll"><code>{code(f"{name} = {thing!r}")}</code></pre></article>'
    where = _source(thing)
    kind = "class " if inspect.isclass(thing) else ""
    signature = f'<pre class="code scroll"><code>{code(kind + name + _signature(thing))}</code></pre>'
    body = docstring(inspect.getdoc(thing) or "")
    if inspect.isclass(thing) and group == "capg_core":
        body += _methods(thing)
    return f"<article>{head}{signature}{body}{where}</article>"


def _signature(thing):
    if isinstance(thing, property):
        return ""
    try:
        text = str(inspect.signature(thing))
    except (TypeError, ValueError):
        return ""
    text = re.sub(r"<[\w.]*?(\w+)( object)?( at 0x\w+)?>", r"\1", text)
    return text if len(text) < 70 else "(\n    " + ",\n    ".join(_split(text[1:].rpartition(")")[0])) + "\n)"


def _split(arguments):
    """Split at the commas that stand within no bracket."""
    parts, depth, last = [], 0, 0
    for i, letter in enumerate(arguments):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(arguments[last:i].strip())
            last = i + 1
    return [*parts, arguments[last:].strip()]


def _methods(thing):
    """Return the public methods that a class itself has, one line each."""
    found = {
        name: inspect.getdoc(member) or ""
        for name, member in vars(thing).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }
    rows = "".join(
        f"<dt><code>{name}{_signature(vars(thing)[name])}</code></dt><dd>{_inline(text.split(chr(10) * 2)[0])}</dd>"
        for name, text in found.items()
    )
    return f"<h4>Methods and properties</h4><dl>{rows}</dl>" if rows else ""


def _source(thing):
    module = getattr(thing, "__module__", "")
    url = address.source(module.replace(".", "/") + ".py")
    return (
        f'<p class="note"><a href="{url}">Source: <code>{module}</code></a></p>'
        if url
        else f'<p class="note">Source: <code>{module}</code></p>'
    )


def docstring(text):
    """Return a numpydoc docstring as HTML.

    Examples
    --------
    >>> docstring("Add.\\n\\nReturns\\n-------\\nfloat\\n    The sum.")
    '<p>Add.</p><h4>Returns</h4><dl><dt><code>float</code></dt><dd><p>The sum.</p></dd></dl>'
    """
    pieces = _SECTION.split(text)
    found = _paragraphs(pieces[0])
    for title, content in zip(pieces[1::2], pieces[2::2], strict=True):
        content = content.strip("\n")
        if title in _LISTS:
            body = _list(content)
        elif title == "Examples":
            body = f'<pre class="code scroll"><code>{code(content, "pycon")}</code></pre>'
        else:
            body = _paragraphs(content)
        found += f"<h4>{title}</h4>{body}"
    return found


def _list(content):
    """Return a section of names or types, each with an indented text."""
    rows = []
    for line in content.splitlines():
        if line and not line.startswith(" "):
            rows.append([line, []])
        elif rows:
            rows[-1][1].append(line)
    found = ""
    for head, lines in rows:
        name, colon, kind = head.partition(" : ")
        kind = f' <span class="kind">{_inline(kind)}</span>' if colon else ""
        text = _paragraphs(textwrap.dedent("\n".join(lines)))
        found += f"<dt><code>{html.escape(name)}</code>{kind}</dt><dd>{text}</dd>"
    return f"<dl>{found}</dl>"


def _paragraphs(text):
    """Return paragraphs; what is indented is an equation or code, and stays as it is."""
    found = []
    for part in re.split(r"\n\s*\n", text.strip("\n")):
        if not part.strip():
            continue
        if part.startswith("    ") or part.startswith(">>>"):
            found.append(f'<pre class="output scroll">{html.escape(textwrap.dedent(part))}</pre>')
        else:
            found.append(f"<p>{_inline(part)}</p>")
    return "".join(found)


def _inline(text):
    text = html.escape(re.sub(r":\w+:`(~?)([^`]+)`", r"`\2`", text), quote=False)
    text = re.sub(r"``([^`]+)``|`([^`]+)`", lambda m: f"<code>{m[1] or m[2]}</code>", text)
    return re.sub(r"\*\*?([A-Za-z][\w ]*)\*\*?", r"<em>\1</em>", text).replace("\n", " ")
