"""Training: what it writes, that it is deterministic and resumes exactly, and reads no future."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fashion_recsys import Dataset
from fashion_recsys.errors import DatasetError, SettingError, SplitError
from fashion_recsys.two_tower import checkpoint
from fashion_recsys.two_tower.settings import TwoTowerSettings
from fashion_recsys.two_tower.train import EpochRecord, train_two_tower
from fashion_recsys.two_tower.vectors import SavedVectors

MakeLog = Callable[..., pl.LazyFrame]
AS_OF = date(2020, 9, 10)
SMALL = TwoTowerSettings(
    dim=8, epochs=3, batch_size=64, uniform_negatives=16, word_buckets=50, learning_rate=0.02
)
ARTICLES, CUSTOMERS = 30, 40


def tables(*, attributes: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return articles of two kinds and customers, the last of which has no row."""
    numbers = pl.int_range(ARTICLES, dtype=pl.UInt32, eager=True)
    articles = pl.DataFrame({"article": numbers, "has_row": [True] * ARTICLES})
    customers = pl.DataFrame({"customer": pl.int_range(CUSTOMERS, dtype=pl.UInt32, eager=True)})
    if attributes:
        kind = pl.when(pl.col("article") < ARTICLES // 2).then(pl.lit("socks")).otherwise(None)
        articles = articles.with_columns(kind.alias("kind"), kind.alias("detail_desc"))
        age = pl.when(pl.col("customer") < CUSTOMERS - 1).then(20.0 + pl.col("customer") % 7)
        customers = customers.with_columns(age.alias("age"))
    return articles, customers


def purchases() -> list[tuple[int, int, int]]:
    """Return days, customers and articles: each customer keeps to one half of the articles."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(CUSTOMERS - 5):
        for day in rng.integers(1, 15, 4):
            half = (customer % 2) * (ARTICLES // 2)
            rows += [(int(day), customer, half + int(a)) for a in rng.integers(0, 12, 3)]
    return sorted(rows)


def train(
    log: pl.LazyFrame,
    out: Path,
    settings: TwoTowerSettings = SMALL,
    *,
    attributes: bool = True,
    **options: object,
) -> list[EpochRecord]:
    articles, customers = tables(attributes=attributes)
    return train_two_tower(log, AS_OF, articles, customers, settings=settings, out=out, **options)  # type: ignore[arg-type]


def vectors(folder: Path) -> tuple[bytes, bytes]:
    saved = SavedVectors.open(folder)
    return saved.articles.tobytes(), saved.customers.tobytes()


@pytest.fixture(scope="module")
def log(make_log: MakeLog) -> pl.LazyFrame:
    return make_log(*purchases())


@pytest.fixture(scope="module")
def trained(log: pl.LazyFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("towers")
    train(log, out)
    return out


def test_it_learns_who_buys_what(trained: Path) -> None:
    saved = SavedVectors.open(trained)
    assert saved.articles.shape == (ARTICLES, SMALL.dim)
    assert saved.customers.shape == (CUSTOMERS, SMALL.dim)
    scores = saved.customers @ saved.articles.T
    half = ARTICLES // 2
    for customer in range(6):
        own, other = np.split(scores[customer, :half], [12])[0], scores[customer, half : half + 12]
        assert (own.mean() > other.mean()) == (customer % 2 == 0)


def test_an_article_never_sold_is_known_by_its_attributes(trained: Path) -> None:
    saved = SavedVectors.open(trained)
    # Numbers 12 to 14 are socks as are 0 to 11, which even customers buy; 27 to 29 are no socks.
    scores = saved.customers[:6] @ saved.articles.T
    socks, others = scores[:, 12:15].mean(axis=1), scores[:, 27:30].mean(axis=1)
    assert ((socks > others) == [True, False] * 3).all()


def test_the_last_dimension_is_the_popularity(trained: Path) -> None:
    saved = SavedVectors.open(trained)
    np.testing.assert_array_equal(saved.customers[:, -1], 1)
    lengths = np.linalg.norm(saved.articles[:, :-1], axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    assert np.isfinite(saved.articles).all()
    assert saved.articles[29, -1] == saved.articles[:, -1].min(), "never sold"


def test_the_training_log_tells_loss_and_spread(log: pl.LazyFrame, tmp_path: Path) -> None:
    seen: list[float] = []
    records = train(log, tmp_path, progress=lambda _step, fraction: seen.append(fraction))
    assert [record.epoch for record in records] == [1, 2, 3]
    assert records[-1].loss < records[0].loss
    assert records[-1].loss < records[-1].popularity_loss
    assert records[-1].spread > 0.02
    assert records[-1].alarm is None
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert SavedVectors.open(tmp_path).meta["training"][0]["epoch"] == 1


def test_the_same_seed_gives_the_same_vectors(
    log: pl.LazyFrame, trained: Path, tmp_path: Path
) -> None:
    train(log, tmp_path / "same")
    assert vectors(tmp_path / "same") == vectors(trained)
    train(log, tmp_path / "other", seed=1)
    assert vectors(tmp_path / "other") != vectors(trained)


def test_the_future_is_not_read(log: pl.LazyFrame, trained: Path, tmp_path: Path) -> None:
    past = log.filter(pl.col("t_dat") < AS_OF)
    assert past.collect().height < log.collect().height
    train(past, tmp_path)
    assert vectors(tmp_path) == vectors(trained)


class _StopError(Exception):
    pass


def test_an_interrupted_run_resumes_with_the_same_bits(
    log: pl.LazyFrame, trained: Path, tmp_path: Path
) -> None:
    def stop(_step: str, fraction: float) -> None:
        if fraction > 0.5:
            raise _StopError

    with pytest.raises(_StopError):
        train(log, tmp_path, progress=stop)
    with pytest.raises(DatasetError, match="no two-tower vectors here"):
        SavedVectors.open(tmp_path)
    fractions: list[float] = []
    train(log, tmp_path, progress=lambda _step, fraction: fractions.append(fraction))
    assert fractions[0] > 1 / 3, "began anew"
    assert vectors(tmp_path) == vectors(trained)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import polars as pl
from test_train import train
log = pl.read_parquet(sys.argv[2]).lazy()
def tell(step, fraction):
    print(fraction, flush=True)
    if fraction > 0.5:
        import time; time.sleep(60)
train(log, Path(sys.argv[3]), progress=tell)
"""


def test_a_killed_process_resumes_with_the_same_bits(
    log: pl.LazyFrame, trained: Path, tmp_path: Path
) -> None:
    log.collect().write_parquet(tmp_path / "log.parquet")
    here = str(Path(__file__).parent)
    arguments = [sys.executable, "-c", KILLED, here, tmp_path / "log.parquet", tmp_path / "out"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if float(line) > 0.5:
                break
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert (tmp_path / "out" / checkpoint.NAME).exists()
    train(log, tmp_path / "out")
    assert vectors(tmp_path / "out") == vectors(trained)


def test_a_checkpoint_of_another_run_is_not_used(
    log: pl.LazyFrame, trained: Path, tmp_path: Path
) -> None:
    train(log, tmp_path, replace(SMALL, learning_rate=0.01))
    train(log, tmp_path)
    assert vectors(tmp_path) == vectors(trained)


def test_a_finished_run_only_writes_its_vectors_again(log: pl.LazyFrame, tmp_path: Path) -> None:
    train(log, tmp_path)
    before = vectors(tmp_path)
    train(log, tmp_path, progress=lambda _step, _fraction: pytest.fail("trained again"))
    assert vectors(tmp_path) == before


def test_a_damaged_checkpoint_is_refused(log: pl.LazyFrame, tmp_path: Path) -> None:
    (tmp_path / checkpoint.NAME).write_bytes(b"no checkpoint")
    with pytest.raises(DatasetError, match=r"checkpoint.pt: is damaged .* train again"):
        train(log, tmp_path)


def test_tables_without_attributes_are_enough(log: pl.LazyFrame, tmp_path: Path) -> None:
    train(log, tmp_path, attributes=False)
    assert np.isfinite(SavedVectors.open(tmp_path).customers).all()


def test_a_log_without_the_past_is_refused(make_log: MakeLog, tmp_path: Path) -> None:
    with pytest.raises(SplitError, match="no purchase before 2020-09-10"):
        train(make_log((11, 0, 1)), tmp_path)


def test_a_generated_shop(shop_dataset: Dataset, tmp_path: Path) -> None:
    settings = TwoTowerSettings(epochs=1, max_examples=2_000, batch_size=256, dim=16)
    begin = time.perf_counter()
    records = train_two_tower(
        shop_dataset.log,
        shop_dataset.last_day,
        shop_dataset.articles.collect(),
        shop_dataset.customers.collect(),
        settings=settings,
        out=tmp_path,
    )
    assert records[0].seconds < time.perf_counter() - begin
    assert SavedVectors.open(tmp_path).meta["customers"] >= 30_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dim": 2}, "--two-tower.dim: expected at least 4, found 2"),
        ({"temperature": 0.0}, "--two-tower.temperature: expected a number above 0, found 0.0"),
        ({"id_dropout": 1.5}, "--two-tower.id-dropout: expected a share from 0 to 1, found 1.5"),
        ({"weight_decay": -1.0}, "--two-tower.weight-decay: expected a number of at least 0"),
    ],
)
def test_settings_without_sense_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TwoTowerSettings(**change)  # type: ignore[arg-type]
