"""Read a corpus: a text file, or one that comes with the package.

The text is UTF-8, checked to the byte; a byte order mark is dropped and Windows line ends become
plain ones, so that no model learns to print a carriage return.
"""

from pathlib import Path

from nanogpt.data.shakespeare import read_plays
from nanogpt.errors import CorpusError

SHAKESPEARE = "shakespeare"


def read_corpus(name: str) -> str:
    """Return the text of ``name``: ``shakespeare``, or else the path of a UTF-8 text file.

    Raises:
        CorpusError: No such file, not readable, not UTF-8, or nothing in it.
    """
    if name == SHAKESPEARE:
        return read_plays()
    path = Path(name)
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise CorpusError(
            f"no file {path}; expected the path of a text file or '{SHAKESPEARE}'"
        ) from error
    except IsADirectoryError as error:
        raise CorpusError(f"{path} is a folder; expected a text file or '{SHAKESPEARE}'") from error
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    text = _decode(raw, path)
    if not text.strip():
        raise CorpusError(f"{path} holds no text; expected at least a few thousand characters")
    return text


def _decode(raw: bytes, path: Path) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{path} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start} "
            f"(line {line}); convert it, for example with 'iconv -f LATIN1 -t UTF-8'"
        ) from error
    return text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").replace("\r\n", "\n")
