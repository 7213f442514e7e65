"""Markdown as HTML: headings with anchors, formulas as MathML, code in colours, links that stay within the folder."""

import html
import re
import unicodedata
from xml.etree import ElementTree

import mistune
from latex2mathml.converter import convert
from mistune.plugins.math import math
from mistune.plugins.table import table
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_MATHML = "http://www.w3.org/1998/Math/MathML"
_FORMATTER = HtmlFormatter(nowrap=True)
_LONG = 24  # characters of a formula within a line, from which on the line may break in it, as TeX does
_BREAKS = set("=≤≥<>≈∈∝∼→⇒⟹≠+−,;")
_NO_OPERATOR = re.compile(r"<mo>(&#x(?:0221E|02026|022EF|02205|02207);)</mo>")  # infinity, dots, the empty set, nabla
_NORM = re.compile(r"<mo>(&#x02016;)</mo>")  # it would stretch to all that follows
# As TeX sets the name of a function: a thin space around it, and none before a parenthesis
_FUNCTION = re.compile(r"<mi>(log|exp|max|min|Var|argmax)</mi>(?=(<mo[^>]*>&#x00028;)?)")


def formula(latex, block=False):
    """Return a formula in LaTeX as MathML.

    Examples
    --------
    >>> "<mi>K</mi>" in formula("K")
    True
    """
    found = convert(latex.strip(), display="block" if block else "inline")
    found = re.sub(r"\\[lr]Vert(?=</mo>)", "&#x02016;", found)  # as it leaves a \bigl with a \lVert
    found = _NORM.sub(r'<mo stretchy="false" form="prefix" lspace="0.06em" rspace="0.06em">\1</mo>', found)
    found = _NO_OPERATOR.sub(r"<mi>\1</mi>", found)
    found = _FUNCTION.sub(_set_function, found)
    if block:
        return f'<div class="formula scroll">{found}</div>'
    return _in_pieces(found) if len(latex) > _LONG else found


def _in_pieces(formula):
    """Cut a formula after its relations and signs that stand in no parenthesis: a browser breaks no line in MathML."""
    row = ElementTree.fromstring(formula).find(f"{{{_MATHML}}}mrow")
    pieces, depth = [[]], 0
    for part in row:
        pieces[-1].append(part)
        sign = part.text or "" if part.tag.endswith("}mo") else ""
        depth += (sign in "([{") - (sign in ")]}") if sign else 0
        if sign and sign in _BREAKS and depth == 0 and len(pieces[-1]) > 1:
            part.set("form", "infix")
            pieces.append([])
    found = []
    for piece in pieces:
        inner = "".join(ElementTree.tostring(part, encoding="unicode") for part in piece)
        inner = re.sub(r' xmlns(:\w+)?="[^"]*"|(?<=<)ns0:|(?<=</)ns0:', "", inner)
        found.append(f'<math xmlns="{_MATHML}"><mrow>{inner}</mrow></math>' if piece else "")
    return "<wbr>".join(found)


def _set_function(found):
    name, parenthesis = found.groups()
    return f'<mo form="prefix" lspace="0.167em" rspace="{0 if parenthesis else 0.167}em">{name}</mo>'


def code(text, language="python"):
    """Return code in colours, as the content of a ``<pre>``."""
    try:
        return highlight(text, get_lexer_by_name(language), _FORMATTER)
    except ClassNotFound:
        return html.escape(text)


def anchor(words):
    """Return the anchor of a heading.

    Examples
    --------
    >>> anchor("Noise, signal and direction *(computed)*")
    'noise-signal-and-direction-computed'
    """
    plain = unicodedata.normalize("NFKC", re.sub(r"<[^>]+>|[*`$\\]", "", words)).lower()
    return re.sub(r"[^\w]+", "-", plain).strip("-") or "part"


class _Renderer(mistune.HTMLRenderer):
    """Renders one page's Markdown."""

    def __init__(self, link_to):
        super().__init__(escape=False)
        self.link_to = link_to
        self.taken = set()

    def heading(self, text, level, **attrs):
        name, number = anchor(text), 2
        while name in self.taken:
            name, number = f"{anchor(text)}-{number}", number + 1
        self.taken.add(name)
        return f'<h{level} id="{name}">{text}</h{level}>\n'

    def link(self, text, url, title=None):
        target = self.link_to(url)
        return f'<a href="{html.escape(target)}">{text}</a>' if target else text

    def image(self, text, url, title=None):
        target = self.link_to(url)
        return f'<img src="{html.escape(target)}" alt="{html.escape(text)}">' if target else html.escape(text)

    def block_code(self, code_, info=None):
        return f'<pre class="code scroll"><code>{code(code_.rstrip(), (info or "text").split()[0])}</code></pre>\n'

    def inline_math(self, text):
        return formula(text)

    def block_math(self, text):
        return formula(text, block=True)


def _tables_scroll(text):
    head = '<div class="scroll table"><table>'
    return text.replace("<table>", head).replace("</table>", "</table></div>")


class Prose:
    """The Markdown of one page.

    Parameters
    ----------
    link_to : callable
        Takes a link's target and returns what to write in its place; empty for no link.

    Examples
    --------
    >>> Prose(lambda url: url).html("*K* candidates")
    '<p><em>K</em> candidates</p>\\n'
    """

    def __init__(self, link_to):
        self._markdown = mistune.Markdown(_Renderer(link_to), plugins=[table, math])

    def html(self, text):
        """Return Markdown as HTML."""
        return _tables_scroll(self._markdown(text))

    def line(self, text):
        """Return a line of Markdown as HTML, without a paragraph around it."""
        return self.html(text).strip().removeprefix("<p>").removesuffix("</p>")
