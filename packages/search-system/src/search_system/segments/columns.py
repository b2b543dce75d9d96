"""Columns: one value, or several keywords, per document, to filter, sort and count by.

Keywords are coded: a sorted table of the segment's values, and their numbers per document, so
comparing codes compares values. They are kept as lists (offsets and codes) also where every
document has one value: there, code i simply belongs to document i.
"""

from array import array
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from search_system.schema import DateField, IndexSchema, KeywordField, NumberField
from search_system.segments.array_file import ArrayFile, ArrayFileWriter
from search_system.segments.strings import StringTable, add_strings
from search_system.segments.values import ColumnField, ColumnValue

Numbers = NDArray[np.float64] | NDArray[np.int64]


class ColumnWriter(Protocol):
    """Collects the values of a field in document order."""

    def append(self, value: ColumnValue) -> None:
        """Add the next document's value."""

    def write(self, out: ArrayFileWriter, name: str) -> None:
        """Write the arrays of everything added."""

    @property
    def nbytes(self) -> int:
        """The memory that the values take, about."""


def column_fields(schema: IndexSchema) -> dict[str, ColumnField]:
    """Return the fields of a schema that become columns."""
    kinds = KeywordField, NumberField, DateField
    return {name: field for name, field in schema.fields.items() if isinstance(field, kinds)}


def is_integer(field: NumberField | DateField) -> bool:
    """Return whether a field's column is int64, not float64."""
    return isinstance(field, DateField) or field.integer


def column_writer(field: ColumnField) -> ColumnWriter:
    """Return a writer for the column of a field."""
    if isinstance(field, KeywordField):
        return _KeywordWriter()
    return _NumberWriter("q" if is_integer(field) else "d")


class _NumberWriter:
    def __init__(self, code: str) -> None:
        self._values = array(code)

    def append(self, value: ColumnValue) -> None:
        self._values.append(value)  # type: ignore[arg-type]

    def write(self, out: ArrayFileWriter, name: str) -> None:
        dtype = np.int64 if self._values.typecode == "q" else np.float64
        out.add(f"{name}/numbers", np.array(self._values, dtype=dtype))

    @property
    def nbytes(self) -> int:
        return 8 * len(self._values)


class _KeywordWriter:
    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._codes = array("I")
        self._ends = array("q", [0])

    def append(self, value: ColumnValue) -> None:
        numbers = self._numbers
        for member in value:  # type: ignore[union-attr]
            self._codes.append(numbers.setdefault(member, len(numbers)))
        self._ends.append(len(self._codes))

    def write(self, out: ArrayFileWriter, name: str) -> None:
        values = sorted(self._numbers)
        ranks = np.empty(len(values), dtype=np.uint32)
        ranks[[self._numbers[value] for value in values]] = np.arange(len(values))
        add_strings(out, f"{name}/values", values)
        out.add(f"{name}/codes", ranks[np.array(self._codes, dtype=np.uint32)])
        out.add(f"{name}/codes_offsets", np.array(self._ends, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        return 4 * len(self._codes) + 8 * len(self._ends) + 200 * len(self._numbers)


class KeywordColumn:
    """The mapped values of a keyword field."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        self.values = StringTable(file, f"{name}/values")
        """The segment's distinct values, ascending by their UTF-8 bytes."""
        self.codes: NDArray[np.uint32] = file[f"{name}/codes"]
        """Numbers in `values`, those of document d at ``offsets[d]:offsets[d + 1]``."""
        self.offsets: NDArray[np.int64] = file[f"{name}/codes_offsets"]

    def __getitem__(self, doc: int) -> list[str]:
        """Return a document's values, in its order."""
        begin, end = self.offsets[doc : doc + 2].tolist()
        return [self.values[code] for code in self.codes[begin:end].tolist()]
