"""Looks, the README picture, and what stored notebooks may hold."""

import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
import readme_picture
from PIL import Image

import capg_core as capg
from capg_core.classroom import pictures_of
from capg_core.classroom.drawing import spread
from capg_core.classroom.panel import WIDGET_VIEW
from capg_core.classroom.picture import Picture
from capg_core.look import FONT, LOOKS, look_of

ROOT = Path(__file__).resolve().parents[1]


def test_pyplot_is_never_imported():
    for source in (ROOT / "capg_core" / "classroom").rglob("*.py"):
        assert "import matplotlib.pyplot" not in source.read_text(encoding="utf-8"), source.name


def test_style_covers_every_estimator():
    assert set(LOOKS) == set(capg.ESTIMATORS)
    assert len({look.colour for look in LOOKS.values()}) == len({look.marker for look in LOOKS.values()}) == len(LOOKS)
    assert min(FONT.values()) >= 13
    with pytest.raises(ValueError, match="'PG'"):
        look_of("PG")
    placed = sorted(spread([0.1, 0.1, 0.95, 1.0], 0.1, 0.0, 1.0))
    assert min(np.diff(placed)) >= 0.1 - 1e-12 and placed[-1] <= 1.0


def test_readme_picture_is_fresh(tmp_path):
    assert readme_picture.what_is_stale(ROOT / readme_picture.PICTURE) == ""
    old = tmp_path / "old.png"
    Image.new("RGB", (1200, 550), "white").save(old)
    assert "numbers changed" in readme_picture.what_is_stale(old)
    assert "missing" in readme_picture.what_is_stale(tmp_path / "none.png")


def test_stored_outputs_hold_no_dead_widgets():
    # A stored widget view wins over the picture beside it, and no kernel is there to draw it.
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                assert WIDGET_VIEW not in output.get("data", {}), f"{path.name}: drop it in execute_notebooks.clean"


def test_a_picture_stores_its_sentence_and_no_widget():
    def draw(figure):
        figure.add_axes((0.1, 0.1, 0.8, 0.8)).plot([0, 1], [0, 1])
        return "A line from 0 to 1."

    bundle, more = Picture(4.0, draw)._repr_mimebundle_()
    assert bundle["text/plain"] == more["image/png"]["alt"] == "A line from 0 to 1."
    assert set(bundle) == {"text/plain", "image/png"} and more["image/png"]["width"] == 1200
    with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as picture:
        assert picture.size == (1800, 600)
    with pytest.raises(ValueError, match="'99'.*00"):
        pictures_of("99")
