"""How an index ranks: what is tuned, in a JSON file in its folder, or the defaults.

::

    {"format": 2,
     "bm25f": {"k1": 0.4, "fields": {"title": {"weight": 2.0, "b": 0.5}, ...}},
     "dense_weight": 0.3,
     "blend": {"category": 0.2, "feedback": 0.2, ...},
     "catalogue": {"brand_field": "brand", ...},
     "switches": {"spelling": true, ...},
     "tuned_on": "shop, dev",
     "checksum": "..."}

A file that was made for other fields than the index has would rank by the wrong ones, so it is
refused.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from search_system.errors import OptionError
from search_system.learning_to_rank.first_stage import Blend
from search_system.learning_to_rank.stored import reading_learnt, write_learnt
from search_system.schema import DateField, IndexSchema, KeywordField, NumberField, TextField
from search_system.scoring.parameters import BM25F, FieldParameters
from search_system.searching.searcher import default_parameters
from search_system.searching.semantic import DENSE_WEIGHT
from search_system.understanding.catalogue import Catalogue
from search_system.understanding.understand import Switches

PARAMETERS_FILE = "ranking-parameters.json"
_FORMAT = 3


@dataclass(frozen=True, slots=True)
class RankingParameters:
    """Everything about ranking that is not learnt by a model."""

    bm25f: BM25F
    dense_weight: float = DENSE_WEIGHT
    """How much meaning counts in hybrid results, from 0 to 1."""
    blend: Blend = dataclasses.field(default_factory=Blend)
    """What counts beside the words in ranked results."""
    catalogue: Catalogue = dataclasses.field(default_factory=Catalogue)
    switches: Switches = dataclasses.field(default_factory=Switches)
    tuned_on: str | None = None
    """The judgments that they were tuned on."""

    @classmethod
    def default(cls, schema: IndexSchema) -> "RankingParameters":
        """Return what an index of a schema ranks by if nothing was tuned."""
        return cls(default_parameters(schema), catalogue=Catalogue.guess(schema))

    def save(self, folder: Path) -> Path:
        """Write the parameters into an index's folder in one step; return the file.

        Raises:
            IndexFolderError: it cannot be written; an earlier file is as it was.
        """
        fields = {name: asdict(field) for name, field in self.bm25f.fields.items()}
        values = {
            "bm25f": {"k1": self.bm25f.k1, "fields": fields},
            "dense_weight": self.dense_weight,
            "blend": asdict(self.blend),
            "catalogue": asdict(self.catalogue),
            "switches": asdict(self.switches),
            "tuned_on": self.tuned_on,
        }
        path = folder / PARAMETERS_FILE
        write_learnt(path, _FORMAT, values)
        return path

    @classmethod
    def load(cls, folder: Path, schema: IndexSchema) -> "RankingParameters":
        """Return the parameters of an index: those in its folder, or the default ones.

        Raises:
            CorruptIndexError: the file is not what was written.
            OptionError: it names fields that the index has not.
        """
        path = folder / PARAMETERS_FILE
        advice = "tune them again, or remove the file"
        try:
            with reading_learnt(path, _FORMAT, "ranking parameters", advice) as values:
                found = cls(
                    _bm25f(values["bm25f"]), _weight(values["dense_weight"]),
                    Blend(**values["blend"]), _catalogue(**values["catalogue"]),
                    _switches(values["switches"]), values["tuned_on"],
                )  # fmt: skip
        except FileNotFoundError:
            return cls.default(schema)
        found.check(schema, str(path))
        return found

    def check(self, schema: IndexSchema, where: str) -> None:
        """Raise `OptionError` if a schema has not the fields that these are for."""
        keywords = schema.of_type(KeywordField)
        columns = schema.of_type(NumberField) | schema.of_type(DateField)
        catalogue = self.catalogue
        brand = (catalogue.brand_field,) if catalogue.brand_field else ()
        for kind, names, known in (
            ("text", tuple(self.bm25f.fields), [*schema.of_type(TextField)]),
            ("keyword", (*brand, *catalogue.category_fields), [*keywords]),
            ("number or date", catalogue.priors, [*columns]),
        ):
            if unknown := [name for name in names if name not in known]:
                raise OptionError(
                    f"{where}: no {kind} field '{unknown[0]}' in the index, which has {known}"
                )


def _bm25f(values: Mapping[str, Any]) -> BM25F:
    fields = {name: FieldParameters(**field) for name, field in values["fields"].items()}
    return BM25F(fields, values["k1"])


def _weight(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise OptionError(f"dense_weight must be a number from 0 to 1, not {value!r}")
    return float(value)


def _switches(values: Mapping[str, Any]) -> Switches:
    if not all(isinstance(value, bool) for value in values.values()):
        raise OptionError(f"expected switches that are true or false, not {dict(values)}")
    return Switches(**values)


def _catalogue(
    brand_field: str | None, category_fields: Sequence[str], priors: Sequence[str]
) -> Catalogue:
    return Catalogue(brand_field, tuple(category_fields), tuple(priors))
