"""Tiny Shakespeare, the 1,115,394 characters that nanoGPT's figures are measured on.

It is downloaded once, into the user's cache folder, or given as the user's own copy. Either way its
checksum is verified: a loss is comparable only on the very same text.
"""

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from nanogpt.atomic import atomic_path
from nanogpt.errors import CorpusError, OutputError

URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
SIZE = 1_115_394
TIMEOUT_S = 30


def tiny_shakespeare(copy: Path | None = None) -> Path:
    """Return the path of the text: of ``copy``, or of the file in the cache, downloaded if need be.

    Raises:
        CorpusError: ``copy`` cannot be read or is another text, or the download failed.
    """
    if copy is not None:
        return _verified_copy(copy)
    cached = cache_folder() / "tinyshakespeare.txt"
    if not (cached.is_file() and _is_genuine(cached.read_bytes())):
        _download(cached)
    return cached


def cache_folder() -> Path:
    """Return the folder for downloads: nanogpt, in XDG_CACHE_HOME or else ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nanogpt"


def _verified_copy(copy: Path) -> Path:
    try:
        raw = copy.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot read {copy}: {error.strerror}") from error
    if not _is_genuine(raw):
        raise CorpusError(
            f"{copy} is not tiny Shakespeare: expected {SIZE:,} bytes with SHA-256 "
            f"{SHA256[:16]}..., got {len(raw):,} with {hashlib.sha256(raw).hexdigest()[:16]}...; "
            "to train on it as it is, give it as --corpus"
        )
    return copy


def _download(path: Path) -> None:
    try:
        with urllib.request.urlopen(URL, timeout=TIMEOUT_S) as response:  # https, see URL
            raw: bytes = response.read(SIZE + 1)
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise CorpusError(
            f"cannot download tiny-shakespeare ({reason}); give your copy as --file, or take the "
            "corpus 'shakespeare', which needs no network"
        ) from error
    if not _is_genuine(raw):
        raise CorpusError(
            f"{URL} did not send tiny Shakespeare, but {len(raw):,} bytes of something else; give "
            "your copy as --file"
        )
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(raw)
    except OutputError as error:
        raise CorpusError(f"cannot keep tiny-shakespeare: {error}; set XDG_CACHE_HOME") from error


def _is_genuine(raw: bytes) -> bool:
    return hashlib.sha256(raw).hexdigest() == SHA256
