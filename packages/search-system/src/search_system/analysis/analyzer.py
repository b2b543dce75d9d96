"""The analysis chain: text -> normalised text -> tokens -> terms.

::

    split identifiers (off) -> normalise -> tokenise, units (off) -> drop stop words (off) -> stem
    documents then: edge n-grams (off)        queries then: synonyms (off)

Each link is a small pure function. Everything behind the tokenizer looks at one token alone, so its
result is remembered per token: stemming then costs a dictionary look-up. Even a number with its
unit is one token ("15.6 inches"), found by the tokenizer's own pattern and unified once. Index and
queries go through the same chain, whose specification the index stores.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import Stemmer

from search_system.analysis.normalize import fold_case, normalize, split_identifiers
from search_system.analysis.offsets import AlignedText, align_identifiers, align_normalized
from search_system.analysis.spec import AnalyzerSpec
from search_system.analysis.stopwords import STOP_WORDS
from search_system.analysis.synonyms import Synonyms, Terms
from search_system.analysis.tokenize import Tokenizer
from search_system.analysis.units import Units

_MEMO_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class Token:
    """A term in its text."""

    term: str
    position: int
    """The number of its word, for phrases: stop words count, and a word's n-grams share one."""
    start: int
    """Where it begins in the text as written, in characters."""
    end: int
    word: str
    """Its token before stop words, stemming and n-grams: normalised, and as people type it."""


class _Memo(dict[str, str | None]):
    """The term of each token seen; a look-up costs no call into Python."""

    def __init__(self, analyze: Callable[[str], str | None]) -> None:
        self._analyze = analyze

    def __missing__(self, token: str) -> str | None:
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        term = self[token] = self._analyze(token)
        return term


class Analyzer:
    """The chain that a specification describes."""

    def __init__(self, spec: AnalyzerSpec) -> None:
        self.config = spec
        self._normalize = normalize if spec.accents == "fold" else fold_case
        stop_words = STOP_WORDS.get(spec.stop_words, frozenset())
        self._stop_words = frozenset(map(self._normalize, stop_words))
        # Its own cache, which sorts itself whenever it is full, would take most of its time.
        self._stemmer = None if spec.stemmer == "none" else Stemmer.Stemmer(spec.stemmer, 0)
        self._units = Units(spec.units, self._normalize) if spec.units else None
        self._tokenizer = Tokenizer(
            "runs" if spec.split_identifiers and spec.tokenizer == "words" else spec.tokenizer,
            first=self._units.pattern if self._units else None,
        )
        self._terms = _Memo(self._analyze)
        self.term: Callable[[str], str | None] = self._terms.__getitem__
        """Returns the term of a token, or None for a stop word."""
        self._synonyms = Synonyms(spec.synonyms, lambda text: tuple(self.query_terms(text)))

    @property
    def folded(self) -> bytes | None:
        """How a text of ASCII may be split instead of by `tokens`; see `Tokenizer.folded`."""
        return self._tokenizer.folded

    def simplified(self, text: str) -> str | list[str]:
        """Return a text of ASCII that has the same tokens if split by `folded`; else these."""
        if self.config.split_identifiers:
            text = split_identifiers(text)
        if not self.folded:
            return self._tokenizer.split(self._normalize(text))
        if text.isascii():
            return text
        text = self._tokenizer.without_signs(self._normalize(text))
        return text if text.isascii() else self._tokenizer.split(text)

    def normalize(self, text: str) -> str:
        """Return a text as the tokenizer sees it: what is done to a prefix or a misspelt word."""
        return self._normalize(text)

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text, before stop words and stemming."""
        if self.config.split_identifiers:
            text = split_identifiers(text)
        return self._tokenizer.split(self._normalize(text))

    def terms(self, tokens: list[str]) -> list[str | None]:
        """Return the terms of distinct tokens; new ones are stemmed together, in half the time."""
        if self._stemmer and not self._units:
            new = [token for token in tokens if token not in self._terms]
            if len(self._terms) + len(new) > _MEMO_LIMIT:
                self._terms.clear()
            with suppress(UnicodeEncodeError):  # then they are stemmed one by one
                self._terms.update(zip(new, self._stemmer.stemWords(new), strict=True))
                self._terms.update(dict.fromkeys(self._stop_words.intersection(new)))
        return list(map(self.term, tokens))

    def _analyze(self, token: str) -> str | None:
        if token in self._stop_words:
            return None
        if self._units and (compound := self._units.canonical(token)):
            return compound
        try:
            return str(self._stemmer.stemWord(token)) if self._stemmer else token
        except UnicodeEncodeError:  # half a surrogate pair, which blanks may surround
            return token

    def grams(self, term: str) -> list[str]:
        """Return the beginnings of a term that are indexed with it, the shortest first."""
        if self.config.edge_grams is None:
            return []
        shortest, longest = self.config.edge_grams
        return [term[:size] for size in range(shortest, min(longest, len(term) - 1) + 1)]

    def __call__(self, text: str) -> list[str]:
        """Return the terms that a document with this text is indexed by, in its order."""
        terms = self.query_terms(text)
        if self.config.edge_grams is None:
            return terms
        return [gram for term in terms for gram in (term, *self.grams(term))]

    def query_terms(self, text: str) -> list[str]:
        """Return the terms of a text in its order, without n-grams and synonyms."""
        terms = self._terms
        return [term for token in self.tokens(text) if (term := terms[token])]

    def analyze(self, text: str) -> Iterator[Token]:
        """Yield the terms of a document's text with their places; the terms are those of a call."""
        for token in self.query_tokens(text):
            yield token
            for gram in self.grams(token.term):
                yield replace(token, term=gram)

    def query_tokens(self, text: str) -> Iterator[Token]:
        """Yield the terms of `query_terms` with their places."""
        aligned = AlignedText.of(text)
        if self.config.split_identifiers:
            aligned = align_identifiers(aligned)
        aligned = align_normalized(aligned, self._normalize)
        for position, (begin, end) in enumerate(self._tokenizer.spans(aligned.text)):
            word = aligned.text[begin:end]
            if term := self.term(word):
                yield Token(term, position, *aligned.source(begin, end), word)

    def alternatives(self, query: str) -> list[tuple[Terms, ...]]:
        """Return, for each place in a query, the sequences of terms that may stand there.

        The words as written come first, then their synonyms; several terms are a phrase.
        """
        terms, place = self.query_terms(query), 0
        if not self.config.synonyms:
            return [((term,),) for term in terms]
        found = []
        while place < len(terms):
            size, alternatives = self._synonyms.find(terms, place)
            found.append(alternatives)
            place += size
        return found

    def words(self, text: str) -> Iterator[tuple[int, int, list[str]]]:
        """Yield the words of a text as written: where each begins and ends, and its terms.

        A number with its unit is one word, and so is an identifier with its parts.
        """
        start = end = 0
        terms: list[str] = []
        for token in self.analyze(text):
            if token.start >= end and terms:
                yield start, end, terms
                terms = []
            start = start if terms else token.start
            end = max(end, token.end)
            terms.append(token.term)
        if terms:
            yield start, end, terms
