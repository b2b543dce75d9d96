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

import numpy as np
from numpy.typing import NDArray

from search_system.learning_to_rank.vectors import VectorsInMemory
from search_system.schema import IndexSchema, KeywordField, NumberField, TextField
from search_system.searching.searcher import Searcher
from search_system.store.store import Store

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
)


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


def build(folder: Path, corpus: Path) -> Searcher:
    """Index the products of a corpus."""
    with Store.open(folder, SCHEMA, fsync="never") as store:
        for doc_id, document in products(corpus):
            store.add(document, doc_id)
        store.commit()
        return Searcher(store.snapshot())


def wordllama_vectors(searcher: Searcher) -> VectorsInMemory:
    """Embed titles and texts with the model in WordLlama's wheel."""
    import wordllama  # noqa: PLC0415 - an extra

    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    numbers = range(searcher.snapshot.views[-1].segment.n_docs + searcher.snapshot.bases[-1])
    texts = [searcher.document(number)["pooled"] for number in numbers]

    def embed(text: str) -> NDArray[np.float32]:
        return np.asarray(model.embed([text], norm=True)[0], np.float32)

    return VectorsInMemory(np.asarray(model.embed(texts, norm=True), np.float32), embed)
