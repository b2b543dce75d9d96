"""The customers and articles tables: every id once, with its number, checked against the log."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from fashion_recsys.columns import HAS_ROW
from fashion_recsys.errors import InputError
from fashion_recsys.ingestion.id_map import Codes, IdMap
from fashion_recsys.ingestion.read_table import BadRows, read_table
from fashion_recsys.ingestion.report import EntityReport, FileReport
from fashion_recsys.ingestion.sources import RawFile
from fashion_recsys.progress import Progress


@dataclass(frozen=True)
class Entities:
    """The rows of one entity table, and the map that also receives the ids of the log."""

    raw: RawFile
    id_column: str
    rows: pl.DataFrame
    ids: IdMap

    @classmethod
    def read(cls, raw: RawFile, id_column: str, bad: BadRows, progress: Progress) -> "Entities":
        """Read the table; its ids get the first codes.

        Raises:
            InputError: the table is not what it should be, or an id has two rows.
        """
        rows = pl.concat(list(read_table(raw, bad, progress)))
        repeated = rows.filter(pl.col(id_column).is_duplicated())[id_column]
        if not repeated.is_empty():
            raise InputError(
                f"{raw}: expected every {id_column} once, found {repeated[0]} "
                f"{(repeated == repeated[0]).sum()} times; keep one row of each"
            )
        ids = IdMap()
        ids.encode(rows[id_column])
        return cls(raw, id_column, rows, ids)

    def write(self, path: Path, number_column: str) -> None:
        """Write the table in order of the ids, with a row for every id of the log."""
        missing = self.ids.ids()[self.rows.height :].alias(self.id_column).to_frame()
        table = pl.concat(
            [
                self.rows.with_columns(pl.lit(value=True).alias(HAS_ROW)),
                missing.with_columns(pl.lit(value=False).alias(HAS_ROW)),
            ],
            how="diagonal",
        )
        table.sort(self.id_column).with_row_index(number_column).write_parquet(path)

    def file_report(self) -> FileReport:
        """Return what was read."""
        nulls = self.rows.null_count().row(0, named=True)
        nulls = {name: count for name, count in nulls.items() if count}
        return FileReport(self.raw.table.name, str(self.raw), self.rows.height, nulls)

    def report(self, log_rows: Codes) -> EntityReport:
        """Compare the table with the log, given the log's rows per number."""
        has_row = np.zeros(len(log_rows), dtype=bool)
        has_row[self.ids.ranks()[: self.rows.height]] = True
        in_log = log_rows > 0
        return EntityReport(
            total=len(log_rows),
            in_log=int(in_log.sum()),
            without_row=int((~has_row).sum()),
            rows_without_row=int(log_rows[~has_row].sum()),
            not_in_log=int((~in_log).sum()),
        )
