"""Which index is worth it: recall, latency, throughput and memory of each over its settings.

Recall@k is the share of the exact top k that an index finds. Time is measured the two ways that an
index is used: one query at a time on one thread (a page that is waited for; p50 and p99), and all
queries at once (a nightly batch; queries per second). The cheapest index is the one with the lowest
p50 among those that reach the target recall; exact always does.

On 105,542 x 64 clustered random vectors, k = 100, exact takes about a millisecond: below some
100k articles an approximate index saves little, and costs recall that no ranker can give back.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from fashion_recsys.ann.index import AnnIndex, AnnSettings, Kind, Rows, Vectors
from fashion_recsys.errors import SettingError, check_range
from fashion_recsys.progress import Progress, silent

IVF_PROBES = (4, 8, 16, 32, 64, 128)
HNSW_LINKS = (16, 32)
HNSW_EF_SEARCH = (100, 200, 400, 800)
_SPREAD_DECAY = 0.4


@dataclass(frozen=True)
class AnnMeasurement:
    """One index with one setting."""

    kind: Kind
    setting: str
    """The setting in words."""
    recall: float
    """Share of the exact top k that it finds."""
    p50_ms: float
    p99_ms: float
    """Time of one query on one thread."""
    queries_per_second: float
    """All queries in one call."""
    build_seconds: float
    memory_bytes: int


@dataclass(frozen=True)
class AnnReport:
    """All measurements, and which index to use."""

    vectors: int
    dim: int
    queries: int
    k: int
    threads: int
    """Threads of the batch; single queries run on one."""
    target_recall: float
    measurements: tuple[AnnMeasurement, ...]

    @property
    def choice(self) -> AnnMeasurement:
        """The index with the lowest p50 that reaches the target."""
        good = [m for m in self.measurements if m.recall >= self.target_recall]
        return min(good, key=lambda m: m.p50_ms)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {**asdict(self), "choice": asdict(self.choice)}


def measure_indexes(
    vectors: Vectors,
    queries: Vectors,
    *,
    k: int = 100,
    target_recall: float = 0.95,
    threads: int = 1,
    progress: Progress = silent,
) -> AnnReport:
    """Measure every kind of index over its settings.

    Args:
        vectors: (n, D) to search.
        queries: (Q, D) a few hundred are enough.
        k: results per query; at most n are asked for.
        target_recall: recall that the chosen index must reach, above 0 and at most 1.
        threads: threads for the batch.
        progress: told the share of the settings measured.

    Raises:
        SettingError: a setting makes no sense, or there are no vectors or queries.
    """
    check_range(1, k=k, threads=threads)
    if not 0 < target_recall <= 1:
        raise SettingError(f"--target-recall: expected above 0 up to 1, found {target_recall}")
    if not len(queries):
        raise SettingError("expected at least one query, found none")
    k = min(k, len(vectors))
    truth: Rows | None = None
    measurements: list[AnnMeasurement] = []
    plan = list(_grid())
    for done, (index, setting) in enumerate(_built(vectors, plan), 1):
        measured, rows = _measure(index, setting, queries, k, threads)
        truth = rows if truth is None else truth
        measurements.append(replace(measured, recall=recall_of(rows, truth)))
        progress("measure indexes", done / len(plan))
    return AnnReport(
        len(vectors),
        vectors.shape[1],
        len(queries),
        k,
        threads,
        target_recall,
        tuple(measurements),
    )


def _grid() -> Iterator[tuple[Kind, AnnSettings, str]]:
    """Yield kind, settings and their words; exact first, settings of one build together."""
    yield "exact", AnnSettings(), ""
    for probes in IVF_PROBES:
        settings = AnnSettings(ivf_probes=probes)
        yield "ivf", settings, f"{settings.ivf_lists} lists, {probes} probes"
    for links in HNSW_LINKS:
        for ef in HNSW_EF_SEARCH:
            settings = AnnSettings(hnsw_links=links, hnsw_ef_search=ef)
            yield "hnsw", settings, f"{links} links, ef {ef}"


@dataclass(frozen=True)
class _Built:
    index: AnnIndex
    seconds: float
    memory_bytes: int


def _built(
    vectors: Vectors, plan: list[tuple[Kind, AnnSettings, str]]
) -> Iterator[tuple[_Built, str]]:
    """Yield the index of each line of the plan, built once for all that differ in search only."""
    last: tuple[tuple[Kind, int], _Built] | None = None
    for kind, settings, words in plan:
        key = (kind, settings.hnsw_links)
        if last is None or last[0] != key:
            begin = time.perf_counter()
            index = AnnIndex(kind, settings).build(vectors)
            seconds = time.perf_counter() - begin
            last = key, _Built(index, seconds, index.memory_bytes)
        built = last[1]
        yield replace(built, index=built.index.with_settings(settings)), words


def _measure(
    built: _Built, setting: str, queries: Vectors, k: int, threads: int
) -> tuple[AnnMeasurement, Rows]:
    built.index.search(queries[:1], k)  # The first call allocates.
    singles = np.empty(len(queries))
    for i in range(len(queries)):
        begin = time.perf_counter()
        built.index.search(queries[i : i + 1], k)
        singles[i] = time.perf_counter() - begin
    begin = time.perf_counter()
    _, rows = built.index.search(queries, k, threads=threads)
    seconds = time.perf_counter() - begin
    p50, p99 = np.percentile(singles * 1000, [50, 99]).tolist()
    measured = AnnMeasurement(
        kind=built.index.kind,
        setting=setting,
        recall=1.0,
        p50_ms=p50,
        p99_ms=p99,
        queries_per_second=len(queries) / seconds,
        build_seconds=built.seconds,
        memory_bytes=built.memory_bytes,
    )
    return measured, rows


def recall_of(rows: Rows, truth: Rows) -> float:
    """Return the share of ``truth`` (Q, k) that ``rows`` (Q, k) hold, line by line."""
    offsets = np.arange(len(truth))[:, None] * (truth.max() + 1)
    found = np.where(rows >= 0, rows + offsets, -1)
    return float(np.isin(truth + offsets, found).mean())


def clustered_vectors(
    n: int, dim: int, *, seed: int, clusters: int = 500
) -> npt.NDArray[np.float32]:
    """Return (n, dim) unit vectors around random centres, about as hard to search as trained ones.

    As far from their centre as the centres from each other, so that neighbours lie in several
    cells of an index; and with a spread along the axes that falls like the singular values of the
    vectors learned from H&M's days (a quarter of the first by the 36th). Vectors without any
    structure have no near neighbours in 64 dimensions, which no index can find faster than by
    looking at all.
    """
    rng = np.random.default_rng(seed)
    spread = (1.0 + np.arange(dim)) ** -_SPREAD_DECAY
    centres = rng.standard_normal((clusters, dim))
    vectors = centres[rng.integers(0, clusters, n)] + rng.standard_normal((n, dim))
    vectors *= spread
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def render(report: AnnReport) -> Table:
    """Return the report as a table; the chosen index is marked."""
    title = (
        f"{report.vectors:,} x {report.dim} vectors, {report.queries:,} queries, "
        f"target recall {report.target_recall:g}"
    )
    table = Table(title=title, title_justify="left")
    columns = ("recall", "p50 ms", "p99 ms", "queries/s", "build s", "MiB")
    for column in ("index", "setting"):
        table.add_column(column)
    for column in columns:
        name = f"recall@{report.k}" if column == "recall" else column
        table.add_column(name, justify="right")
    for m in report.measurements:
        table.add_row(
            f"{m.kind} *" if m is report.choice else m.kind,
            m.setting,
            f"{m.recall:.3f}",
            f"{m.p50_ms:.3f}",
            f"{m.p99_ms:.3f}",
            f"{m.queries_per_second:,.0f}",
            f"{m.build_seconds:.1f}",
            f"{m.memory_bytes / 2**20:.1f}",
        )
    table.caption = f"* the fastest single query at recall of at least {report.target_recall:g}"
    return table
