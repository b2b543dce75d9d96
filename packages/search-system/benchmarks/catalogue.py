"""Products with typed attributes, as Chorus/Icecat has them, as documents of a schema.

A product has a title, a text, a brand, a price, and attributes whose names begin with the type of
their value: ``t_`` a text, ``n_`` a number, ``b_`` yes or no. The texts are searched; which
attributes a product has at all says what kind of thing it is.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from search_system.corpus.document import Document
from search_system.schema import IndexSchema, KeywordField, NumberField, TextField, VectorField
from search_system.searching.build import build_index
from search_system.searching.index import Index
from search_system.understanding.catalogue import Catalogue

SEARCHED = {"title": 2.0, "text": 1.0, "brand": 1.0, "attributes": 0.25}
PLACED = ("title", "text")
"""Fields in which the order of words says something."""
KINDS = ("kind", "attribute_names")
BRAND = "maker"
PRIORS = ("price",)
SCHEMA = IndexSchema(
    {
        name: TextField(analyzer="products", weight=weight, positions=name in PLACED)
        for name, weight in SEARCHED.items()
    }
    | {"pooled": TextField(analyzer="english", weight=0.0, positions=False)}
    | {name: KeywordField() for name in (BRAND, *KINDS)}
    | {name: NumberField() for name in PRIORS}
    | {"vector": VectorField("wordllama", ("pooled",))}
)
CATALOGUE = Catalogue(BRAND, KINDS, PRIORS)


def products(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the document of each product in a corpus."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            product = json.loads(line)
            yield product["_id"], document_of(product)


def document_of(product: Mapping[str, Any]) -> dict[str, Any]:
    """Return a product as a flat document."""
    attributes = product.get("attrs") or {}
    kinds = [str(attributes[name]) for name in ("t_product_type", "t_type") if attributes.get(name)]
    return {
        "title": product["title"],
        "text": product["text"],
        "pooled": f"{product['title']} {product['text']}",
        "brand": product["brand"],
        "attributes": " ".join(str(v) for n, v in attributes.items() if n.startswith("t_")),
        BRAND: product["brand"],
        "kind": kinds,
        "attribute_names": list(attributes),
        "price": product["price"],
    }


def build(folder: Path, corpus: Path) -> Index:
    """Index the products of a corpus."""
    build_index(folder, (Document(doc_id, fields) for doc_id, fields in products(corpus)), SCHEMA)
    return Index.open(folder)
