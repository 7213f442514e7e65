"""The course as one book: each notebook has the same parts, they are linked, and the guides know them all."""

import re
from pathlib import Path

import nbformat
import pytest

import capg_core as capg
from capg_core.classroom.exercises import EXERCISES
from capg_core.classroom.prediction import predictions_of

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]
COURSE = [
    "00_start_here",
    "01_two_stage_ranking",
    "02_the_race",
    "03_exploding_variance",
    "04_credit_assignment",
    "05_bias_and_alignment",
    "06_cheap_marginals",
    "07_training_race",
    "08_real_ratings",
    "09_mixture_of_experts",
    "10_the_last_place",
    "11_old_logs_new_policy",
]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def read(path):
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return cells, code, prose


def test_the_course_is_complete():
    assert [path.stem for path in NOTEBOOKS] == COURSE


def test_readme_lists_every_notebook_in_order():
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("## The notebooks")[2].partition("\n## ")[0]
    assert re.findall(r"\(notebooks/(\w+)\.ipynb\)", table) == COURSE


def test_length_is_one_idea(path):
    cells, _, _ = read(path)
    assert 20 <= len([cell for cell in cells if cell.id != "colab"]) <= 40, len(cells)


def test_pictures_more_than_prints(path):
    """At least four pictures, and at most a third of the cells of code print; nothing is cut on a narrow screen."""
    code = [cell for cell in read(path)[0] if cell.cell_type == "code"]
    pictures = [cell.id for cell in code if any("image/png" in output.get("data", {}) for output in cell.outputs)]
    printing = [cell.id for cell in code if any(output.output_type == "stream" for output in cell.outputs)]
    assert len(pictures) >= 4 and len(printing) <= len(code) / 3, (pictures, printing)
    for cell in code:
        printed = [line for o in cell.outputs if o.output_type == "stream" for line in o.text.splitlines()]
        assert max(map(len, cell.source.splitlines())) <= 105, f"cell {cell.id}"
        assert max(map(len, printed), default=0) <= 110, f"cell {cell.id}"


def test_the_first_cell_says_how_to_begin(path):
    assert "**Run all first:** Run → Run All Cells" in read(path)[0][0].source


def test_every_part_is_there(path):
    _, code, prose = read(path)
    first = prose.split("\n\n")[0]
    assert first.startswith("# ")
    for part in ("After this notebook", "minutes", "## Predict", "## Recap", "## References"):
        assert part in prose, f"no {part!r}"
    number = path.stem[:2]
    assert re.findall(r'= Predict\("(\w+)"\)', code) == list(predictions_of(number))
    assert len(re.findall(r"\.reveal\(\)", code)) == len(predictions_of(number)) > 0
    assert "Panel(" in code


def test_exercises_are_the_declared_ones(path):
    _, code, _ = read(path)
    number = path.stem[:2]
    asked = re.findall(r'check\("(\d\d\.\d)"', code)
    assert asked == [key for key in EXERCISES if key.startswith(number)]
    assert len(asked) >= 2
    assert re.search(r"^def \w+\(", code, re.M), "no coding exercise"
    for key in asked:
        call = EXERCISES[key].call
        assert not call or (f"def {call}:" in code and call in EXERCISES[key].question), "question and cell differ"


def test_links_lead_to_the_neighbours(path):
    _, _, prose = read(path)
    links = set(re.findall(r"\((\d\d_\w+)\.ipynb\)", prose))
    place = COURSE.index(path.stem)
    assert links <= set(COURSE)
    assert set(COURSE[max(place - 1, 0) : place + 2]) - {path.stem} <= links
    for target in re.findall(r"\]\(([^)#]+?)\)", prose):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_solutions_stand_beside(path):
    assert (path.parent / "solutions" / f"{path.stem}.py").is_file()


def places_of(line):
    """Return where a row of the glossary says that a word is first explained; nothing of a row without numbers."""
    last = line.rstrip("| ").rpartition("| ")[2]
    return last.split(", ") if re.search(r"^\d\d|cheat sheet", last) else []


def test_glossary_names_what_exists():
    text = (ROOT / "notebooks" / "GLOSSARY.md").read_text(encoding="utf-8")
    for name in ("inclusion_probabilities", "outcome_probabilities", "policy_value", "alignment", "mix"):
        assert name in text and hasattr(capg, name)
    assert all(f"| {estimator} |" in text for estimator in capg.ESTIMATORS)
    words = [line.split("|")[1].strip() for line in text.partition("## Words")[2].splitlines()[4:] if line]
    assert words == sorted(words, key=lambda word: word.lower().replace("–", "-"))
    first_in = {place for line in text.splitlines() if line.startswith("| ") for place in places_of(line)}
    assert first_in - {"cheat sheet"} == {name[:2] for name in COURSE}


@pytest.mark.parametrize("guide", ["README.md", "INSTRUCTOR.md", "CHEATSHEET.md", "GLOSSARY.md"])
def test_guides_are_there_and_their_links_lead_somewhere(guide):
    folder = ROOT / "notebooks"
    text = (folder / guide).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)\)", text):
        if not target.startswith("http"):
            assert (folder / target).exists(), target


def test_instructors_guide_knows_every_notebook():
    text = (ROOT / "notebooks" / "INSTRUCTOR.md").read_text(encoding="utf-8")
    assert set(COURSE) <= set(re.findall(r"\d\d_\w+", text))
