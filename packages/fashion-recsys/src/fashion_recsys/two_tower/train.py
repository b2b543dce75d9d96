"""Training: from the log before ``as_of`` to saved vectors of every article and customer.

Resumes from the checkpoint in ``out`` if the same run (log, tables, settings, seed) left one, with
the same bits as an uninterrupted run on as many threads: an epoch's randomness depends on its
number only, and the checkpoint holds weights, optimisers and the training log.
"""

import math
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch.nn.functional import normalize

from fashion_recsys.errors import SplitError
from fashion_recsys.progress import Progress, silent
from fashion_recsys.two_tower import checkpoint
from fashion_recsys.two_tower.batches import Batch, Batches, latest_examples
from fashion_recsys.two_tower.encode import Encoder, build_model
from fashion_recsys.two_tower.health import Spread, alarm, check_collapse, measure_spread
from fashion_recsys.two_tower.history import histories_at
from fashion_recsys.two_tower.inputs import Inputs, log_share, read_inputs
from fashion_recsys.two_tower.loss import log_expected_count, sampled_softmax_loss
from fashion_recsys.two_tower.model import TwoTower
from fashion_recsys.two_tower.settings import TwoTowerSettings
from fashion_recsys.two_tower.vectors import ARTICLES, CUSTOMERS, META, write_meta

_STEP = "train two towers"
_SCALAR_RATE = 10
"""Adam moves a weight by about its rate per step, and a temperature has farther to go than a
vector's number."""
_SPREAD_SAMPLE = 512
_POPULARITY_EVERY = 20
"""Steps between two measurements of the loss of popularity alone, which changes little."""


@dataclass(frozen=True)
class EpochRecord:
    """One line of the training log."""

    epoch: int
    loss: float
    popularity_loss: float
    """What popularity alone gets on the same steps: a model that learns is below it."""
    spread: float
    """The smaller deviation of the cosines, among customers or among articles."""
    alarm: str | None
    """What looks wrong, if anything."""
    temperature: float
    examples_per_second: float
    seconds: float


def train_two_tower(
    log: pl.LazyFrame,
    as_of: date,
    articles: pl.DataFrame,
    customers: pl.DataFrame,
    *,
    settings: TwoTowerSettings,
    out: Path,
    seed: int = 0,
    progress: Progress = silent,
) -> list[EpochRecord]:
    """Train on the rows of ``log`` before ``as_of`` and write the vectors to ``out``.

    Args:
        log: t_dat, customer, article, price, sales_channel_id.
        as_of: the day on which candidates are wanted.
        articles: articles, one row per number, with any attributes.
        customers: customers, likewise.
        settings: sizes and lengths.
        out: folder for vectors, checkpoint and meta; made if missing.
        seed: the same seed gives the same vectors on as many threads.
        progress: told the share of all steps.

    Returns:
        The training log, one record per epoch.

    Raises:
        SplitError: nobody bought anything before ``as_of``.
        CollapseError: all vectors became the same; no vectors are written.
    """
    inputs = read_inputs(log, as_of, articles, customers, settings)
    if not len(inputs.histories.days):
        raise SplitError(f"no purchase before {as_of}: the two-tower model has nothing to learn")
    trainer = _Trainer(inputs, settings, seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / META).unlink(missing_ok=True)
    trainer.resume(out)
    while trainer.epoch < settings.epochs:
        trainer.run_epoch(progress)
        trainer.save(out)
    check_collapse(trainer.spread())
    trainer.write_vectors(out)
    return trainer.records


class _Trainer:
    def __init__(self, inputs: Inputs, settings: TwoTowerSettings, seed: int) -> None:
        self.epoch = 0
        self.records: list[EpochRecord] = []
        self._inputs = inputs
        self._settings = settings
        self._model = build_model(inputs, settings, seed)
        self._encoder = Encoder(self._model, inputs, settings.history)
        self._optimizers = _optimizers(self._model, settings)
        examples = latest_examples(inputs, settings.max_examples)
        self._batches = Batches(inputs, examples, settings, seed)
        n = len(inputs.articles.log_popularity)
        counts = np.bincount(inputs.histories.articles[examples], minlength=n)
        self._share = torch.from_numpy((counts / counts.sum()).astype(np.float32))
        self._log_share = torch.from_numpy(log_share(counts, settings.popularity_smoothing))
        self._fingerprint = checkpoint.fingerprint(inputs, settings, seed)

    def resume(self, folder: Path) -> None:
        """Continue from the run's own checkpoint, if there is one."""
        state = checkpoint.load(folder, self._fingerprint)
        if state is None:
            return
        self._model.load_state_dict(state["model"])
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.epoch = state["epoch"]
        self.records = [EpochRecord(**record) for record in state["records"]]

    def save(self, folder: Path) -> None:
        """Write the checkpoint."""
        state = {
            "fingerprint": self._fingerprint,
            "epoch": self.epoch,
            "model": self._model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "records": [asdict(record) for record in self.records],
        }
        checkpoint.save(folder, state)

    def run_epoch(self, progress: Progress) -> None:
        """Make one pass over the examples and add its record."""
        begin = time.perf_counter()
        examples, loss, alone = 0, 0.0, []
        steps, total = len(self._batches), len(self._batches) * self._settings.epochs
        for i, batch in enumerate(self._batches.epoch(self.epoch)):
            step = self.epoch * steps + i
            self._set_learning_rate(step / total)
            if i % _POPULARITY_EVERY == 0:
                alone.append(self._popularity_loss(batch))
            loss += len(batch.customers) * self._step(batch)
            examples += len(batch.customers)
            progress(_STEP, (step + 1) / total)
        self.epoch += 1
        seconds = time.perf_counter() - begin
        spread = self.spread()
        loss, popularity_loss = loss / examples, sum(alone) / len(alone)
        self.records.append(
            EpochRecord(
                epoch=self.epoch,
                loss=loss,
                popularity_loss=popularity_loss,
                spread=min(spread.over_customers, spread.over_articles),
                alarm=alarm(spread, loss, popularity_loss),
                temperature=math.exp(-self._model.log_scale.item()),
                examples_per_second=examples / seconds,
                seconds=seconds,
            )
        )

    def _set_learning_rate(self, done: float) -> None:
        """Let the step length fall linearly to 0."""
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * (1 - done)

    def _step(self, batch: Batch) -> float:
        """Learn from one batch and return its loss."""
        vectors = self._encoder.articles(batch.articles, batch.with_id)
        customers = self._encoder.customers(batch.customers, batch.history, vectors)
        sample = torch.from_numpy(batch.sample)
        numbers = torch.from_numpy(batch.articles)[sample]
        scores = self._model.scores(
            customers, vectors.index_select(0, sample), self._log_share[numbers]
        )
        loss = sampled_softmax_loss(scores, self._log_counts(numbers, batch), batch.hits)
        for optimizer in self._optimizers:
            optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self._optimizers:
            optimizer.step()
        return loss.item()

    def _popularity_loss(self, batch: Batch) -> float:
        """Return the loss of popularity alone, which needs no learning."""
        sample = torch.from_numpy(batch.articles[batch.sample])
        popularity = self._log_share[sample].expand(len(batch.customers), -1)
        return sampled_softmax_loss(popularity, self._log_counts(sample, batch), batch.hits).item()

    def _log_counts(self, sample: torch.Tensor, batch: Batch) -> torch.Tensor:
        return log_expected_count(
            self._share[sample],
            batch=len(batch.customers),
            uniform=self._settings.uniform_negatives,
            articles=len(self._share),
        )

    def spread(self) -> Spread:
        """Measure the cosines between random customers with purchases and random articles."""
        rng = np.random.default_rng(0)
        histories = self._inputs.histories
        bought = np.unique(histories.customers).astype(np.int64)
        chosen = rng.choice(bought, min(_SPREAD_SAMPLE, len(bought)), replace=False)
        articles = self._encoder.all_articles()
        history = histories_at(histories, chosen, self._inputs.as_of, length=self._settings.history)
        with torch.no_grad():
            vectors = self._encoder.customers(chosen, history, torch.from_numpy(articles))
        some = rng.choice(len(articles), min(_SPREAD_SAMPLE, len(articles)), replace=False)
        return measure_spread(normalize(vectors).numpy(), articles[some])

    def write_vectors(self, folder: Path) -> None:
        """Write all vectors, then the file that says that they are complete."""
        units = self._encoder.all_articles()
        scale = self._model.log_scale.exp().item()
        weight = self._settings.popularity_boost * self._model.popularity.item()
        popularity = weight * self._inputs.articles.log_popularity
        np.save(folder / ARTICLES, np.column_stack([scale * units, popularity]))
        n = len(self._inputs.customers.numbers)
        written = np.lib.format.open_memmap(
            folder / CUSTOMERS, mode="w+", dtype=np.float32, shape=(n, self._settings.dim)
        )
        for begin, vectors in self._encoder.customers_in_chunks(units, n):
            written[begin : begin + len(vectors), :-1] = vectors
            written[begin : begin + len(vectors), -1] = 1
        written.flush()
        meta: dict[str, Any] = {
            "as_of": str(self._inputs.as_of),
            "articles": len(units),
            "customers": n,
            "dim": self._settings.dim,
            "settings": asdict(self._settings),
            "training": [asdict(record) for record in self.records],
        }
        write_meta(folder, meta)


def _optimizers(model: TwoTower, settings: TwoTowerSettings) -> list[torch.optim.Optimizer]:
    """Return an optimiser of the rows that a step touches, and one of everything else."""
    sparse: list[torch.Tensor] = [model.article.ids.weight, model.article.codes.weight]
    scalars = model.scalars()
    apart = {id(parameter) for parameter in (*sparse, *scalars)}
    others = [parameter for parameter in model.parameters() if id(parameter) not in apart]
    rate = settings.learning_rate
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.SparseAdam(sparse, lr=rate),
        torch.optim.AdamW(others, lr=rate, weight_decay=settings.weight_decay),
        torch.optim.Adam(scalars, lr=_SCALAR_RATE * rate),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers
