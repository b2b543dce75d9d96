"""The command line as its users meet it: results on stdout, one line for each mistake."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from search_system import Index, IndexSchema, TextField
from search_system.cli import main

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command in an empty folder and returns what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: object) -> str:
        main([str(argument) for argument in arguments])
        return capsys.readouterr().out

    return run


@pytest.fixture
def fail(run: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command, which has to fail, and returns its one line."""

    def fail(*arguments: object) -> str:
        with pytest.raises(SystemExit) as exit_:
            run(*arguments)
        captured = capsys.readouterr()
        assert exit_.value.code == 2
        assert captured.out == ""
        line = captured.err.splitlines()[-1]
        assert line.startswith("search-system: ")
        return line

    return fail


def test_index_search_evaluate_verify(run: Run, collection: Path) -> None:
    assert "5 documents" in run("index", collection)
    page = run("search", "red shoes unicorns", "--index", "shop", "-k", "2")
    assert "In no document: unicorn" in page
    assert "The best 2 of 3 that match" in page
    assert "*Running* *shoes*" not in page
    assert "*red*" in page
    assert "all 4 judged queries" in run("evaluate", collection)
    assert "3 with a relevant document" in run("evaluate", collection)
    assert ": 1 segment, " in run("verify")


def test_json_is_alone_on_stdout(run: Run, collection: Path) -> None:
    built = json.loads(run("index", collection, "--json"))
    assert (built["documents"], built["index"]) == (5, "data/search/shop")
    assert built["id_field"] == "_id"
    assert {n: f["type"] for n, f in built["schema"]["fields"].items()} == {
        "title": "text", "text": "text", "price": "number"
    }  # fmt: skip
    page = json.loads(run("search", "red shoes", "--explain", "--json"))
    assert page["total"] == 3
    for hit in page["hits"]:
        assert sum(part["term"]["part"] for part in hit["explanation"]["parts"]) == hit["score"]
    assert page["hits"][0]["document"]["price"] == 10
    figures = json.loads(run("evaluate", collection, "--json", "--split", "dev"))
    assert figures["queries"] == 4
    assert figures["with_positive"]["reciprocal_rank"] == pytest.approx(2 / 3)
    assert set(figures["by_query"]) == {"q1", "q2", "q3", "q4"}
    assert json.loads(run("verify", "shop", "--json"))["segments"] == 1


def test_json_prints_what_no_encoding_can(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text(
        '{"id": 1, "text": "x \\ud800 and more words \\u001b[31m", "k": "\\ud800"}'
    )
    run("index", "odd.jsonl")
    assert json.loads(run("search", "x", "--json"))["hits"][0]["document"]["k"] == "\ud800"
    assert "\x1b" not in run("search", "x", "--show", "k")


def test_the_explanation_adds_up_as_printed(run: Run, collection: Path) -> None:
    run("index", collection)
    lines = run("search", "red shoes", "-k", "1", "--explain").splitlines()
    parts = [float(line.split()[-1]) for line in lines if line.split()[0] in {"red", "shoe"}]
    (score,) = (float(line.split()[-1]) for line in lines if line.split()[0] == "score")
    assert len(parts) == 2
    assert sum(parts) == pytest.approx(score, abs=2e-6)


@pytest.mark.parametrize("query", ["", "...", "unicorns", "[bold]", "\udcff\x1b[2J"])
def test_queries_that_find_nothing_say_so(run: Run, collection: Path, query: str) -> None:
    run("index", collection)
    page = run("search", "--", query)
    assert "Nothing found in data/search/shop" in page
    assert "\x1b" not in page


def test_parameters_and_analysis_are_flags(run: Run, collection: Path) -> None:
    run("index", collection, "--analyzer", "plain", "--out", "here")
    assert "Nothing found" in run("search", "shoe", "--index", "here")
    flat = json.loads(run("search", "red", "--index", "here", "--k1", "0", "--json"))
    assert len({hit["score"] for hit in flat["hits"]}) == 1


def test_a_guessed_schema_can_be_corrected(run: Run, collection: Path, tmp_path: Path) -> None:
    guess = run("index", collection, "--guess")
    assert 'type = "number"' in guess
    (tmp_path / "mine.toml").write_text(guess.replace('"number"\ninteger = false', '"keyword"'))
    run("index", collection, "--schema", "mine.toml")
    assert "The best 1 of 1" in run("search", "price:10")


def test_an_index_is_evaluated_in_place(run: Run, collection: Path) -> None:
    run("index", collection)
    fresh = json.loads(run("evaluate", collection, "--json"))
    assert json.loads(run("evaluate", collection, "--index", "shop", "--json")) == fresh


def test_negative_grades_are_pointed_out(
    run: Run, collection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (collection / "qrels" / "dev.tsv").write_text("q1\ta\t1\nq1\tzz\t4\nq1\tb\t-1\n")
    main(["evaluate", str(collection)])
    notes = capsys.readouterr().err
    assert "holds negative grades" in notes
    assert "1 of 2 relevant documents are not in the index" in notes
    assert run("evaluate", collection, "--grades", "1=4,4=1,-1=0") != run("evaluate", collection)


def test_demo_on_a_small_package(run: Run, tmp_path: Path) -> None:
    package = tmp_path / "lib" / "shelf"
    package.mkdir(parents=True)
    (package / "csv_tools.py").write_text(
        'def read(path):\n    """Read a CSV file lazily, one row after the other."""\n'
    )
    page = run("demo", "--source", tmp_path / "lib", "--jobs", "1")
    assert "shelf.csv_tools.read" in page
    assert "def read(path)" in page
    assert "shelf/csv_tools.py:1" in page
    assert 'search-system search "your words" --index data/search/python' in page
    again = run("search", "lazily", "--index", "data/search/python", "--show", "file", "nothing")
    assert "file: shelf/csv_tools.py" in again
    facts = json.loads(run("demo", "--source", tmp_path / "lib", "--jobs", "1", "--json"))
    assert facts["index"]["documents"] == 1
    assert facts["known_items"]["mrr"] == 1


def test_mistakes_are_one_line(run: Run, fail: Run, collection: Path, tmp_path: Path) -> None:
    assert "no such file or folder" in fail("index", "nothing.csv")
    assert "no index under" in fail("search", "x")
    assert "no index here" in fail("search", "x", "--index", "nothing")
    assert "no analyzer 'klingon'" in fail("index", collection, "--analyzer", "klingon")
    assert "--schema x.toml: cannot be read" in fail("index", collection, "--schema", "x.toml")
    (tmp_path / "odd.toml").write_text("fields = 1")
    assert "--schema odd.toml: a schema" in fail("index", collection, "--schema", "odd.toml")
    run("index", collection)
    assert "no text field 'x'" in fail("search", "red", "--weights", "x=1")
    assert "expected FIELD=NUMBER" in fail("search", "red", "--weights", "title=much")
    assert "k1 must be" in fail("search", "x", "--k1", "-1")
    assert "no split 'test'" in fail("evaluate", collection, "--split", "test")
    assert "--grades must be" in fail("evaluate", collection, "--grades", "upside-down")
    assert "its own fields" in fail("evaluate", collection, "--index", "x", "--analyzer", "plain")
    assert "no Python file" in fail("demo", "--source", collection)
    assert "--source nothing" in fail("demo", "--source", "nothing")
    assert "--jobs from 1" in fail("demo", "--jobs", "0")
    assert "--max-megabytes from 1" in fail("demo", "--max-megabytes", "0")
    assert "--known-items from 0" in fail("demo", "--known-items", "-1")
    assert "--depth from 1" in fail("evaluate", collection, "--depth", "0")
    assert "File name too long" in fail("search", "x", "--index", "x" * 300)
    (tmp_path / "taken").write_text("")
    assert "found a file" in fail("index", collection, "--out", "taken")
    assert "no field 'body'" in fail("index", collection, "--id-field", "body")


def test_a_corrupt_index_is_named(run: Run, fail: Run, collection: Path) -> None:
    run("index", collection)
    (segment,) = Path("data/search/shop").glob("segment-*")
    data = segment.read_bytes()
    segment.write_bytes(data[: len(data) // 2] + b"\xa5" * 99 + data[len(data) // 2 + 99 :])
    assert segment.name in fail("verify", "shop")


def test_wrong_flags_end_with_code_2(run: Run) -> None:
    for arguments in ((), ("search",), ("search", "x", "-k", "ten"), ("dance",)):
        with pytest.raises(SystemExit) as exit_:
            run(*arguments)
        assert exit_.value.code == 2


def test_help_and_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version").startswith("search-system 0.")
    for command in ("demo", "index", "search", "evaluate", "verify"):
        with pytest.raises(SystemExit) as exit_:
            run(command, "--help")
        assert exit_.value.code == 0
        assert "Example: search-system" in capsys.readouterr().out


def test_nothing_is_cut_off_in_a_narrow_window(
    run: Run, collection: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("index", collection)
    wide = run("search", "red shoes", "--explain").split()
    monkeypatch.setenv("COLUMNS", "60")
    assert run("search", "red shoes", "--explain").split() == wide


@pytest.fixture
def _indexed(run: Run, collection: Path) -> None:
    """Index the collection, in the folder that the test runs in."""
    run("index", collection)


@pytest.fixture
def closed_pipe() -> Iterator[IO[str]]:
    """Return the end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as pipe:
        yield pipe


@pytest.mark.usefixtures("_indexed")
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_closed_pipe_is_no_error(
    closed_pipe: IO[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
) -> None:
    # Not in the fixture: before the test is called, pytest puts its own stdout back.
    monkeypatch.setattr(sys, "stdout", closed_pipe)
    main(["search", "red", *flags])
    closed_pipe.flush()  # as Python does at exit
    assert capsys.readouterr().err == ""
    closed_pipe.write("a pipe that is closed is closed for whoever called, too")
    with pytest.raises(BrokenPipeError):
        closed_pipe.flush()
    main(["search", "red", *flags])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.usefixtures("_indexed")
def test_a_full_disk_behind_stdout_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as exit_:
            main(["search", "red"])
        full.flush()
        assert Path(f"/proc/self/fd/{full.fileno()}").resolve() == Path("/dev/full")
    assert exit_.value.code == 2
    assert capsys.readouterr().err == "search-system: [Errno 28] No space left on device\n"


def test_what_can_be_written_is_written_whatever_fails(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        monkeypatch.setattr(sys, "stdout", out)
        out.write("what a program printed before; ")
        with pytest.raises(SystemExit):
            run("search", "x", "--index", "x" * 300)
        assert (tmp_path / "out").read_text() == "what a program printed before; "
        run("--version")
    assert "search-system 0." in (tmp_path / "out").read_text()


def test_sorting_facets_and_pages(run: Run, fail: Run, tmp_path: Path) -> None:
    rows = [{"id": i, "text": f"one red shoe of {i} shoes", "brand": "ab"[i % 2], "price": -i}
            for i in range(5)]  # fmt: skip
    (tmp_path / "shoes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("index", "shoes.jsonl")
    by_price = ("search", "shoes", "--sort", "price", "-k", "3", "--json")
    page = json.loads(run(*by_price, "--facets", "brand"))
    assert [hit["id"] for hit in page["hits"]] == ["4", "3", "2"]
    assert page["facets"] == {"brand": [["a", 3], ["b", 2]]}
    behind = json.loads(run(*by_price, "--cursor", page["cursor"]))
    assert [hit["id"] for hit in behind["hits"]] == ["1", "0"]
    assert behind["cursor"] is None
    assert run("search", "shoes", "--sort", "price-", "-k", "1").splitlines()[1].endswith("  0")
    first = json.loads(run("search", "shoes #brand:a", "-k", "2", "--json"))
    assert first["total"] == 3
    assert "brand: a 3, b 2" in run("search", "shoes", "--facets", "brand")
    assert "belongs to another query" in fail("search", "red", "--cursor", page["cursor"])
    assert "expected a cursor" in fail("search", "red", "--cursor", "x")
    assert "'text'" in fail("search", "red", "--facets", "text")


def test_mistakes_about_fields_are_one_line(run: Run, fail: Run, tmp_path: Path) -> None:
    rows = [{"id": i, "text": f"a shoe of row {i} here", "price": i} for i in range(1200)]
    rows.append({"id": "x", "text": "one more", "price": "a lot"})
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = fail("index", "rows.jsonl")
    assert "rows.jsonl: document 'x', field 'price': expected a number" in line
    assert "--schema" in line
    assert "no analyzer 'nope'" in fail("index", "rows.jsonl", "--guess", "--analyzer", "nope")
    (tmp_path / "odd.csv").write_text(",id,km/h,text\n0,7,5,a car that is fast\n")
    assert "text: text" not in run("index", "odd.csv")
    assert json.loads(run("search", "car", "--json"))["hits"][0]["document"]["km/h"] == "5"
    assert "--explain is for scores" in fail("search", "x", "--explain", "--sort", "id")
    schema = "[fields.text]\ntype = 'text'\nweight = {}\n"
    for weight in ("1e300", "true"):
        (tmp_path / "s.toml").write_text(schema.format(weight))
        assert "weight" in fail("index", "odd.csv", "--schema", "s.toml")
    assert "give either" in fail("index", "odd.csv", "--schema", "s.toml", "--analyzer", "german")


def test_a_short_text_stands_for_a_title(run: Run, tmp_path: Path) -> None:
    rows = ("id,what,more", "7,Red shoes,of soft leather", f"8,{'red ' * 30},of no size", "9,,red")
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    run("index", "rows.csv")
    lines = [line for line in run("search", "red").splitlines() if line.startswith("  ")]
    shown = {line.split(maxsplit=2)[2] for line in lines if not line.startswith(" " * 14)}
    assert shown == {"Red shoes  7", "8", "9"}


def test_numbers_agree_with_their_nouns(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text('{"id": 1, "text": "word"}')
    assert ": 1 document, 1 word, " in run("index", "one.jsonl")


@pytest.fixture
def kitchen(run: Run, tmp_path: Path) -> Path:
    """Return an index with vectors."""
    pytest.importorskip("tokenizers", reason="the extra 'dense' is not installed")
    pytest.importorskip("wordllama", reason="the extra 'dense' is not installed")
    examples = Path(__file__).resolve().parents[1] / "examples"
    run("index", examples / "kitchen", "--vectors", "wordllama", "--out", "kitchen")
    return tmp_path / "kitchen"


def test_hybrid_pages_and_explanations(
    run: Run, fail: Run, kitchen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = ("search", "espresso coffee", "--index", kitchen, "--mode", "hybrid")
    first = json.loads(run(*search, "-k", "5", "--json", "--explain"))
    for hit in first["hits"]:
        words, meaning = hit["explanation"]["parts"]
        assert words["score"] + meaning["score"] == hit["score"] == hit["explanation"]["score"]
        assert words["weight"] * words["normalized"] == words["score"]
        assert meaning["scale"]["lowest"] <= meaning["value"] <= meaning["scale"]["highest"]
    second = json.loads(run(*search, "-k", "9", "--json", "--cursor", first["cursor"]))
    assert len({hit["id"] for page in (first, second) for hit in page["hits"]}) == 12
    assert (second["cursor"], second["total"]) == (None, None)
    other = (*search, "--dense-weight", "0.8")
    assert "belongs to another query" in fail(*other, "--cursor", first["cursor"])
    assert json.loads(run(*other, "--json"))["hits"] != first["hits"]
    monkeypatch.setenv("COLUMNS", "80")
    lines = run(*search, "-k", "12", "--explain").splitlines()
    tables = [line for line in lines if line.startswith(" " * 14) and ("  " in line.strip())]
    assert max(map(len, tables)) <= 80
    totals = [float(line.split()[-1]) for line in tables if line.split()[0] == "hybrid"]
    scores = [float(line.split()[1]) for line in lines if line.split()[0].isdigit()]
    assert totals == pytest.approx(scores, abs=6e-5)
    assert "words: the words do not find it" in run(*search, "-k", "12", "--explain")
    dense = run("search", "coffee", "--index", kitchen, "--mode", "dense", "-k", "1", "--explain")
    assert f"cosine  {float(dense.split()[-1]):.6f}" in dense


def test_the_weight_of_meaning_is_a_flag(run: Run, fail: Run, kitchen: Path) -> None:
    examples = Path(__file__).resolve().parents[1] / "examples" / "kitchen"
    evaluate = ("evaluate", examples, "--index", kitchen, "--mode", "hybrid", "--json")
    figures = [json.loads(run(*evaluate, "--dense-weight", w)) for w in ("0", "0.3", "1")]
    assert figures[1] == json.loads(run(*evaluate)) != figures[2]
    for command in (("search", "x"), ("evaluate", examples)):
        weight = (*command, "--mode", "hybrid", "--dense-weight")
        for wrong in ("-1", "1.5", "nan"):
            assert "expected --dense-weight from 0 to 1" in fail(*weight, wrong)
        assert "it takes --mode hybrid" in fail(*command, "--dense-weight", "0.5")
    assert "--dense-weight" in fail("evaluate", examples, "--run-in", "x", "--dense-weight", "0.5")


def test_an_index_whose_last_commit_is_in_the_log_is_sound(run: Run, tmp_path: Path) -> None:
    with Index.open(tmp_path / "i", IndexSchema({"text": TextField()})) as index:
        index.add({"text": "red"}, "1")
        index.commit()
        assert "as they were written" in run("verify", tmp_path / "i")
