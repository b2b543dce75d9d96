"""A finished run, opened again: its data set and the lists of every customer."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import polars as pl

from fashion_recsys.columns import ARTICLE, ARTICLE_ID, CUSTOMER, CUSTOMER_ID, RANK
from fashion_recsys.dataset import Dataset
from fashion_recsys.errors import InputError
from fashion_recsys.stages import names
from fashion_recsys.stages.recommend import LISTS

RUN = "run.json"
_KAGGLE_ID = "^[0-9]{10}$"
_SHOWN = ("prod_name", "product_type_name", "colour_group_name", "index_name")
"""Attributes that tell a person what an article is."""


@dataclass(frozen=True)
class FinishedRun:
    """The folder of a run that made lists."""

    folder: Path
    dataset: Dataset

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the run in ``folder``.

        Raises:
            InputError: there is none, or it made no lists.
            DatasetError: its data set has gone.
        """
        finished = cls(folder, Dataset.open(Path(_read(folder)["data"])))
        if not finished.lists.exists():
            raise InputError(
                f"{folder}: this run measured only; 'fashion-recsys run' makes lists too"
            )
        return finished

    @property
    def lists(self) -> Path:
        """The file of the lists: customer, article, rank, score, every source's rank."""
        return self.folder / LISTS

    @property
    def as_of(self) -> date:
        """The day that the lists are for: the one after the log."""
        return self.dataset.last_day + timedelta(days=1)

    def has_kaggle_ids(self) -> bool:
        """Return whether every article id has the ten digits that Kaggle wants."""
        digits = pl.col(ARTICLE_ID).str.contains(_KAGGLE_ID).all()
        return bool(self.dataset.articles.select(digits).collect().item())

    def example_customer(self) -> str:
        """Return the id of a customer who has bought something."""
        first = self.dataset.log.select(CUSTOMER).tail(1)
        ids = self.dataset.customers.select(CUSTOMER, CUSTOMER_ID)
        return str(ids.join(first, on=CUSTOMER, how="semi").collect()[CUSTOMER_ID][0])

    def customer(self, beginning: str) -> tuple[int, str]:
        """Return (number, id) of the customer whose id is, or begins with, ``beginning``.

        Raises:
            InputError: there is no such customer, or more than one.
        """
        ids = self.dataset.customers.select(CUSTOMER, CUSTOMER_ID)
        exact = ids.filter(pl.col(CUSTOMER_ID) == beginning).collect()
        found = exact
        if exact.is_empty():
            found = ids.filter(pl.col(CUSTOMER_ID).str.starts_with(beginning)).head(2).collect()
        if found.is_empty():
            total = ids.select(pl.len()).collect().item()
            raise InputError(
                f"customer {beginning}: none of the {total:,} customers of "
                f"{self.dataset.folder} has an id that begins so; see its customers.parquet"
            )
        if found.height > 1:
            raise InputError(
                f"customer {beginning}: more than one id begins so ({found[CUSTOMER_ID][0]}, "
                f"{found[CUSTOMER_ID][1]}); give more of it"
            )
        return int(found[CUSTOMER][0]), str(found[CUSTOMER_ID][0])

    def list_of(self, customer: int) -> list[dict[str, Any]]:
        """Return rank, article_id, what is known of the article, and sources -> rank there."""
        lists = pl.scan_parquet(self.lists, glob=False).filter(pl.col(CUSTOMER) == customer)
        known = self.dataset.articles.collect_schema().names()
        about = self.dataset.articles.select(
            ARTICLE, ARTICLE_ID, *(name for name in _SHOWN if name in known)
        )
        rows = lists.join(about, on=ARTICLE, how="left").sort(RANK).collect()
        ranks = [name for name in rows.columns if name.startswith("rank_")]
        entries = []
        for row in rows.iter_rows(named=True):
            entry = {RANK: row[RANK], ARTICLE_ID: row[ARTICLE_ID]}
            entry |= {name: row[name] for name in _SHOWN if name in row}
            given = {name.removeprefix("rank_"): row[name] for name in ranks}
            entry["sources"] = {name: rank for name, rank in given.items() if rank is not None}
            entries.append(entry)
        return entries


def latest_vectors(folder: Path) -> Path:
    """Return the folder of the two-tower vectors of a run's latest day.

    Raises:
        InputError: there is no run, or it trained no two-tower model.
    """
    stages = _read(folder).get("stages", [])
    found = [stage for stage in stages if names.is_two_tower(stage["stage"])]
    if not found:
        raise InputError(f"{folder}: this run trained no two-tower model; run it again")
    latest = max(found, key=lambda stage: str(stage["stage"]))
    return names.vectors_of(Path(latest["folder"]))


def _read(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / RUN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{folder}: no finished run here; make one with 'fashion-recsys run --out {folder}'"
        ) from error
