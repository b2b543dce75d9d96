import gc
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from micrograd import InputError
from micrograd.benchmark import comparison, peer, workloads
from micrograd.benchmark.comparison import OURS, Row, demo_request
from micrograd.benchmark.peer import measure
from micrograd.cli import main


def test_both_ways_to_write_the_demo_give_the_same_loss() -> None:
    request = {**demo_request(seed=1), "steps": 15, "collector": True}
    ours = measure(OURS, "demo_with_our_library", **request)
    same_source = measure(OURS, "demo", **request)
    assert ours["loss"] == pytest.approx(same_source["loss"], rel=1e-12)
    assert measure(OURS, "demo", **{**request, "collector": False})["loss"] == same_source["loss"]


def test_the_longest_chain_is_as_long_as_asked() -> None:
    assert measure(OURS, "deepest_chain", length=3000)["links"] == 3000


def test_the_factor_says_how_many_times_better_ours_is() -> None:
    assert Row("time", "ms", ours=2.0, original=10.0).factor == 5.0
    assert Row("depth", "links", ours=30.0, original=10.0, more_is_better=True).factor == 3.0
    assert Row("alone", "ms", ours=2.0).factor is None


def test_bench_alone_prints_its_rows(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["bench", "--no-peer", "--steps", "2", "--chain", "1000"]
    main([*arguments, "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert all(row["ours"] > 0 and row["original"] is None for row in rows)
    monkeypatch.setattr(comparison, "measure", measure_in_this_process)
    main(arguments)
    printed = capsys.readouterr()
    assert all(row["what"] in printed.out for row in rows)
    assert printed.err == ""
    # What measures in a process must leave it as it was, or all that follows there is slow.
    assert gc.isenabled()
    assert not tracemalloc.is_tracing()


def measure_in_this_process(_python: Path, workload: str, **request: Any) -> dict[str, Any]:
    result: dict[str, Any] = getattr(workloads, workload)(request)
    return result


def test_a_peer_that_cannot_be_installed_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(peer, "PEER", "not a requirement!")
    with pytest.raises(SystemExit) as stop:
        main(["bench", "--steps", "1"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "cannot install" in error
    assert "--no-peer" in error


def test_a_measurement_that_fails_says_why() -> None:
    with pytest.raises(InputError, match=r"(?s)chain failed under .*KeyError"):
        measure(OURS, "chain")
