"""The benchmark of retrieval compares the three models on one generated shop."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fashion_recsys import Dataset

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "retrieval.py"


@pytest.mark.slow
def test_the_three_models_are_compared(shop_dataset: Dataset) -> None:
    pytest.importorskip("implicit")
    settings = ["--two-tower.epochs", "1", "--two-tower.max-examples", "2000"]
    command = [sys.executable, SCRIPT, "--data", shop_dataset.folder, "--json", *settings]
    # implicit warns where BLAS would start threads inside its own.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    measured = json.loads(done.stdout)
    names = [m["model"] for m in measured]
    assert names == ["best sellers", "ALS of 32 factors", "two-tower"]
    for m in measured:
        assert 0 < m["new_pairs"] <= m["pairs"]
        shares = list(m["recall"].values())
        assert shares == sorted(shares)
        assert 0 < shares[-1] <= 1
