"""The analysis chain: text -> normalised text -> tokens -> terms.

::

    split identifiers (off) -> normalise -> tokenise -> drop stop words (off) -> stem

Each link is a small pure function. Everything behind the tokenizer looks at one token alone, so its
result is remembered per token: stemming then costs a dictionary look-up. Index and queries go
through the same chain, whose configuration the index's manifest stores.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import Stemmer

from search_system.analysis.normalize import marks, normalize, split_identifiers
from search_system.analysis.stopwords import ENGLISH
from search_system.errors import OptionError

_RUN = r"[^\W_]+"
"""A run of letters and digits: the words of dotted and snake_case names."""
_WORD = "{run}(?:['\u2019.]{run})*"
"""Runs, joined by single apostrophes and full stops: don't, 15.6, U.S.A.

Much as Unicode's word boundaries (UAX 29) have it. It gives a slightly higher nDCG@10 than
runs alone on all four test collections of the README."""
_MEMO_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """How text becomes terms; the same for documents and queries."""

    stemmer: str = "english"
    """A Snowball algorithm, such as english, porter, german or french; 'none' keeps all endings."""
    stop_words: Literal["none", "english"] = "none"
    """Words to leave out. BM25 gives frequent words little weight anyway."""
    split_identifiers: bool = False
    """Index camel-case names by their parts too, for source code."""

    def __post_init__(self) -> None:
        if self.stemmer != "none" and self.stemmer not in Stemmer.algorithms():
            raise OptionError(
                f"no stemmer '{self.stemmer}'; expected 'none' or one of "
                f"{', '.join(Stemmer.algorithms())}"
            )
        if self.stop_words not in {"none", "english"}:
            raise OptionError(f"no stop word list '{self.stop_words}'; expected none or english")


class Analyzer:
    """The chain that a configuration describes."""

    def __init__(self, config: AnalysisConfig) -> None:
        self.config = config
        self._stop_words = ENGLISH if config.stop_words == "english" else frozenset()
        self._stemmer = None if config.stemmer == "none" else Stemmer.Stemmer(config.stemmer)
        self._terms: dict[str, str | None] = {}
        word = "{run}" if config.split_identifiers else _WORD
        self._plain_word = re.compile(word.format(run=_RUN))
        # Marks on letters belong to their word, but a text without any is split five times as fast.
        self._marks = marks()
        marked_run = rf"{_RUN}(?:[{''.join(sorted(self._marks))}]+[^\W_]*)*"
        self._word = re.compile(word.format(run=marked_run))

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text, before stop words and stemming."""
        if self.config.split_identifiers:
            text = split_identifiers(text)
        text = normalize(text)
        plain = text.isascii() or self._marks.isdisjoint(text)
        return (self._plain_word if plain else self._word).findall(text)

    def term(self, token: str) -> str | None:
        """Return the term of a token, or None for a stop word."""
        try:
            return self._terms[token]
        except KeyError:
            if len(self._terms) >= _MEMO_LIMIT:
                self._terms.clear()
            term = self._terms[token] = self._analyze(token)
            return term

    def _analyze(self, token: str) -> str | None:
        if token in self._stop_words:
            return None
        return str(self._stemmer.stemWord(token)) if self._stemmer else token

    def __call__(self, text: str) -> list[str]:
        """Return the terms of a text, in its order."""
        return [term for token in self.tokens(text) if (term := self.term(token))]

    def words(self, text: str) -> Iterator[tuple[int, int, list[str]]]:
        """Yield the words of a text as written: where each begins and ends, and its terms.

        Normalisation changes lengths, so places are found in the text as it is, where combining
        accents belong to their word.
        """
        for match in self._word.finditer(text):
            yield match.start(), match.end(), self(match[0])
