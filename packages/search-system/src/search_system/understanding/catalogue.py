"""Which fields of an index say what about its documents, as the understanding of queries needs it.

A schema has types, not meanings: which keyword is the brand and which ones tell kinds of documents
apart is guessed from their names, and can be said.
"""

from dataclasses import dataclass

from search_system.schema import IndexSchema, KeywordField, NumberField

BRAND_NAMES = ("brand", "maker", "manufacturer", "vendor", "make", "publisher", "label")
"""Usual names of the field that says who made a document's thing; the first that there is."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The fields by what they say."""

    brand_field: str | None = None
    """The keyword field that holds brands."""
    category_fields: tuple[str, ...] = ()
    """Keyword fields that tell kinds of documents apart."""
    priors: tuple[str, ...] = ()
    """Number or date fields whose values alone say something of how good a document is."""

    @classmethod
    def guess(cls, schema: IndexSchema) -> "Catalogue":
        """Return the likely fields: a brand by its name, all other keywords, all numbers."""
        keywords = list(schema.of_type(KeywordField))
        by_name = {name.lower(): name for name in reversed(keywords)}
        brand = next((by_name[name] for name in BRAND_NAMES if name in by_name), None)
        kinds = tuple(name for name in keywords if name != brand)
        return cls(brand, kinds, tuple(schema.of_type(NumberField)))
