"""The benchmark of the sources measures each of them and the pool."""

import json
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from fashion_recsys import Dataset

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "candidates.py"


def test_every_source_and_the_pool_are_measured(
    shop_dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    loader = SourceFileLoader("candidates_benchmark", str(SCRIPT))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    script = module_from_spec(spec)
    loader.exec_module(script)
    config = script.Benchmark(data=shop_dataset.folder, customers=300, shard=200)
    steps = {step.step: step for step in script.run(config)}
    assert steps["best sellers, 100"].rows == 300 * 100
    assert steps["pool"].rows >= steps["best sellers by taste, 300"].rows > 0
    assert all(step.seconds > 0 and step.peak_mib > 20 for step in steps.values())
    script.main(config)
    assert "fit bought together" in capsys.readouterr().out
    script.main(replace(config, json=True))
    assert len(json.loads(capsys.readouterr().out)["steps"]) == len(steps)
