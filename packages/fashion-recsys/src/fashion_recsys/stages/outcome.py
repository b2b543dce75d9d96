"""Run the graph of a configuration, and put what people look for into the folder of the run.

    RUN/run.json                    what was run: data set, day, costs of the stages
    RUN/ledger.json                 the ledgers of all test periods, the worth of features
    RUN/REPORT.html                 the same, with plots
    RUN/recommendations.parquet     the lists of every customer (``run`` only)

The outputs of the stages stay in RUN/stages under their keys; these files are replaced at each run.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from fashion_recsys.config import Evaluate
from fashion_recsys.evaluation.bootstrap import Estimate
from fashion_recsys.evaluation.ledger import Ledger
from fashion_recsys.evaluation.report.data import Ablation as AblationRow
from fashion_recsys.evaluation.report.data import FeatureGain, Report, StageCost
from fashion_recsys.evaluation.report.page import write_report
from fashion_recsys.files import replaced_file
from fashion_recsys.pipeline.graph import run_graph
from fashion_recsys.pipeline.stage import StageEvent, StageResult
from fashion_recsys.progress import Progress
from fashion_recsys.stages import ablation, ledger, names, ranker, recommend
from fashion_recsys.stages.data import data_stage, dataset_of, folder_of
from fashion_recsys.stages.finished import RUN
from fashion_recsys.stages.plan import Plan

LEDGER = "ledger.json"
REPORT = "REPORT.html"
_SHOWN = 25
"""Features in the report: the rest hold little."""
OnStage = Callable[[StageEvent], None]


@dataclass(frozen=True)
class Outcome:
    """What a run found.

    Attributes:
        stages: every stage of the graph and what it cost when it ran.
        ledgers: one per test period, the latest first.
        importance: feature and gain of the latest test's ranker.
        groups: what was lost without each group of features, if it was asked for.
    """

    stages: tuple[StageResult, ...]
    ledgers: tuple[Ledger, ...]
    importance: pl.DataFrame
    groups: tuple[dict[str, Any], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "ledgers": [ledger.as_dict() for ledger in self.ledgers],
            "importance": self.importance.to_dicts(),
            "feature_groups": list(self.groups),
            "stages": [result.as_dict() for result in self.stages],
        }


def carry_out(
    config: Evaluate, *, recommending: bool, progress: Progress, on_stage: OnStage
) -> Outcome:
    """Run the stages that are not finished, and publish the results in ``config.out``.

    Args:
        config: what to run.
        recommending: make the lists for the day after the log too.
        progress: told how far each stage is.
        on_stage: told when a stage starts, has run or is skipped.

    Raises:
        FashionRecsysError: an input is at fault, or a stage failed; finished stages are kept.
    """
    first = run_graph([data_stage(config.data)], config.out, progress=progress)
    plan = Plan(config, dataset_of(first[0].folder))
    stages = [*plan.evaluation(), *(plan.recommendation() if recommending else [])]
    results = run_graph(
        stages, config.out, restart_from=config.restart_from, progress=progress, on_stage=on_stage
    )
    outcome = _read(plan, results, ablated=config.ablation)
    _publish(config.out, outcome)
    return outcome


def _read(plan: Plan, results: list[StageResult], *, ablated: bool) -> Outcome:
    folders = {result.stage: result.folder for result in results}
    latest = plan.tests[0].as_of
    groups: list[dict[str, Any]] = []
    if ablated:
        groups = ablation.read_groups_ablation(folders[names.ablation(latest)])
    return Outcome(
        stages=tuple(results),
        ledgers=tuple(
            ledger.read_ledger(folders[names.ledger(split.as_of)]) for split in plan.tests
        ),
        importance=pl.read_parquet(folders[names.ranker(latest)] / ranker.IMPORTANCE),
        groups=tuple(groups),
    )


def _publish(folder: Path, outcome: Outcome) -> None:
    folders = {result.stage: result.folder for result in outcome.stages}
    found = outcome.as_dict()
    _replace(folder / LEDGER, json.dumps(found, indent=1))
    write_report(_report(outcome), folder / REPORT)
    run = {"data": str(folder_of(folders[names.DATA])), "stages": found["stages"]}
    _replace(folder / RUN, json.dumps(run, indent=1))
    if names.RECOMMEND in folders:
        _link(folders[names.RECOMMEND] / recommend.LISTS, folder / recommend.LISTS)


def _report(outcome: Outcome) -> Report:
    return Report(
        title="What each stage of the recommender adds",
        ledgers=outcome.ledgers,
        importance=[FeatureGain(*row) for row in outcome.importance.head(_SHOWN).rows()],
        ablations=[
            AblationRow(group["without"], _loss(group["difference"], group["standard_error"]))
            for group in outcome.groups[1:]  # the first has all features
        ],
        costs=[
            StageCost(
                result.stage,
                result.seconds,
                result.peak_mib,
                result.facts.get("ranked_rows", result.facts.get("rows")),
            )
            for result in outcome.stages
        ],
    )


def _loss(difference: float, standard_error: float) -> Estimate:
    """Return what is lost, with the 95% interval of a normal distribution."""
    margin = 1.96 * standard_error
    return Estimate(-difference, -difference - margin, -difference + margin)


def _replace(path: Path, text: str) -> None:
    with replaced_file(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def _link(source: Path, target: Path) -> None:
    """Give a file a second name; where the file system has no links, copy it."""
    with replaced_file(target) as partial:
        partial.unlink(missing_ok=True)
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
