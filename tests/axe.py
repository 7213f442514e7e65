"""Axe in a page: what breaks WCAG 2.1, levels A and AA. What upstream leaves open stands here, and nowhere else."""

import importlib.resources

import pytest

# In JupyterLab a slider's handle has no name, and ipywidgets offers no way to give it one.
IN_LAB = (("aria-input-field-name", ".noUi-handle"),)
# The theme with which nbconvert exports: colours of prompts and of code, and links that only a colour tells from text.
EXPORTED = (("color-contrast", ".jp-InputPrompt, .jp-OutputPrompt, .highlight *"), ("link-in-text-block", "a"))
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def violations(page, where="body", exceptions=()):
    """Return what axe finds within an element: (rule, elements), but for the exceptions' (rule, selector)."""
    package = pytest.importorskip("axe_playwright_python", reason="axe is not installed; run: pip install -e '.[test]'")
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=importlib.resources.files(package) / "axe.min.js")
    found = page.evaluate(
        """([where, tags]) => axe.run(where, { runOnly: tags, resultTypes: ['violations'], preload: false })
            .then(result => result.violations)""",
        [where, TAGS],
    )
    open_ = []
    for rule in found:
        left = [n["html"][:200] for n in rule["nodes"] if not _is_known(page, rule["id"], n["target"][-1], exceptions)]
        if left:
            open_.append((rule["id"], left))
    return open_


def _is_known(page, rule, target, exceptions):
    matches = "([target, selector]) => document.querySelector(target)?.matches(selector) ?? false"
    return any(rule == known and page.evaluate(matches, [target, selector]) for known, selector in exceptions)
