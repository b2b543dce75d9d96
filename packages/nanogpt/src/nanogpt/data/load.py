"""A corpus as training wants it: its tokens and their tokenizer."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from nanogpt.data.config import CorpusConfig
from nanogpt.data.corpus import open_corpus
from nanogpt.data.encode import Counts, encode_unit, learn_tokenizer
from nanogpt.data.shards import Prepared, is_prepared
from nanogpt.data.tokens import MappedTokens, MemoryTokens, Tokens
from nanogpt.errors import CorpusError
from nanogpt.tokenizers.base import Tokenizer


def load_corpus(
    config: CorpusConfig,
    saved: Tokenizer | None = None,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> tuple[Tokens, Tokenizer]:
    """Return the tokens of the corpus that ``config`` names, and their tokenizer.

    A folder that ``nanogpt prepare`` wrote is mapped into memory, and brings its tokenizer,
    whatever ``config`` says of one. Any other corpus is read and tokenized here, in memory: four
    bytes a token, twice that for a moment.

    Args:
        config: Which corpus and, if it is text, which tokenizer.
        saved: The tokenizer of a run that goes on; else one is learned from the corpus.
        on_bytes: Called with the bytes of the corpus that were just tokenized.

    Raises:
        CorpusError: The text cannot be read, or the folder is unfinished or damaged, or was
            prepared with another tokenizer than ``saved``.
        ConfigError: See `open_corpus`.
        TokenizerError: See `learn_tokenizer`.
    """
    folder = Path(config.corpus)
    if is_prepared(folder):
        return _open_prepared(folder, saved)
    corpus = open_corpus(config)
    tokenizer = saved or learn_tokenizer(config, corpus)
    ids: list[npt.NDArray[np.int32]] = []
    for index, unit in enumerate(corpus.units()):
        ids += encode_unit(corpus, unit, tokenizer, Counts(), first=index == 0)
        on_bytes(sum(span.end - span.begin for span in unit))
    return MemoryTokens(torch.from_numpy(np.concatenate(ids))), tokenizer


def _open_prepared(folder: Path, saved: Tokenizer | None) -> tuple[Tokens, Tokenizer]:
    prepared = Prepared.open(folder)
    tokenizer = prepared.tokenizer()
    if saved is not None and saved.to_dict() != tokenizer.to_dict():
        raise CorpusError(
            f"{folder} was prepared with another tokenizer than this run has; prepare its corpus "
            "anew, and train anew on that"
        )
    return MappedTokens.of(prepared), tokenizer
