"""tantivy behind the interface of `peers.Engine`, with our terms or with its own analysis."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import tantivy

from search_system import Analyzer

_HEAP = 1_000_000_000


class Tantivy:
    """An index on disk of one segment, in which documents keep their numbers.

    Its k1 and b are fixed at 1.2 and 0.75. Without an analyzer it splits and stems English itself,
    in Rust, texts and queries.
    """

    def __init__(self, folder: Path, texts: Iterable[str], analyzer: Analyzer | None) -> None:
        self.name = "tantivy" if analyzer else "tantivy, own analysis"
        self.analyzer = analyzer
        builder = tantivy.SchemaBuilder()
        tokenizer = "whitespace" if analyzer else "en_stem"
        builder.add_text_field("text", tokenizer_name=tokenizer, index_option="freq")
        self.schema = builder.build()
        self.index = tantivy.Index(self.schema, path=str(folder))
        writer = self.index.writer(heap_size=_HEAP, num_threads=1)
        for text in texts:
            terms = " ".join(analyzer(text)) if analyzer else text
            writer.add_document(tantivy.Document(text=terms))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()

    def search(self, query: str, k: int) -> tuple[Sequence[int], Sequence[float]]:
        """Find documents that have any of the terms, which count once each."""
        hits = self.searcher.search(self._parse(query), k, count=False).hits
        return [address.doc for _, address in hits], [score for score, _ in hits]

    def _parse(self, query: str) -> tantivy.Query:
        if self.analyzer is None:
            return self.index.parse_query_lenient(query, ["text"])[0]
        return tantivy.Query.boolean_query(
            [
                (tantivy.Occur.Should, tantivy.Query.term_query(self.schema, "text", term, "freq"))
                for term in self.analyzer(query)
            ]
        )
