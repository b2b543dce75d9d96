"""The benchmark script measures what it says; its own half needs no pandas."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "ingest.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    loader = SourceFileLoader("ingest_benchmark", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_our_half_is_measured(benchmark: ModuleType, shop: Path, tmp_path: Path) -> None:
    found = benchmark.measure(benchmark.OURS, shop, tmp_path / "ours")
    size = sum(path.stat().st_size for path in (tmp_path / "ours").rglob("*.parquet"))
    assert found.written_mib == size / 2**20 > 0
    assert found.cpu_seconds > 0
    assert 20 < found.peak_mib < 20_000


def test_a_failure_of_a_half_stops_it(benchmark: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="the measured process failed"):
        benchmark.measure("raise SystemExit(3)", tmp_path, tmp_path)


@pytest.mark.slow
def test_both_halves_are_compared(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    benchmark.main(benchmark.Benchmark(rows=2_000))
    assert "Parquet written, MiB" in capsys.readouterr().out
