"""Which fields of a document are searched, filtered, sorted by or only kept, and how.

An `IndexSchema` says what an index makes of a document's fields. It is written in TOML, a table per
field::

    [fields.title]
    type = "text"
    analyzer = "english"
    weight = 2.0

    [fields.price]
    type = "number"

    [analyzers.shop]                 # a chain of one's own, which a field then names
    stemmer = "english"
    synonyms = ["laptop, notebook"]

The fields that a query searches when it names none are the text fields of a weight over 0. They
share one analyzer, since their frequencies are added term by term; others are searched by name.

A field that a document lacks, or that is null, counts as missing. Fields that the schema does not
name are stored with the document and nothing else.
"""

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self, TypeVar

from search_system.analysis.spec import AnalyzerSpec
from search_system.errors import OptionError
from search_system.scoring.parameters import LARGEST_WEIGHT


@dataclass(frozen=True, slots=True)
class TextField:
    """Words that queries find."""

    type: ClassVar[str] = "text"

    analyzer: str = "english"
    """The name of what turns its text into terms; see `search_system.analysis.spec`."""
    weight: float = 1.0
    """How much an occurrence here counts, beside those in other fields."""
    positions: bool = True
    """Keep where in the text each term stands, for phrases and proximity (4 bytes per token)."""

    def __post_init__(self) -> None:
        if type(self.weight) not in {int, float} or not 0 <= self.weight <= LARGEST_WEIGHT:
            raise OptionError(
                f"a field's weight must be a number from 0 to {LARGEST_WEIGHT:,.0f}, "
                f"not {self.weight!r}"
            )


@dataclass(frozen=True, slots=True)
class KeywordField:
    """A string, or several, taken as a whole: to filter, sort and count by."""

    type: ClassVar[str] = "keyword"


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number to filter and sort by."""

    type: ClassVar[str] = "number"

    integer: bool = False
    """Keep it as int64, exact to 63 bits; otherwise as float64."""


@dataclass(frozen=True, slots=True)
class DateField:
    """A date or a time to filter and sort by; one without a zone is UTC."""

    type: ClassVar[str] = "date"


@dataclass(frozen=True, slots=True)
class StoredField:
    """Kept with the document, and nothing else."""

    type: ClassVar[str] = "stored"


@dataclass(frozen=True, slots=True)
class VectorField:
    """A vector made of other fields' texts, for search by meaning; documents do not have it."""

    type: ClassVar[str] = "vector"

    embedder: str = "wordllama"
    """The name of the model that makes it (see `search_system.dense.embedder`)."""
    fields: tuple[str, ...] = ()
    """The fields whose texts are joined for it, in this order; none: all of type text."""


F = TypeVar("F")

Field = TextField | KeywordField | NumberField | DateField | StoredField | VectorField

TITLES = frozenset(
    ("title", "name", "headline", "subject", "heading", "product_title", "product_name")
)
"""Usual names of the field that a document is called by."""

_TYPES: dict[str, type[Field]] = {
    field.type: field
    for field in (TextField, KeywordField, NumberField, DateField, StoredField, VectorField)
}


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """The fields of an index by name."""

    fields: Mapping[str, Field]
    analyzers: Mapping[str, AnalyzerSpec] = field(default_factory=dict)
    """Analyzers by name, beside those of `search_system.analysis.spec.NAMED_ANALYZERS`."""

    def __post_init__(self) -> None:
        for name in self.fields:
            if not is_field_name(name):
                raise OptionError(
                    f"a field's name must be printable, not empty and without '/', not {name!r}"
                )
        if not self.of_type(TextField):
            raise OptionError("a schema needs at least one field of type text to search")
        sources = {name for name, f in self.fields.items() if not isinstance(f, VectorField)}
        for name, vector in self.of_type(VectorField).items():
            for source in vector.fields:
                if source not in sources:
                    raise OptionError(
                        f"field '{name}': expected fields that it can be made of, one of "
                        f"{sorted(sources)}, not {source!r}"
                    )
        names = {f.analyzer: name for name, f in self.searched.items()}
        if len(names) > 1:
            (one, first), (other, second), *_ = names.items()
            raise OptionError(
                f"fields searched together share an analyzer, but '{first}' has '{one}' and "
                f"'{second}' has '{other}'; give one of them the weight 0 to search it by name only"
            )

    @property
    def title(self) -> str | None:
        """The text field that a document is called by, if one has a usual name."""
        return next((name for name in self.of_type(TextField) if name.lower() in TITLES), None)

    @property
    def searched(self) -> dict[str, TextField]:
        """The fields that a query searches when it names none, if any has a weight over 0."""
        return {name: text for name, text in self.of_type(TextField).items() if text.weight > 0}

    def of_type(self, kind: type[F]) -> dict[str, F]:
        """Return the fields of one type by name."""
        return {name: field for name, field in self.fields.items() if isinstance(field, kind)}

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as plain values, as TOML and JSON hold them."""
        fields = {n: {"type": f.type, **asdict(f)} for n, f in self.fields.items()}
        analyzers = {name: spec.to_mapping() for name, spec in self.analyzers.items()}
        return {"fields": fields} | ({"analyzers": analyzers} if analyzers else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the schema of plain values; raise `OptionError` for anything that is none."""
        tables = values.get("fields")
        specs = values.get("analyzers", {})
        known = set(values) <= {"fields", "analyzers"}
        if not (isinstance(tables, Mapping) and isinstance(specs, Mapping) and known):
            raise OptionError(
                f"a schema is a table 'fields', and perhaps one of 'analyzers', found {[*values]}"
            )
        analyzers = {name: _analyzer(name, table) for name, table in specs.items()}
        return cls({name: _field(name, table) for name, table in tables.items()}, analyzers)

    def to_toml(self) -> str:
        """Return the schema as the text of a TOML file."""
        lines: list[str] = []
        for group, tables in self.to_dict().items():
            for name, table in tables.items():
                lines.append(f"[{group}.{_toml(name)}]")
                lines.extend(f"{key} = {_toml(value)}" for key, value in table.items())
                lines.append("")
        return "\n".join(lines)

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Return the schema of a TOML file's text; raise `OptionError` if it is none."""
        try:
            return cls.from_dict(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise OptionError(f"the schema is no valid TOML: {error}") from error

    def __str__(self) -> str:
        """Return the fields in one line, for people."""
        return ", ".join(f"{name}: {field.type}" for name, field in self.fields.items())


def is_field_name(name: str) -> bool:
    """Return whether a field can be called so: queries and files have to name it."""
    return bool(name) and name.isprintable() and "/" not in name


def _field(name: str, table: object) -> Field:
    if not isinstance(table, Mapping):
        raise OptionError(f"field '{name}': expected a table with a type, found {table!r}")
    options = dict(table)
    kind = _TYPES.get(str(options.pop("type", None)))
    if kind is None:
        raise OptionError(
            f"field '{name}': expected type = one of {', '.join(_TYPES)}, "
            f"found {table.get('type')!r}"
        )
    known = {option.name: option for option in dataclasses.fields(kind)}
    for option, value in options.items():
        expected = known[option].type if option in known else None
        if expected is None or not _fits(value, expected):
            found = f"expected one of {[*known]}" if expected is None else f"not {value!r}"
            raise OptionError(f"field '{name}', option '{option}' of type {kind.type}: {found}")
        options[option] = tuple(value) if isinstance(value, list) else value
    return kind(**options)


def _fits(value: object, expected: Any) -> bool:
    """Return whether a value is of an option's type; a tuple of names is written as a list."""
    if expected == tuple[str, ...]:
        return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)
    if isinstance(value, bool):
        return expected is bool
    return isinstance(value, (int, float) if expected is float else expected)


def _analyzer(name: str, table: object) -> AnalyzerSpec:
    if not isinstance(table, Mapping):
        raise OptionError(f"analyzer '{name}': expected a table of settings, found {table!r}")
    return AnalyzerSpec.from_mapping(table, f"analyzer '{name}'")


def _toml(value: object) -> str:
    """Return a string, number or boolean as TOML, which writes them as JSON does."""
    return json.dumps(value, ensure_ascii=False)
