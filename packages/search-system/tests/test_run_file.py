"""TREC's run and judgment files: round trips, order, and what is wrong with a line."""

from pathlib import Path

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import CollectionError, OutputError, read_qrels, read_run, write_run
from search_system.evaluation.metrics import rank

names = st.text(min_size=1, max_size=5).filter(
    lambda text: text.split() == [text] and text.isprintable()
)
runs = st.dictionaries(
    names, st.dictionaries(names, st.floats(-1e9, 1e9), min_size=1), min_size=1, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(run=runs)
def test_a_run_comes_back_to_the_last_bit(
    run: dict[str, dict[str, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("run") / "new" / "x.run"
    write_run(path, run, tag="me")
    assert read_run(path) == run
    assert [p.name for p in path.parent.iterdir()] == ["x.run"]
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    assert {line[1] for line in lines} == {"Q0"}
    for query_id, scores in run.items():
        mine = [line for line in lines if line[0] == query_id]
        assert [line[2] for line in mine] == rank(scores)
        assert [int(line[3]) for line in mine] == list(range(1, len(mine) + 1))
        assert {line[5] for line in mine} == {"me"}


def test_pytrec_eval_reads_it_too(tmp_path: Path) -> None:
    run = {"q1": {"a": 1.5, "b": 0.1}, "q2": {"b": -3.0}}
    write_run(tmp_path / "x.run", run)
    with (tmp_path / "x.run").open() as file:
        assert pytrec_eval.parse_run(file) == run


def test_a_run_of_another_system(tmp_path: Path) -> None:
    path = tmp_path / "x.run"
    path.write_text("q1\tQ0\td2\t7\t0.5\tlucene\r\n\n  q1 0 d1 1 1e-3 lucene\nq2 Q0 d1 1 2 lucene")
    assert read_run(path) == {"q1": {"d2": 0.5, "d1": 0.001}, "q2": {"d1": 2.0}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q1 Q0 d1 1 0.5", "x.run:2: expected the 6 columns .* found 'q1 Q0 d1 1 0.5'"),
        ("q1 Q0 d1 1 high tag", "x.run:2: expected .* a finite score"),
        ("q1 Q0 d1 1 nan tag", "x.run:2: .* a finite score"),
        ("q1 Q0 d1 1 inf tag", "x.run:2: .* a finite score"),
        ("q1 Q0 d 1 1 1 0.5 tag", "x.run:2: expected the 6 columns"),
        ("q1 Q0 d0 2 0.5 tag", "x.run:2: query q1 has document d0 twice"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.run"
    path.write_text(f"q1 Q0 d0 1 1.0 tag\n{line}\n")
    with pytest.raises(CollectionError, match=message):
        read_run(path)


def test_files_that_are_no_run(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(CollectionError, match="expected a run, found an empty file"):
        read_run(tmp_path / "empty")
    with pytest.raises(CollectionError, match="No such file"):
        read_run(tmp_path / "nothing")
    (tmp_path / "bytes").write_bytes(b"q1 Q0 d\xff 1 1 t\n")
    with pytest.raises(CollectionError, match="expected UTF-8"):
        read_run(tmp_path / "bytes")


def test_what_a_run_file_cannot_hold_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "x.run"
    write_run(path, {"q": {"a": 1.0}})
    before = path.read_bytes()
    for run, tag in (({"q": {"a b": 1.0}}, "t"), ({"q 1": {"a": 1.0}}, "t"),
                     ({"q": {"": 1.0}}, "t"), ({"q": {"a": 1.0}}, "my tag")):  # fmt: skip
        with pytest.raises(OutputError, match="cannot hold"):
            write_run(path, run, tag)
    assert path.read_bytes() == before
    with pytest.raises(OutputError, match="cannot be written"):
        write_run(path / "below" / "a.run", {"q": {"a": 1.0}})
    with pytest.raises(OutputError, match="cannot be written"):
        write_run(tmp_path, {"q": {"a": 1.0}})
    assert [p.name for p in tmp_path.iterdir()] == ["x.run"]


@pytest.mark.parametrize(
    "text",
    [
        "query-id\tcorpus-id\tscore\nq1\tdoc 1\t2\nq1\td2\t-1\n",
        "q1\tdoc 1\t2\nq1\td2\t-1\n",
        "q1\t0\tdoc 1\t2\r\nq1\t0\td2\t-1\r\n",
    ],
)
def test_judgments_as_beir_and_trec_write_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "qrels").write_text(text)
    assert read_qrels(tmp_path / "qrels") == {"q1": {"doc 1": 2, "d2": -1}}


def test_judgments_between_blanks(tmp_path: Path) -> None:
    (tmp_path / "qrels").write_text("q1 0 d1 2\nq2   0   d1   0\n")
    assert read_qrels(tmp_path / "qrels") == {"q1": {"d1": 2}, "q2": {"d1": 0}}
