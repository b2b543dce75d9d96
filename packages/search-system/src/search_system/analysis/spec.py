"""What an analyzer is, as data: an index stores it, so that queries go through the same chain.

All values are plain (texts, switches, numbers and lists of texts), so the same specification can be
a TOML table, a JSON object, or options of a command line. `named_analyzer` has the usual ones.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

import Stemmer

from search_system.analysis.stopwords import STOP_WORDS
from search_system.analysis.tokenize import TokenizerName
from search_system.analysis.units import PRODUCT_UNITS
from search_system.errors import OptionError

Accents = Literal["fold", "keep"]
_GRAM_LIMIT = 50


@dataclass(frozen=True, slots=True)
class AnalyzerSpec:
    """How text becomes terms."""

    stemmer: str = "english"
    """A Snowball algorithm, such as english, porter, german or french; 'none' keeps all endings."""
    stop_words: str = "none"
    """The language whose stop words are left out. BM25 gives them little weight anyway."""
    split_identifiers: bool = False
    """Index camel-case names by their parts too, for source code; words are runs then."""
    tokenizer: TokenizerName = "words"
    """Where words begin and end: words, runs, cjk, blanks or whole."""
    accents: Accents = "fold"
    """fold: café is cafe; keep: it is not, which some stemmers need."""
    units: tuple[str, ...] = ()
    """Units that join the number before them, as 'gb = gigabyte, gigabytes'."""
    synonyms: tuple[str, ...] = ()
    """Rules for queries, as 'laptop, notebook' or 'tv => tv, television'."""
    edge_grams: tuple[int, int] | None = None
    """Index also the beginnings of words, of so many characters (from, to), for search as you type.
    """

    def __post_init__(self) -> None:
        for name in ("units", "synonyms", "edge_grams"):
            if isinstance(value := getattr(self, name), list):  # as JSON and TOML have it
                object.__setattr__(self, name, tuple(value))
        stemmers = ("none", *Stemmer.algorithms())
        _check_choice("stemmer", self.stemmer, stemmers)
        _check_choice("stop word list", self.stop_words, ("none", *STOP_WORDS))
        _check_choice("tokenizer", self.tokenizer, get_args(TokenizerName))
        _check_choice("way with accents", self.accents, get_args(Accents))
        for name in ("units", "synonyms"):
            rules = getattr(self, name)
            if not isinstance(rules, tuple) or not all(isinstance(rule, str) for rule in rules):
                raise OptionError(f"{name}: expected a list of rules (texts), not {rules!r}")
        if not isinstance(self.split_identifiers, bool):
            raise OptionError(
                f"split_identifiers: expected true or false, not {self.split_identifiers!r}"
            )
        if self.units and self.tokenizer == "whole":
            raise OptionError("units need a tokenizer that finds words, not 'whole'")
        _check_grams(self.edge_grams)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], where: str) -> Self:
        """Return the specification of a TOML table or a JSON object.

        Args:
            values: the settings by name; missing ones have their defaults.
            where: what errors name as the place, such as a file.

        Raises:
            OptionError: a name or a value is not known.
        """
        known = [field.name for field in fields(cls)]
        if unknown := values.keys() - set(known):
            raise OptionError(
                f"{where}: no analyzer setting '{min(unknown)}'; expected {', '.join(known)}"
            )
        try:
            return cls(**values)
        except OptionError as error:
            raise OptionError(f"{where}: {error}") from None

    def to_mapping(self) -> dict[str, Any]:
        """Return the settings as plain values for JSON or TOML; what is not set is left out."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value is not None
        }

    def to_toml(self) -> str:
        """Return the settings as lines of TOML, which has a JSON-like notation for these values."""
        return "".join(
            f"{name} = {json.dumps(value, ensure_ascii=False)}\n".replace("\x7f", r"\u007f")
            for name, value in self.to_mapping().items()
        )


def _check_choice(what: str, value: object, choices: tuple[str, ...] | list[str]) -> None:
    if value not in choices:
        raise OptionError(f"no {what} '{value}'; expected one of {', '.join(choices)}")


def _check_grams(grams: object) -> None:
    if grams is None:
        return
    sound = isinstance(grams, tuple) and len(grams) == 2 and all(type(n) is int for n in grams)
    if not sound or not 1 <= grams[0] <= grams[1] <= _GRAM_LIMIT:  # type: ignore[index]
        raise OptionError(
            f"edge_grams: expected two sizes, 1 <= from <= to <= {_GRAM_LIMIT}, not {grams!r}"
        )


NAMED_ANALYZERS: Mapping[str, AnalyzerSpec] = MappingProxyType(
    {language: AnalyzerSpec(language) for language in Stemmer.algorithms()}
    | {
        "plain": AnalyzerSpec("none"),
        "keyword": AnalyzerSpec("none", tokenizer="whole"),
        "code": AnalyzerSpec(split_identifiers=True),
        "products": AnalyzerSpec(units=PRODUCT_UNITS),
        "cjk": AnalyzerSpec("none", tokenizer="cjk"),
        "typing": AnalyzerSpec("none", edge_grams=(1, 12)),
    }
)
"""The analyzers that a schema can name: every Snowball language, and those for special texts.

All keep stop words: phrases need them, BM25 gives them next to no weight, and product searches get
worse without (nDCG@10 on Icecat .650 with, .635 without).
"""


def named_analyzer(name: str) -> AnalyzerSpec:
    """Return an analyzer of `NAMED_ANALYZERS`; `OptionError` says what there is."""
    _check_choice("analyzer", name, tuple(NAMED_ANALYZERS))
    return NAMED_ANALYZERS[name]
