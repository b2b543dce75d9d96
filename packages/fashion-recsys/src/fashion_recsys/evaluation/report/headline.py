"""The first screen of the report: is the list better, by how much, and how sure is that."""

from collections.abc import Iterator

from fashion_recsys.evaluation.bootstrap import Estimate
from fashion_recsys.evaluation.ledger import BEST_SELLERS, Ledger, ListScore
from fashion_recsys.evaluation.report.data import Report
from fashion_recsys.evaluation.report.markup import card, interval, number, paragraph

_GROUPS = {"all": "all customers", "warm": "customers with history"}


def headline(report: Report) -> str:
    """Return the verdict in words, and a card per group and baseline."""
    ledger = report.latest
    rows = ("".join(_cards(ledger, group)) for group in _GROUPS)
    cards = "".join(f'<div class="cards">{row}</div>' for row in rows if row)
    words = " ".join(_verdicts(report))
    return (paragraph(words, "lead") if words else "") + cards + _explained()


def _verdicts(report: Report) -> Iterator[str]:
    ledger = report.latest
    for baseline in _baselines(ledger, "all"):
        warm = ledger.list_score(baseline.name, "warm")
        words = f"{_words(baseline.gain['map'])} for {_GROUPS['all']}{_times(ledger, baseline)}"
        if warm:
            same = _words(warm.gain["map"]) == _words(baseline.gain["map"])
            words += " and " if same else f", and {_words(warm.gain['map'])} "
            words += f"for {_GROUPS['warm']}{_times(ledger, warm)}"
        yield f"Against {_named(baseline.name)} the final list is {words}."
    if len(report.periods) > 1:
        yield _over_periods(report)


def _times(ledger: Ledger, baseline: ListScore) -> str:
    """Return how many times the baseline's MAP@12 the final list has, if they surely differ."""
    final = ledger.list_score(ledger.final, baseline.group)
    theirs = baseline.metrics["map"].value
    if not final or not theirs or not _sure(baseline.gain["map"]):
        return ""
    return f" (MAP@12 {final.metrics['map'].value / theirs:.2f} times as high)"


def _over_periods(report: Report) -> str:
    """Say in how many periods the final list surely beats the strongest baseline."""
    rivals = _baselines(report.latest, "all")
    if not rivals:
        return ""
    rival = max(rivals, key=lambda row: row.metrics["map"].value).name
    found = [ledger.list_score(rival) for ledger in report.periods]
    verdicts = [_words(row.gain["map"]) for row in found if row]
    words = (
        f"Against {_named(rival)}, the strongest baseline, the gain is sure in "
        f"{verdicts.count('better')} of {len(verdicts)} test periods"
    )
    lost = verdicts.count("worse")
    return f"{words}, and a loss in {lost}." if lost else f"{words}."


def _cards(ledger: Ledger, group: str) -> Iterator[str]:
    final = ledger.list_score(ledger.final, group)
    if final is None:
        return
    score = final.metrics["map"]
    below = f"95% interval {interval(score)}"
    yield card(f"MAP@12 of the final list, {_GROUPS[group]}", number(score.value), below)
    for baseline in _baselines(ledger, group):
        gain = baseline.gain["map"]
        tone = {"better": "good", "worse": "bad"}.get(_words(gain), "")
        below = (
            f"95% interval {interval(gain, signed=True)}; "
            f"theirs is {number(baseline.metrics['map'].value)}"
        )
        label = f"gain over {_named(baseline.name)}, {_GROUPS[group]}"
        yield card(label, number(gain.value, signed=True), below, tone)


def _baselines(ledger: Ledger, group: str) -> list[ListScore]:
    rows = [row for row in ledger.lists if row.group == group and row.name != ledger.final]
    return sorted(rows, key=lambda row: row.name != BEST_SELLERS)


def _named(baseline: str) -> str:
    return f"the {baseline}" if baseline == BEST_SELLERS else f"'{baseline}'"


def _words(gain: Estimate) -> str:
    if not _sure(gain):
        return "not surely different"
    return "better" if gain.value > 0 else "worse"


def _sure(gain: Estimate) -> bool:
    return gain.low > 0 or gain.high < 0


def _explained() -> str:
    return paragraph(
        "MAP@12 tells how good the twelve places are that a customer sees: 1 is perfect, and a hit "
        "counts more the earlier it stands. A 95% interval tells how far a figure may be off by "
        "the chance of which customers bought in the test period, and a gain is sure when its "
        "interval lies above zero. Days and weeks differ by more: judge by several periods.",
        "small",
    )
