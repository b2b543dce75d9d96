"""The page: what it says, that it is well-formed, and that no text becomes markup."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_system import (
    AblationRow,
    Baseline,
    OptionError,
    OutputError,
    Report,
    compare_evaluations,
    evaluate_run,
    write_report,
)
from search_system.evaluation.report.markup import element, join, plain, user_text
from search_system.evaluation.report.page import render
from search_system.evaluation.report.plots import histogram, win_loss_plot
from search_system.evaluation.report.words import verdict

QRELS = {f"q{n}": {f"d{n}": 2, "x": 0} for n in range(12)} | {"none": {"x": 0}}
GOOD = {query_id: {f"d{query_id[1:]}": 2.0, "u": 1.0} for query_id in QRELS}
BAD = {query_id: {"x": 3.0, "u": 2.0, f"d{query_id[1:]}": 1.0} for query_id in QRELS}
NASTY = "</title></svg><script>alert('1')</script> \"quoted\" & <b>"
VOID = {"meta"}


class Reader(HTMLParser):
    """Collect the elements of a page, checking that each is closed in its turn."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.names: set[str] = set()
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader


def make(title: str = "shop", text: str = "red shoes", name: str = "old.run") -> Report:
    good, bad = evaluate_run(GOOD, QRELS), evaluate_run(BAD, QRELS)
    rows = [
        AblationRow(f"{name} 1", bad.values("ndcg_at_10"), 0.2),
        AblationRow(f"{name} 2", good.values("ndcg_at_10"), 3.25),
    ]
    baseline = Baseline(name, bad, compare_evaluations(good, bad))
    queries = {query_id: f"{text} {query_id}" for query_id in QRELS}
    return Report(title, good, queries, {"grades": text}, baseline, rows)


def test_the_page_says_what_the_figures_are() -> None:
    text = " ".join("".join(read(render(make())).text).split())
    assert "The first ten results reach 100% of the best possible score (nDCG@10 1.000" in text
    assert "over the 12 queries that have a relevant document" in text
    assert "Better than old.run by 0.500 nDCG@10" in text
    assert "p < 0.001), more than chance explains." in text
    assert "Nobody has judged 50% of the first ten results" in text
    assert "of 13 judged have a relevant document" in text
    assert "1 of 13 judged queries have no relevant document" in text
    assert "left out above: none." in text
    assert "12 better" in text
    assert "3.25" in text


def test_the_page_needs_nothing_else() -> None:
    page = render(make())
    assert not re.search(r"(src|href)=|url\(|@import|<script|<link", page)
    assert page == render(make())


def test_without_a_baseline_or_anything_relevant() -> None:
    alone = evaluate_run(GOOD, QRELS)
    text = "".join(read(render(Report("shop", alone, dict.fromkeys(QRELS, "red")))).text)
    assert "Against" not in text
    assert "Stage by stage" not in text
    same = Baseline("old", alone, compare_evaluations(alone, alone))
    assert "No query differs." in render(replace(make(), baseline=same))
    nothing = evaluate_run(GOOD, {"q": {"a": 0}})
    assert "nothing to measure" in render(Report("shop", nothing, {"q": "red"}))
    one = evaluate_run({"q": {"a": 1.0}}, {"q": {"a": 1}})
    page = render(
        Report("shop", one, {"q": "x"}, {}, Baseline("y", one, compare_evaluations(one, one)))
    )
    assert "no interval: one query" in page
    assert "No clear difference from y: 0.000" in page
    assert "The judgments list relevant documents only." in page
    two = evaluate_run({"q": {"a": 1.0, "b": 0.5}}, {"q": {"a": 1, "b": 0}})
    assert "All of the first ten results have been judged." in render(Report("s", two, {"q": "x"}))


def test_text_stays_text() -> None:
    page = render(make(NASTY, NASTY, NASTY))
    reader = read(page)
    assert "script" not in reader.names
    assert "b" in reader.names  # ours, in the tiles
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    assert "".join(reader.text).count("<script>alert('1')</script>") > 12


@settings(max_examples=40, deadline=None)
@given(text=st.text(st.characters(), max_size=30))
def test_any_text_leaves_the_elements_as_they_are(text: str) -> None:
    expected, ours = read(render(make())), read(render(make(text, text, text)))
    assert ours.names == expected.names
    assert len(ours.attributes) == len(expected.attributes)


@given(text=st.text(st.characters()), attribute=st.text(st.characters()))
def test_markup_gives_back_what_it_was_given(text: str, attribute: str) -> None:
    reader = Reader()
    page = element("p", text, title=attribute)
    page.encode()  # a file can hold it
    reader.feed(f"{page}")
    reader.close()
    printable = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
    assert "".join(reader.text) == printable.sub("\ufffd", text)
    assert reader.attributes == [("title", printable.sub("\ufffd", attribute))]


def test_markup_by_hand() -> None:
    assert join("<", element("b", "&", class_="x", aria_label=None)) == '&lt;<b class="x">&amp;</b>'
    assert element("i", x=1 / 3, y=2.0) == '<i x="0.33" y="2"></i>'
    assert user_text("a\n <b>\u202e c") == "<bdi>a &lt;b&gt; c</bdi>"
    assert plain("x" * 300, 10) == "x" * 9 + "…"


def test_plots_of_extremes() -> None:
    assert histogram([0, 0.001, 0.999, 1.0], "x").count("<rect") == 11
    many = win_loss_plot([(f"q{n}", n / 5000 - 0.50001) for n in range(5000)], "x")
    assert many.count("<rect") == 1000
    assert "5,000 queries" in many
    assert "\N{MINUS SIGN}0.50" in win_loss_plot([("q", 0.3)], "x")


def test_an_unclear_difference_is_called_so() -> None:
    good, bad = evaluate_run(GOOD, QRELS), evaluate_run(GOOD | {"q1": {}}, QRELS)
    clear = compare_evaluations(bad, evaluate_run({}, QRELS))["ndcg_at_10"]
    assert verdict(clear, "x").startswith("Better than x by 0.917 nDCG@10")
    unclear = compare_evaluations(bad, good)["ndcg_at_10"]
    assert verdict(unclear, "x").startswith("No clear difference from x: \N{MINUS SIGN}0.083")
    worse = compare_evaluations(evaluate_run({}, QRELS), good)["ndcg_at_10"]
    assert verdict(worse, "x").startswith("Worse than x by 1.000 nDCG@10")


def test_stages_have_the_same_queries() -> None:
    report = make()
    rows = [AblationRow("a", {"q1": 1.0}, 1), AblationRow("b", {"q2": 1.0}, 1)]
    with pytest.raises(OptionError, match="the same queries"):
        render(Report("shop", report.evaluation, report.queries, ablation=rows))


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    write_report(tmp_path / "new" / "page.html", make())
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8") == render(make())
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(tmp_path, make())
