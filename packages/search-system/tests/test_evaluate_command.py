"""``evaluate`` with run files, comparisons and reports."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from search_system import read_run
from search_system.cli import main

Run = Callable[..., str]


@pytest.fixture
def evaluate(
    tmp_path: Path, collection: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Return a function that evaluates the small collection and returns what it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def evaluate(*flags: object) -> str:
        main(["evaluate", str(collection), *map(str, flags)])
        return capsys.readouterr().out

    return evaluate


@pytest.fixture
def fail(evaluate: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that evaluates, which has to fail, and returns its one line."""

    def fail(*flags: object) -> str:
        with pytest.raises(SystemExit) as exit_:
            evaluate(*flags)
        captured = capsys.readouterr()
        assert (exit_.value.code, captured.out) == (2, "")
        return captured.err.splitlines()[-1]

    return fail


def test_a_run_out_and_in_again_scores_the_same(evaluate: Run) -> None:
    searched = evaluate("--json", "--run-out", "bm25.run")
    assert evaluate("--json", "--run-in", "bm25.run") == searched
    assert set(read_run(Path("bm25.run"))) <= {"q1", "q2", "q3", "q4"}


def test_the_table_states_spread_and_denominators(evaluate: Run) -> None:
    page = evaluate("--run-out", "bm25.run")
    for label in ("nDCG@10", "MAP", "MRR", "P@10", "recall@100", "judged@10", "condensed nDCG@10"):
        assert f"\n{label} " in page
    assert "±" in page
    assert "Without a relevant document, so 0 in any ranking: q4" in page
    assert "Written: bm25.run" in page
    assert "next to nothing" not in page


def test_judgments_of_relevant_documents_only_are_pointed_out(
    evaluate: Run, collection: Path
) -> None:
    (collection / "qrels" / "dev.tsv").write_text("q1\ta\t1\n")
    assert "judged@10 and condensed nDCG@10 say next to nothing" in evaluate()


def test_against_another_run(evaluate: Run) -> None:
    Path("other.run").write_text("q1 Q0 b 1 2 x\nq1 Q0 a 2 1 x\nq2 Q0 c 1 1 x\nq3 Q0 e 1 1 x\n")
    page = evaluate("--against", "other.run")
    assert "against other.run, 3 queries with a relevant document" in page
    assert "1 / 1 / 1" in page
    figures = json.loads(evaluate("--against", "other.run", "--json"))["comparison"]
    assert figures["ndcg_at_10"]["differences"].keys() == {"q1", "q2", "q3"}
    assert figures["ndcg_at_10"]["losses"] == 1
    assert figures["reciprocal_rank"]["gain"]["mean"] == pytest.approx((0.5 + 0 - 1) / 3)


def test_a_report(evaluate: Run, collection: Path) -> None:
    (collection / "queries.jsonl").write_text(
        "".join(
            json.dumps({"_id": f"q{n}", "text": f"<i>red</i> & {n}"}) + "\n" for n in range(1, 5)
        )
    )
    evaluate("--run-out", "a.run")
    page = evaluate("--against", "a.run", "--report", "out/page.html", "--k1", "0.5")
    assert "Written: out/page.html" in page
    html = Path("out/page.html").read_text(encoding="utf-8")
    assert "&lt;i&gt;red&lt;/i&gt; &amp; 1" in html
    assert "<i>" not in html
    assert "Against <bdi>a.run</bdi>" in html
    assert "BM25F, k1 0.5, 1,000 documents deep" in html
    evaluate("--run-in", "a.run", "--report", "again.html", "--json")
    assert "run file a.run" in Path("again.html").read_text(encoding="utf-8")


def test_missing_queries_are_pointed_out(
    evaluate: Run, capsys: pytest.CaptureFixture[str], collection: Path
) -> None:
    Path("short.run").write_text("q1 Q0 a 1 1 x\n")
    main(["evaluate", str(collection), "--run-in", "short.run"])
    assert "short.run lacks 3 of 4 judged queries" in capsys.readouterr().err
    assert json.loads(evaluate("--run-in", "short.run", "--json"))["queries"] == 4


def test_mistakes_are_one_line(fail: Run, collection: Path) -> None:
    Path("a.run").write_text("q1 Q0 a 1 1 x\n")
    Path("other.run").write_text("z Q0 a 1 1 x\n")
    Path("bad.run").write_text("q1 Q0 a 1 one x\n")
    for flags in (["--k1", "2"], ["--depth", "5"], ["--index", "x"], ["--analyzer", "plain"]):
        assert "--run-in or flags of searching" in fail("--run-in", "a.run", *flags)
    assert "bad.run:1: expected the 6 columns" in fail("--run-in", "bad.run")
    assert "none of its queries has judgments here" in fail("--against", "other.run")
    assert "nothing.run: cannot be read" in fail("--against", "nothing.run")
    assert "cannot be written" in fail("--run-in", "a.run", "--report", collection)
    assert "cannot be written" in fail("--run-in", "a.run", "--run-out", "a.run/b")
    (collection / "qrels" / "dev.tsv").write_text("q1\ta\t0\n")
    assert "nothing to compare" in fail("--run-in", "a.run", "--against", "a.run")
