"""From a corpus to the ids of its units. Free of torch, for the processes of ``nanogpt prepare``.

A tokenizer is learned from the corpus before that: characters from all of it, byte pairs from
`BPE_SAMPLE_BYTES` of it, in pieces of a megabyte spread evenly from beginning to end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import DOCUMENT_END, Corpus, Unit
from nanogpt.tokenizers.base import Tokenizer
from nanogpt.tokenizers.registry import train_tokenizer

BPE_SAMPLE_BYTES = 1 << 26


@dataclass
class Counts:
    """What `encode_unit` has met so far."""

    documents: int = 0
    bytes: int = 0
    """Of the text, in UTF-8."""


def learn_tokenizer(
    config: CorpusConfig, corpus: Corpus, on_bytes: Callable[[int], None] = lambda _: None
) -> Tokenizer:
    """Return the tokenizer that ``config`` names, learned from ``corpus``.

    Args:
        config: Which tokenizer, and how large.
        corpus: Read whole, in part or not at all, as the tokenizer needs.
        on_bytes: Called with the number of characters of each piece that was read.

    Raises:
        CorpusError: The text cannot be read.
        TokenizerError: GPT-2's vocabulary is neither installed nor to be had.
    """
    texts = corpus.sample(BPE_SAMPLE_BYTES) if config.tokenizer == "bpe" else corpus.texts()
    return train_tokenizer(config, _told(texts, on_bytes))


def encode_unit(
    corpus: Corpus, unit: Unit, tokenizer: Tokenizer, counts: Counts, *, first: bool
) -> Iterator[npt.NDArray[np.int32]]:
    """Yield the ids of ``unit`` in chunks, an end of text before every document.

    Args:
        corpus: Where the unit is from.
        unit: Of `Corpus.units`.
        tokenizer: Encodes the text.
        counts: Is added to.
        first: Whether it is the first unit of the corpus: nothing stands before its beginning.

    Raises:
        CorpusError: The text cannot be read.
    """
    between = (
        tokenizer.encode(DOCUMENT_END)
        if tokenizer.eot is None
        else np.array([tokenizer.eot], dtype=np.int32)
    )
    for text, opens in corpus.pieces(unit):
        if opens and not first:
            yield between
        first = False
        yield tokenizer.encode(text)
        counts.documents += opens
        counts.bytes += len(text.encode())


def _told(texts: Iterable[str], on_bytes: Callable[[int], None]) -> Iterator[str]:
    for text in texts:
        yield text
        on_bytes(len(text))
