"""A run from raw files to lists: what it writes, that it skips, resumes and repeats itself."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from fashion_recsys.cli import main
from fashion_recsys.evaluation.ledger import Ledger

pytestmark = pytest.mark.slow

Command = Callable[[Path], list[str]]


def lists(run: Path) -> pl.DataFrame:
    return pl.read_parquet(run / "recommendations.parquet")


def stages(run: Path) -> list[str]:
    return [stage["stage"] for stage in json.loads((run / "run.json").read_text())["stages"]]


def test_every_customer_gets_twelve_different_articles(finished_run: Path) -> None:
    found = lists(finished_run)
    assert found["customer"].n_unique() == 6_000
    sizes = found.group_by("customer").agg(pl.col("article").n_unique(), pl.col("rank").max())
    assert (sizes["article"] == 12).all()
    assert (sizes["rank"] == 12).all()


def test_the_ledger_is_saved_and_agrees_with_itself(finished_run: Path) -> None:
    saved = json.loads((finished_run / "ledger.json").read_text())
    (ledger,) = (Ledger.from_dict(plain) for plain in saved["ledgers"])
    sources = {use.source for use in ledger.sources}
    assert {"best sellers", "own purchases", "bought together", "two-tower"} <= sources
    pool = next(pool for pool in ledger.pool if pool.group == "all")
    found = {row.name: row for row in ledger.retrieval if row.group == "all"}
    # No order of the pool finds more than the pool holds, and no list beats the oracle.
    assert found["ranked pool"].recall[1000].value <= pool.recall.value + 1e-9
    final = ledger.list_score("final")
    assert final is not None
    assert 0 < final.metrics["map"].value <= pool.oracle_map.value
    assert {row["without"] for row in saved["feature_groups"]} > {"all features", "two-tower"}
    assert saved["importance"][0]["gain"] > 0


def test_the_report_shows_the_stages(finished_run: Path) -> None:
    page = (finished_run / "REPORT.html").read_text()
    for part in ("two-tower", "best sellers", "recommend", "<svg"):
        assert part in page


def test_a_second_run_does_nothing_and_says_so(
    finished_run: Path, run_command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (finished_run / "stages").stat().st_mtime_ns
    main([*run_command(finished_run), "--json"])
    shown = capsys.readouterr()
    assert all(stage["status"] == "skipped" for stage in json.loads(shown.out)["stages"])
    assert "recommend: finished by an earlier run" in shown.err
    assert (finished_run / "stages").stat().st_mtime_ns == before


def kill_in(stage: str, command: list[str], out: Path) -> None:
    """Start a run and kill it, and the stage's process with it, once ``stage`` is at work."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fashion_recsys", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not list((out / "stages").glob(f".{stage}-*.partial")):
            assert process.poll() is None, f"the run ended before {stage}"
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def test_killed_in_every_stage_then_run_again(
    finished_run: Path, run_command: Command, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    for stage in stages(finished_run):
        kill_in(stage, run_command(out), out)
    main(run_command(out))
    assert not list((out / "stages").glob(".*")), "a killed stage left something"
    # The same seed, the same lists, however often the run was interrupted.
    assert lists(out).equals(lists(finished_run))


def test_from_runs_a_stage_and_what_follows_again(
    finished_run: Path, run_command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    before = lists(finished_run)
    main([*run_command(finished_run), "--json", "--from", "recommend"])
    ran = [
        stage["stage"]
        for stage in json.loads(capsys.readouterr().out)["stages"]
        if stage["status"] == "ran"
    ]
    assert ran == ["recommend"]
    assert lists(finished_run).equals(before)
    with pytest.raises(SystemExit) as stop:
        main([*run_command(finished_run), "--from", "nothing"])
    assert stop.value.code == 2
    assert "--from nothing: no such stage; the stages are data, two-tower-" in (
        capsys.readouterr().err
    )


def test_one_customer_is_shown_with_reasons(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = finished_run / json.loads((finished_run / "run.json").read_text())["data"]
    customers = pl.read_parquet(folder / "customers.parquet")
    number = pl.scan_parquet(folder / "transactions").select("customer").collect()["customer"][-1]
    customer = customers["customer_id"][number]
    main(["recommend", customer[:20], "--run", str(finished_run), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["customer_id"] == customer
    assert [entry["rank"] for entry in found["articles"]] == list(range(1, 13))
    expected = lists(finished_run).filter(pl.col("customer") == number).sort("rank")
    articles = pl.read_parquet(folder / "articles.parquet")["article_id"]
    assert [entry["article_id"] for entry in found["articles"]] == articles.gather(
        expected["article"]
    ).to_list()
    assert any(entry["sources"] for entry in found["articles"])
    main(["recommend", customer, "--run", str(finished_run)])
    assert customer in capsys.readouterr().out


@pytest.mark.parametrize(
    ("customer", "message"),
    [
        ("nobody", "customer nobody: none of the 6,000 customers of"),
        ("", "customer : more than one id begins so"),
    ],
)
def test_a_customer_who_does_not_exist(
    finished_run: Path, capsys: pytest.CaptureFixture[str], customer: str, message: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["recommend", customer, "--run", str(finished_run)])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_run_can_be_moved(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = shutil.copytree(finished_run, tmp_path / "moved")
    data = moved / json.loads((moved / "run.json").read_text())["data"]
    assert data.is_dir()
    customer = pl.read_parquet(data / "customers.parquet")["customer_id"][3]
    main(["recommend", customer, "--run", str(moved), "--json"])
    assert json.loads(capsys.readouterr().out)["customer_id"] == customer


def test_a_submission_is_written_and_checked(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "submission.csv"
    main(["submit", "--run", str(finished_run), "--out", str(out), "--json"])
    assert json.loads(capsys.readouterr().out)["customers"] == 6_000
    rows = pl.read_csv(out, schema_overrides={"prediction": pl.String})
    assert rows.height == 6_000
    assert rows["prediction"].str.len_chars().unique().to_list() == [12 * 10 + 11]


def test_ann_report_measures_the_vectors_of_a_run(
    finished_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["ann-report", "--run", str(finished_run), "--k", "10", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["vectors"] == 1_500
    assert report["choice"]["recall"] >= report["target_recall"]
