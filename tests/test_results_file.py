"""The results file as people leave it: sorted, joined, edited, linked, cut. No run is lost, and none is there twice."""

import csv
import os
import random
import re

import pytest

from capg_core.reproduce import jobs, store
from capg_core.reproduce.files import write_atomically

N_JOBS, STEPS = 3, (0, 2, 4)
POSIX = pytest.mark.skipif(os.name != "posix", reason="links and permissions are POSIX's")


def a_job(seed):
    return jobs.Job("synthetic", "CA-PG", "none", 5, 1, 1, "optimal", 0.1, 4, 2, seed)


def a_curve(seed, shift=0.0, seconds=0.0):
    values = [1.0 + seed, 2.0 + shift, 1 / 3 + shift]
    return jobs.Curve(STEPS, (0.0, 0.25 + seconds, 0.5 + seconds), tuple(values), 9.0, 1.0)


def fill(folder, seeds=range(N_JOBS), **changed):
    """Write a finished file; return its lines without ends."""
    with store.Results(folder) as results:
        for seed in seeds:
            results.add(a_job(seed), {"outputs"}, a_curve(seed, **changed))
        results.finish({a_job(seed): {"outputs"} for seed in seeds})
    return (folder / store.FILE).read_text().splitlines()


@pytest.fixture
def whole(tmp_path):
    return fill(tmp_path)


def text_of(lines, end="\n"):
    return "".join(line + end for line in lines)


def reopen(folder, content=None):
    """Open a folder, with another content of its file; return (keys, notes, lines set aside)."""
    path, aside = folder / store.FILE, folder / store.ASIDE_FILE
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with store.Results(folder) as results:
        keys, notes = set(results.rows), "\n".join(results.notes)
        for rows in results.rows.values():  # whatever was there, a curve has each step once
            assert [row["step"] for row in rows] == list(STEPS)
    text = path.read_text()
    assert text == "\n".join([",".join(store.COLUMNS), *text.splitlines()[1:], ""])
    with store.Results(folder) as results:  # what was repaired needs no repair
        assert set(results.rows) == keys and not results.notes and path.read_text() == text
    beside = aside.read_text("utf-8", "surrogateescape").split("\n") if aside.exists() else []
    set_aside = list(csv.reader(beside[1:-1]))
    return keys, notes, set_aside


KEYS = {a_job(seed).key for seed in range(N_JOBS)}


def reorder(lines, order):
    return [",".join(line.split(",")[place] for place in order) for line in lines]


def backwards(lines):
    return reorder(lines, range(len(store.COLUMNS) - 1, -1, -1))


def by(column, reverse=False):
    place = store.COLUMNS.index(column)
    return lambda lines: text_of(lines[:1] + sorted(lines[1:], key=lambda s: s.split(",")[place], reverse=reverse))


def shuffled(lines):
    return text_of(lines[:1] + random.Random(3).sample(lines[1:], len(lines) - 1))


def quoted(lines):
    return text_of(['"' + line.replace(",", '","') + '"' for line in lines], "\r\n")


def resaved(lines):
    """As a spreadsheet writes it: its own numbers, CRLF, quotes around some."""
    lines = [line.replace(",0.000,", ",0,").replace(",0.250,", ",2.5E-01,").replace(",9.0,", ',"9",') for line in lines]
    return "\ufeff" + text_of(lines, "\r\n")


@pytest.mark.parametrize(
    "change",
    [
        by("step"), by("step", True), by("policy_value"), by("seed", True), shuffled, quoted, resaved,
        lambda lines: text_of(lines, "\r\n"),
        lambda lines: text_of(lines, "\r"),
        lambda lines: text_of(lines)[:-1],
        lambda lines: "\ufeff" + text_of(lines),
        lambda lines: text_of(backwards(lines)),
        lambda lines: text_of([lines[0], "", *lines[1:], "," * 17, "", ""]),
        lambda lines: text_of(lines) + text_of(lines),  # joined with itself
        lambda lines: text_of(lines) + text_of(backwards(lines)),
        lambda lines: text_of(lines[:5] + lines[4:6] + lines[5:]),
        lambda lines: text_of(lines).replace(",outputs,", ",experts,", 2) + text_of(lines),
    ],
    ids="step,step-down,value,seed-down,shuffled,quoted,resaved,crlf,cr,no-end,bom,columns,blank,twice,twice-otherwise,"
    "rows-twice,other-experiments".split(","),
)  # fmt: skip
def test_what_a_run_wrote_is_found_however_it_is_written(tmp_path, whole, change):
    keys, notes, aside = reopen(tmp_path, change(whole))
    assert keys == KEYS and not aside
    assert (f"{tmp_path / store.FILE}: left out" in notes) == (change(whole).count("/seed-") > 3 * N_JOBS)
    with store.Results(tmp_path) as results:
        results.finish({a_job(seed): {"outputs"} for seed in range(N_JOBS)})
    assert (tmp_path / store.FILE).read_text().replace("experts ", "").splitlines() == whole


def test_a_missing_row_sets_its_run_aside_and_no_other(tmp_path, whole):
    for gone in range(1, len(whole)):
        seed, step = divmod(gone - 1, 3)
        keys, notes, aside = reopen(tmp_path, text_of(whole[:gone] + whole[gone + 1 :]))
        assert keys == KEYS - {a_job(seed).key}
        assert f"{a_job(seed).key}: 1 of its 3 steps missing: the first is step {STEPS[step]}" in notes
        assert store.ASIDE_FILE in notes and str(tmp_path / store.FILE) in notes
        rest = {line for line in whole[1 + 3 * seed : 4 + 3 * seed] if line != whole[gone]}
        assert rest <= {",".join(fields[1:]) for fields in aside}  # each line is there still
    # whoever comes here twice, as after a kill, leaves one copy of each
    assert len(aside) == len({tuple(fields) for fields in aside})


@pytest.mark.parametrize(
    ("joined", "mixed"),
    [
        (lambda a, b: a + b[1:], False),
        (lambda a, b: a + b, False),
        (lambda a, b: a + backwards(b), False),
        (lambda a, b: a[:1] + sorted(a[1:] + b[1:]), True),  # then no row says whose it is
    ],
    ids=["one after the other", "with both headers", "with columns in two orders", "sorted"],
)
def test_rows_of_two_machines_give_no_curve_twice(tmp_path, joined, mixed):
    (tmp_path / "a").mkdir()
    a, b = fill(tmp_path / "a", (0, 1)), fill(tmp_path / "b", (1, 2), shift=0.01, seconds=0.1)
    keys, notes, aside = reopen(tmp_path / "a", text_of(joined(a, b)))
    assert keys == KEYS - ({a_job(1).key} if mixed else set())
    assert a_job(1).key in notes and ("contradict each other" if mixed else "there more than once") in notes
    assert len(aside) == (5 if mixed else 2)  # the first row of a run is the same on both
    if not mixed:  # the first one counts
        assert (tmp_path / "a" / store.FILE).read_text().splitlines()[: len(a)] == a


def test_two_machines_that_differ_by_rounding_or_time_are_one(tmp_path):
    a, b = fill(tmp_path / "a"), fill(tmp_path / "b", shift=1e-14, seconds=0.1)
    keys, _, aside = reopen(tmp_path / "a", text_of(a[:1] + sorted(a[1:] + b[1:])))
    assert keys == KEYS and len(aside) == 2 * N_JOBS


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (",CA-PG,", ",V-PG,", "line 2: estimator = 'V-PG' contradicts the run's name"),
        (",5,1,1,", ",50,1,1,", "line 2: k = '50' contradicts the run's name"),
        (",0.1,4,", ",0.01,4,", "line 2: learning_rate = '0.01' contradicts the run's name"),
        (",0,0.000,", ",1,0.000,", "line 2: step = '1'; the run"),
        (",1.0,9.0,", ",nan,9.0,", "line 2: policy_value = 'nan'; expected a finite number"),
        (",1.0,9.0,", ',"1,0",9.0,', "line 2: policy_value = '1,0'; expected a finite number"),
        (",9.0,1.0", ",9.0", "line 2: it has 17 fields; expected 18"),
        (",9.0,1.0", ",8.0,1.0", "contradict each other about optimal_value"),
        ("synthetic/CA-PG/", "synthetic/New-PG/", "line 2: job = 'synthetic/New-PG/"),
        ("/every-2/", "/every-0/", "line 2: job = "),
        (",outputs,", ',"out,puts",', "line 2: experiments = 'out,puts'"),
        (",9.0,1.0", ',9.0,"1.0', "line 2: it has 1 field"),
    ],
)
def test_a_row_that_contradicts_itself_is_set_aside_with_its_run(tmp_path, whole, old, new, why):
    changed = whole[1].replace(old, new, 1)
    assert changed != whole[1]
    keys, notes, aside = reopen(tmp_path, text_of([whole[0], changed, *whole[2:]]))
    assert keys == KEYS - {a_job(0).key} and why in notes and len(aside) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:40], "is cut: it ends inside its header, after 40 of 163 characters"),
        (lambda text: text[:1], "is cut: it ends inside its header, after 1 of 163 characters"),
        (lambda text: "\0" * 99, "is cut: it ends inside its header, after 0 of"),
        (lambda text: text.replace(",", ";"), "has its fields separated by ';'; expected ','"),
        (lambda text: text.replace(",", "\t"), "has its fields separated by '\\t'; expected ','"),
        (lambda text: text.encode("utf-16"), "is text in UTF-16; expected UTF-8"),
        (lambda text: text.replace("seed,", "Seed,", 1), "another header: 'seed' missing; 'Seed' not expected"),
        (lambda text: text.replace("\n", ",notes\n"), "another header: 'notes' not expected"),
        (lambda text: text.replace("job,", "job,job,", 1), "another header: a column repeated"),
        (lambda text: "a,b\n1,2\n", "'uniform_value' missing; 'a', 'b' not expected"),  # another program's
        (lambda text: "no end", "'uniform_value' missing; 'no end' not expected"),
        (lambda text: text.splitlines()[0][:-1] + "\n", "another header: 'uniform_value' missing; 'uniform_valu' not"),
        (lambda text: text.splitlines()[0] + "\nx,y\n" + "," * 17 + "\n", "line 2: it has 2 fields; expected 18"),
        (lambda text: text.replace(".", ","), "no row that can be read; line 2: it has 24 fields; expected 18"),
        (lambda text: text.replace("synthetic/", "other-"), "no row that can be read; line 2: job = 'other-CA-PG"),
    ],
)
def test_a_file_that_differs_is_refused_and_one_sees_how(tmp_path, whole, change, words):
    path, content = tmp_path / store.FILE, change(text_of(whole))
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    with pytest.raises(ValueError) as error:
        store.Results(tmp_path)
    assert str(path) in str(error.value) and words in str(error.value)
    assert path.read_bytes() == before and not (tmp_path / store.ASIDE_FILE).exists()


@POSIX
def test_a_linked_file_stays_a_link(tmp_path, whole):
    real, linked = tmp_path / "real", tmp_path / "linked"
    (tmp_path / store.FILE).rename(tmp_path / "kept.csv")
    (tmp_path / "kept.csv").chmod(0o640)
    real.mkdir(), linked.mkdir()
    (tmp_path / "kept.csv").rename(real / "kept.csv")
    (linked / store.FILE).symlink_to("../real/kept.csv")
    (real / ".kept.csv.abcd1234.capg-half").touch()
    (real / "kept.csv").write_text(shuffled(whole))
    if os.geteuid() == 0:
        os.chown(real / "kept.csv", 1234, 1234)
    owner = (real / "kept.csv").stat().st_uid
    with store.Results(linked) as results:
        assert set(results.rows) == KEYS
        other = tmp_path / "other"
        other.mkdir()
        (other / store.FILE).symlink_to(real / "kept.csv")
        with pytest.raises(ValueError, match="in use by another run"):  # one file has one writer
            store.Results(other)
        results.add(a_job(7), {"outputs"}, a_curve(7))
        results.finish({a_job(7): {"outputs"}})
    assert (linked / store.FILE).is_symlink() and sorted(os.listdir(real)) == [".results.lock", "kept.csv"]
    assert (real / "kept.csv").stat().st_mode & 0o777 == 0o640 and (real / "kept.csv").stat().st_uid == owner
    assert len((real / "kept.csv").read_text().split()) == 13
    (other / store.FILE).unlink()
    (other / store.FILE).symlink_to("nowhere/results.csv")
    with pytest.raises(ValueError, match="is a link into .*nowhere.*; expected a folder that exists"):
        store.Results(other)


def test_a_protected_file_is_refused_and_stays(tmp_path, whole):
    path = tmp_path / store.FILE
    path.write_text(shuffled(whole))
    path.chmod(0o444)
    with pytest.raises(ValueError, match="is write-protected; expected a file that may be written"):
        store.Results(tmp_path)
    with pytest.raises(PermissionError, match="write-protected.*results.csv"):
        write_atomically(path, b"")
    assert path.read_text() == shuffled(whole) and not path.stat().st_mode & 0o222
    path.chmod(0o644)


def test_a_file_that_is_deleted_while_runs_are_added_comes_back_whole(tmp_path, whole):
    path, wanted = tmp_path / store.FILE, {a_job(seed): {"outputs"} for seed in range(N_JOBS)}
    for last in (0, N_JOBS - 1):
        path.unlink()
        with store.Results(tmp_path) as results:
            for seed in range(N_JOBS):
                results.add(a_job(seed), {"outputs"}, a_curve(seed))
                if seed == last:
                    path.unlink()
            results.finish(wanted)
        assert path.read_text().splitlines() == whole


@POSIX
def test_a_pipe_or_folder_in_the_file_s_place_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / store.FILE)
    with pytest.raises(ValueError, match="is not a regular file"):
        store.Results(tmp_path)
    (tmp_path / "b" / store.FILE).mkdir(parents=True)
    with pytest.raises(ValueError, match="is not a regular file"):
        store.Results(tmp_path / "b")


def test_leftovers_of_a_kill_are_removed_and_nothing_else(tmp_path, whole):
    ours = [".results.csv.ab12_xyz.capg-half", ".candidate-size.png.00000000.capg-half"]
    others = [".results.csv.original", "notes.capg-half", ".results.csv.toolonganame.capg-half", ".summary.csv.swp"]
    for name in ours + others:
        (tmp_path / name).write_text("half")
    with store.Results(tmp_path):
        with pytest.raises(ValueError, match="in use"):
            (tmp_path / ours[0]).write_text("of the living")
            store.Results(tmp_path)
        assert (tmp_path / ours[0]).exists()  # its writer lives
    with store.Results(tmp_path):
        assert sorted(os.listdir(tmp_path)) == sorted([*others, ".results.lock", store.FILE])


@pytest.mark.parametrize("seed", range(40))
def test_any_mixture_of_two_files_keeps_the_invariants(tmp_path, seed):
    """Every row is of a whole run, or in the file beside, or says what another row says; and once is enough."""
    rng = random.Random(seed)
    a, b = fill(tmp_path / "a"), fill(tmp_path / "b", (1, 2, 3), shift=rng.choice([0.0, 0.5]), seconds=0.1)
    lines = a[1:] + b[1:]
    for _ in range(rng.randrange(6)):
        place = rng.randrange(len(lines))
        kind = rng.randrange(4)
        if kind == 0:
            lines.insert(rng.randrange(len(lines)), lines[place])
        elif kind == 1:
            del lines[place]
        elif kind == 2:
            lines[place] = lines[place][: rng.randrange(len(lines[place]))]
        else:
            rng.shuffle(lines)
    keys, _, aside = reopen(tmp_path / "a", text_of([a[0], *lines]))
    kept = set((tmp_path / "a" / store.FILE).read_text().splitlines())
    beside = {",".join(fields[1:]) for fields in aside}
    assert all(line in kept | beside for line in lines if line)
    assert keys | {a_job(seed).key for seed in range(4)} == KEYS | {a_job(3).key}


def test_any_damage_is_repaired_or_refused_and_no_line_is_lost(tmp_path, whole):
    """Bytes changed, taken out, put in or cut off, anywhere."""
    path, aside, rng = tmp_path / store.FILE, tmp_path / store.ASIDE_FILE, random.Random(7)
    data, refused, lost = text_of(whole).encode(), 0, 0
    for _ in range(400):
        damaged = bytearray(data)
        for _ in range(rng.choice([1, 1, 1, 2, 5])):
            at = rng.randrange(len(damaged))
            piece = rng.choice([b"\n", b",", b"\r", b'"', b"\0", b"\xff", b"7", b"-", b";", b"", b"\r\n"])
            damaged[at : at + rng.choice([0, 1, 1, 1, 30, len(data)])] = piece
        path.write_bytes(damaged)
        try:
            keys, notes, _ = reopen(tmp_path)
        except ValueError as error:
            assert str(path) in str(error) and path.read_bytes() == damaged
            refused += 1
            continue
        assert keys <= KEYS
        lost += keys != KEYS
        beside = aside.read_bytes() if aside.exists() else b""
        kept = path.read_bytes() + beside.replace(b'""', b'"')
        for line in re.split(rb"\r\n|\r|\n", bytes(damaged).removeprefix(b"\xef\xbb\xbf").rstrip(b"\0")):
            words = [word for word in line.split(b",") if re.search(rb"[a-z]", word) and b'"' not in word]
            assert not [word for word in words if word not in kept], (line, notes)
        if beside:
            aside.unlink()
    assert refused > 40 and lost > 40 and refused + lost < 400
