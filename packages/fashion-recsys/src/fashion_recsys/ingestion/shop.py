"""Ingest another shop's log: its own columns, mapped by a TOML, to the same data set.

A row is a purchase if it has a customer, a price that is not negative, a quantity above 0 where one
is mapped, and an article that is not left out. Other rows are left out and counted by the first
reason that holds; a row that cannot be read (a date that is none) is a bad row and refused. One row
of the log stays one row, whatever its quantity: what is predicted is whether, not how many.

There is no table of customers or articles, so both are made from the log and every id has a row. An
attribute is the text that stands most often beside the article, since hand-written descriptions
vary. Memory holds a block of rows, the maps of the ids, and the distinct pairs of article and text.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from fashion_recsys.columns import (
    ARTICLE,
    ARTICLE_ID,
    CHANNEL,
    CUSTOMER,
    CUSTOMER_ID,
    HAS_ROW,
    LOG_SCHEMA,
    PRICE,
    PRODUCT_CODE,
)
from fashion_recsys.dataset import DatasetFiles
from fashion_recsys.errors import InputError, check_range
from fashion_recsys.files import replaced_folder
from fashion_recsys.ingestion.article_texts import ArticleTexts
from fashion_recsys.ingestion.id_map import IdMap
from fashion_recsys.ingestion.log import LogFacts, spill, write_ordered
from fashion_recsys.ingestion.read_table import BadRows
from fashion_recsys.ingestion.report import EntityReport, FileReport, IngestReport, LogReport
from fashion_recsys.ingestion.shop_rows import QUANTITY, read_rows
from fashion_recsys.ingestion.shop_spec import ShopSpec
from fashion_recsys.progress import Progress, silent


def ingest_log(
    spec: Path, out: Path, *, max_bad_rows: int = 0, progress: Progress = silent
) -> IngestReport:
    """Read the log that a TOML maps and write the data set to ``out``.

    An earlier data set in ``out`` is replaced only when the new one is complete.

    Args:
        spec: the TOML, as ``shop_spec`` shows it.
        out: folder to write.
        max_bad_rows: rows that may be set aside, over all files, before the input is refused.
        progress: told how far each step is.

    Returns:
        What was found, as also saved in ``out/report.json``. Its ``left_out`` counts the rows that
        are no purchases.

    Raises:
        InputError: the TOML or a file is missing or is not what it should be, or no row is left.
        SettingError: ``max_bad_rows`` is negative.
        OutputError: ``out`` cannot be written or holds files of somebody else.
    """
    check_range(0, max_bad_rows=max_bad_rows)
    shop = ShopSpec.read(spec)
    with replaced_folder(out, marker=DatasetFiles.REPORT, contents=DatasetFiles.ALL) as folder:
        return _Ingest(shop, DatasetFiles(folder), BadRows(max_bad_rows), progress).run()


class _Ingest:
    """One pass over the blocks that counts as it goes, then the ordered log and the tables."""

    def __init__(
        self, spec: ShopSpec, files: DatasetFiles, bad: BadRows, progress: Progress
    ) -> None:
        self._spec = spec
        self._files = files
        self._bad = bad
        self._progress = progress
        self._customers = IdMap()
        self._articles = IdMap()
        self._texts = ArticleTexts(tuple(spec.attributes))
        self._reports: list[FileReport] = []
        self._left_out: Counter[str] = Counter()

    def run(self) -> IngestReport:
        spilled = self._files.folder / "spill"
        days = spill(self._purchases(), self._customers, self._articles, spilled)
        if not days:
            raise InputError(
                f"{self._spec.path}: no purchase is left of {self._left_out.total():,} rows; "
                + ", ".join(f"{rows:,}: {why}" for why, rows in self._left_out.items())
            )
        facts = write_ordered(
            spilled,
            self._files.log,
            days,
            self._customers,
            self._articles,
            progress=self._progress,
        )
        shutil.rmtree(spilled)
        self._write_tables()
        report = self._report(days, facts)
        self._files.write_report(report.as_dict())
        return report

    def _purchases(self) -> Iterator[pl.DataFrame]:
        """Yield the purchases of all files, block by block, with our columns."""
        for file in self._spec.files:
            rows, nulls = 0, Counter[str]()
            for block in read_rows(self._spec, file, self._bad, self._progress):
                rows += block.height
                nulls.update(block.null_count().row(0, named=True))
                yield self._purchases_of(block)
            self._reports.append(FileReport("log", str(file), rows, dict(+nulls)))

    def _purchases_of(self, block: pl.DataFrame) -> pl.DataFrame:
        for reason, fault in _faults(self._spec, block):
            kept = block.filter(fault.fill_null(value=False).not_())
            self._left_out[reason] += block.height - kept.height
            block = kept
        if CHANNEL not in block.columns:
            block = block.with_columns(pl.lit(1, LOG_SCHEMA[CHANNEL]).alias(CHANNEL))
        self._texts.add(self._articles.encode(block[ARTICLE_ID]), block)
        return block

    def _write_tables(self) -> None:
        texts = self._texts.most_frequent(len(self._articles))
        articles = texts.with_columns(self._articles.ids().alias(ARTICLE_ID)).sort(ARTICLE_ID)
        if self._spec.product_code is not None:
            product = pl.col(ARTICLE_ID).str.extract(self._spec.product_code, 1)
            number = product.rank("dense").cast(pl.Int32).alias(PRODUCT_CODE)
            articles = articles.with_columns(number)
        attributes = [name for name in articles.columns if name != ARTICLE_ID]
        # The shop has no table of articles: nobody knew of one before its first sale.
        has_row = pl.lit(value=False).alias(HAS_ROW)
        articles.select(ARTICLE_ID, *attributes, has_row).with_row_index(ARTICLE).write_parquet(
            self._files.articles
        )
        customers = self._customers.ids().alias(CUSTOMER_ID).sort().to_frame()
        customers.with_columns(pl.lit(value=True).alias(HAS_ROW)).with_row_index(
            CUSTOMER
        ).write_parquet(self._files.customers)

    def _report(self, days: Counter[date], facts: LogFacts) -> IngestReport:
        return IngestReport(
            files=tuple(self._reports),
            log=LogReport.of(days, facts.duplicates),
            customers=EntityReport.of_log(len(facts.customer_rows)),
            articles=EntityReport.of_log(len(facts.article_rows)),
            bad_rows=tuple(self._bad.rows),
            left_out={reason: rows for reason, rows in self._left_out.items() if rows},
        )


def _faults(spec: ShopSpec, block: pl.DataFrame) -> Iterator[tuple[str, pl.Expr]]:
    """Yield (reason, which rows are no purchases for it), in the order in which they count."""
    if QUANTITY in block.columns:
        yield "returns (quantity of 0 or less)", pl.col(QUANTITY) <= 0
    yield "no customer", pl.col(CUSTOMER_ID).is_null()
    for pattern in spec.leave_out_articles:
        yield f"article like {pattern}", pl.col(ARTICLE_ID).str.contains(pattern)
    yield "price below 0", pl.col(PRICE) < 0
