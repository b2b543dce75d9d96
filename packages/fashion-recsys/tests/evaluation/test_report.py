"""The ledger's table and page: what stands in them, and that no input breaks them."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from fashion_recsys import OutputError
from fashion_recsys.evaluation.bootstrap import Estimate
from fashion_recsys.evaluation.ledger import (
    GroupSize,
    Ledger,
    ListScore,
    PoolScore,
    Retrieval,
    SourceUse,
)
from fashion_recsys.evaluation.ledger_table import render, render_periods
from fashion_recsys.evaluation.report.data import Ablation, FeatureGain, Report, StageCost
from fashion_recsys.evaluation.report.page import render_page, write_report

KS = (12, 50, 100, 200, 300, 500, 1000)
ZERO = Estimate(0.0, 0.0, 0.0)
NASTY = "<script>alert('x')</script> & $x_1$ [bold]"


def about(value: float) -> Estimate:
    return Estimate(value, value - 0.004, value + 0.004)


def retrieval(name: str, group: str, scale: float) -> Retrieval:
    recall = {k: about(scale * k / 1000) for k in KS}
    if name == "best sellers":
        return Retrieval(name, group, recall, {}, {})
    return Retrieval(name, group, recall, {k: about(0.01) for k in KS}, dict.fromkeys(KS, 1.2))


def listed(name: str, group: str, map_at_12: float, gain: float | None) -> ListScore:
    metrics = {key: about(map_at_12) for key in ("map", "ndcg", "hit_rate", "recall")}
    gains = {} if gain is None else {key: about(gain) for key in metrics}
    whole = group in ("all", "warm")
    return ListScore(name, group, metrics, gains, 0.03 if whole else None, 9.1 if whole else None)


def ledger_of(source: str = "two-tower", day: int = 21) -> Ledger:
    groups = ("all", "warm", "warm, new to customer")
    names = ("best sellers", source, "all sources in turn", "ranked pool")
    return Ledger(
        date(2020, 9, day),
        date(2020, 9, day),
        "final list",
        groups=tuple(GroupSize(group, 10_119, 28_800) for group in groups),
        retrieval=tuple(
            retrieval(name, group, 0.5 + place / 10)
            for group in groups
            for place, name in enumerate(names)
        ),
        pool=tuple(PoolScore(group, 348.2, about(0.3), about(0.5)) for group in groups),
        sources=tuple(
            SourceUse(name, group, 300.0, 47.1, 7_378, 603, about(0.02), about(0.03), loss)
            for group in groups
            for name, loss in (("best sellers", None), (source, about(0.01)))
        ),
        lists=tuple(
            row
            for group in groups
            for row in (
                listed("final list", group, 0.21, None),
                listed("best sellers", group, 0.009, 0.201),
                listed("own purchases + best sellers", group, 0.174, 0.003),
            )
        ),
    )


def full_report(name: str = "two-tower") -> Report:
    return Report(
        title=name,
        ledgers=[ledger_of(name, 21), ledger_of(name, 19), ledger_of(name, 20)],
        importance=[FeatureGain(name, 0.4), FeatureGain("age", 0.1)],
        ablations=[Ablation(name, about(0.01)), Ablation("price", ZERO)],
        costs=[StageCost(name, 5.25, 812.0, 238_888), StageCost("train", 61.0)],
        notes=[name],
    )


class Balance(HTMLParser):
    """Checks that tags close in order, and collects ids and what the page would load."""

    VOID = ("meta", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.names: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        values = dict(attrs)
        self.ids += [values["id"]] if values.get("id") else []
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parse(page: str) -> Balance:
    balance = Balance()
    balance.feed(page)
    assert balance.open == []
    assert len(set(balance.ids)) == len(balance.ids)
    return balance


@cache
def full_page() -> str:
    return render_page(full_report())


@pytest.mark.parametrize("name", ["two-tower", NASTY])
def test_the_page_is_whole_and_loads_nothing(name: str) -> None:
    page = full_page() if name == "two-tower" else render_page(full_report(name))
    found = parse(page)
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert set(re.findall(r"url\((?!#)", page)) == set()
    assert not found.names & {"script", "img", "link", "iframe"}
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(svg)
    if name == NASTY:
        assert "alert('x')</script>" not in page
        assert "&lt;script&gt;" in page


def test_colours_come_from_the_page() -> None:
    page = full_page()
    style, body = page.split("</style>")
    used = set(re.findall(r"var\((--[a-z0-9]+)\)", body))
    assert {"--ink", "--s1", "--font"} <= used
    assert all(f"{name}:" in style for name in used)
    assert set(re.findall(r"#0[12]01[0-9a-f]{2}", body)) == set()


def test_the_headline_says_what_is_sure() -> None:
    page = full_page()
    assert (
        "Against the best sellers the final list is better for all customers (MAP@12 23.33" in page
    )
    assert (
        "+ best sellers&#x27; the final list is not surely different for all customers and" in page
    )
    assert "the gain is sure in 0 of 3 test periods" in page
    assert "0.2060 to 0.2140" in page
    assert "+0.2010" in page


def test_same_report_same_bytes(tmp_path: Path) -> None:
    # The second is made from JSON, as the command line does.
    again = Report.from_dict(json.loads(json.dumps(full_report().as_dict())))
    assert again == full_report()
    out = tmp_path / "new" / "report.html"
    write_report(again, out)
    assert out.read_text() == full_page()
    with pytest.raises(OutputError, match="is a folder"):
        write_report(again, tmp_path)
    assert list(out.parent.iterdir()) == [out]


def test_what_is_not_known_is_left_out() -> None:
    bare = replace(ledger_of(), retrieval=(), pool=(), sources=(), lists=ledger_of().lists[:1])
    page = render_page(Report("Bare", [replace(bare, groups=bare.groups[:1])]))
    parse(page)
    headings = re.findall("<h2>(.*?)</h2>", page)
    assert headings == ["The final list, by group", "Definitions"]


def test_a_list_without_a_hit() -> None:
    # All figures 0: no division, no empty axis.
    ledger = ledger_of()
    rows = tuple(
        replace(row, recall=dict.fromkeys(KS, ZERO), ratio=dict.fromkeys(row.ratio))
        for row in ledger.retrieval
    )
    lists = tuple(replace(row, metrics=dict.fromkeys(row.metrics, ZERO)) for row in ledger.lists)
    parse(render_page(Report("Zero", [replace(ledger, retrieval=rows, lists=lists)])))


@pytest.mark.parametrize(
    "name", ["two-tower", NASTY, "a name that is far too long for a table's column"]
)
def test_the_tables_fit_a_hundred_columns(name: str) -> None:
    console = Console(width=100, highlight=False)
    with console.capture() as capture:
        console.print(render(ledger_of(name)))
        console.print(render_periods([ledger_of(name, 20), ledger_of(name, 21)]))
    text = capture.get()
    assert "Stage ledger: test 2020-09-21 to 2020-09-21, 10,119 customers, 28,800 pur" in text
    assert "own purchases + best sellers  0.1740 (0.1700-0.1780)   +0.0030" in text
    assert "best sellers                  0.0090 (0.0050-0.0130)  +0.2010*" in text
    assert name[:33] in text
    # Only names are cut, never figures.
    assert all("…" not in line[35:] for line in text.splitlines())
