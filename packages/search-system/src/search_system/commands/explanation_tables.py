"""Explanations of scores as tables for people, which fit a terminal of 80 columns."""

from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from search_system.fusion import MinMax, Scale
from search_system.output import print_indented
from search_system.retrieval.explanation import Explanation
from search_system.searching.signals import ScoreExplanation, SignalExplanation


def print_explanation(console: Console, explanation: ScoreExplanation, indent: int) -> None:
    """Print a score's parts as a table, and the parts of its parts as further ones."""
    if isinstance(explanation, Explanation):
        _print_table(console, _terms_table(explanation, "score"), indent)
        return
    if not explanation.parts:
        print_indented(console, Text(f"{explanation.name}  {explanation.score:.6f}"), indent)
        return
    _print_table(console, _signals_table(explanation), indent)
    if explanation.note:
        note = Text(f"{explanation.name}: {explanation.note}", style="dim")
        print_indented(console, note, indent)
    for signal in explanation.parts:
        if signal.note:
            note = Text(f"{signal.name}: {signal.note}", style="dim")
            print_indented(console, note, indent)
    for signal in explanation.parts:
        if signal.parts:
            print_explanation(console, signal, indent)
        if signal.words is not None and signal.words.matches:
            _print_table(console, _terms_table(signal.words, signal.name), indent)


def _print_table(console: Console, table: Table, indent: int) -> None:
    # Numbers that are cut off would be worse than a table further left.
    indent = max(0, min(indent, console.width - console.measure(table).maximum))
    console.print(Padding(table, (0, 0, 0, indent), expand=False))


def _signals_table(explanation: SignalExplanation) -> Table:
    """Return a table of signals, whose last row is the sum of their parts.

    A signal's part is ``weight * normalised``; the scale tells what its values in the rankings that
    were fused go from and to.
    """
    table = Table(box=None, pad_edge=False, show_footer=True)
    table.add_column("signal", explanation.name, overflow="fold")
    for column in ("value", "scale", "normalised", "weight"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("part", f"{explanation.score:.6f}", justify="right", no_wrap=True)
    for signal in explanation.parts:
        table.add_row(
            signal.name,
            "none" if signal.value is None else f"{signal.value:.4f}",
            _scale(signal.scale),
            "" if signal.normalized is None else f"{signal.normalized:.6f}",
            f"{signal.weight:g}",
            f"{signal.score:.6f}",
        )
    return table


def _scale(scale: Scale | None) -> str:
    if scale is None:
        return ""
    if isinstance(scale, MinMax):
        return f"{scale.lowest:.4f} to {scale.highest:.4f}"
    return f"{scale.mean:.4f} ± {scale.deviation:.4f}"


def _terms_table(explanation: Explanation, name: str) -> Table:
    """Return a table of a score's terms, whose last row is their sum, by the name of the score.

    A term's part is ``times * idf * saturation``; the saturation tells from 0 to 1 what its
    occurrences are worth, by their number and the length of each field that has them.
    """
    table = Table(box=None, pad_edge=False, show_footer=True)
    table.add_column("term", name, overflow="fold")
    for column in ("times", "df", "idf", "tf/length", "saturation"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("part", f"{explanation.score:.6f}", justify="right", no_wrap=True)
    for leaf in _scored(explanation):
        if (t := leaf.term) is None:
            table.add_row(Text(leaf.clause), *[""] * 5, f"{leaf.score:.6f}")
            continue
        fields = "\n".join(f"{f.field}:{f.tf}/{f.length}" for f in t.fields)
        numbers = f"{t.query_weight:g}", f"{t.df:,}", f"{t.idf:.4f}"
        row = Text(fields), f"{t.saturation:.4f}", f"{t.part:.6f}"
        table.add_row(Text(leaf.clause), *numbers, *row)
    return table


def _scored(explanation: Explanation) -> Iterator[Explanation]:
    """Yield the leaves of an explanation that add to the score."""
    if not explanation.parts:
        yield explanation
    for part in explanation.parts:
        yield from _scored(part)
