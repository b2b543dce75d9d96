"""The report: recall beside brute force, the choice, and its forms."""

import json

import numpy as np
import pytest
from rich.console import Console

from fashion_recsys.ann.report import (
    AnnReport,
    clustered_vectors,
    measure_indexes,
    recall_of,
    render,
)
from fashion_recsys.errors import SettingError


@pytest.fixture(scope="module")
def report() -> AnnReport:
    vectors = clustered_vectors(3_000, 16, seed=0)
    return measure_indexes(vectors, vectors[:40], k=20)


def test_every_kind_is_measured(report: AnnReport) -> None:
    assert {m.kind for m in report.measurements} == {"exact", "ivf", "hnsw"}
    exact = report.measurements[0]
    assert (exact.kind, exact.recall) == ("exact", 1.0)
    for m in report.measurements:
        assert 0 < m.recall <= 1
        assert 0 < m.p50_ms <= m.p99_ms
        assert m.queries_per_second > 0
        assert m.memory_bytes >= 3_000 * 16 * 4
    probes = [m.recall for m in report.measurements if m.kind == "ivf"]
    assert probes == sorted(probes)


def test_the_choice_is_the_fastest_that_reaches_the_target(report: AnnReport) -> None:
    good = [m.p50_ms for m in report.measurements if m.recall >= 0.95]
    assert report.choice.p50_ms == min(good)
    assert report.choice.recall >= 0.95


def test_json_and_table(report: AnnReport) -> None:
    assert json.loads(json.dumps(report.as_dict()))["choice"]["recall"] >= 0.95
    console = Console(width=100)
    with console.capture() as capture:
        console.print(render(report))
    assert f"{report.choice.kind} *" in capture.get()


def test_recall_counts_line_by_line() -> None:
    truth = np.array([[0, 1], [2, 3]])
    assert recall_of(np.array([[1, 0], [3, -1]]), truth) == 3 / 4
    assert recall_of(np.array([[2, 3], [0, 1]]), truth) == 0


def test_more_results_than_vectors() -> None:
    vectors = clustered_vectors(5, 4, seed=0)
    assert measure_indexes(vectors, vectors[:2], k=100).k == 5


@pytest.mark.parametrize("target", [0.0, 1.5])
def test_a_target_without_sense_is_refused(target: float) -> None:
    vectors = clustered_vectors(5, 4, seed=0)
    with pytest.raises(SettingError, match="--target-recall"):
        measure_indexes(vectors, vectors, target_recall=target)


def test_no_queries_are_refused() -> None:
    vectors = clustered_vectors(5, 4, seed=0)
    with pytest.raises(SettingError, match="at least one query"):
        measure_indexes(vectors, vectors[:0])
