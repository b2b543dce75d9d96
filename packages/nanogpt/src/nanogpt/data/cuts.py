"""Where a text may be cut so that its parts, encoded apart, give the ids of the whole.

A character tokenizer does not mind. The byte-pair ones encode word by word, and no word of their
pattern (`nanogpt.tokenizers.bpe.PATTERN`) goes on from a character that is no white space to one
that is. So the place between two such characters is a border of words. Nor does the cut change any
word: the pattern looks past a word's end only after white space, which here does not end the left
part, and it never looks back. `tests/data/test_cuts.py` holds this on random text.
"""

import re
from typing import BinaryIO

WINDOW = 1 << 16
"""Bytes read at a time, and the farthest that `next_cut` looks where it may give up."""

_CANDIDATE = re.compile(rb"[!-~\x80-\xff](?=[\t\n\r ])")


def next_cut(file: BinaryIO, start: int, end: int) -> int | None:
    """Return the first offset from ``start`` up to, not including, ``end`` that is such a place.

    Args:
        file: UTF-8 text; its position is moved.
        start: At least 1.
        end: At most the file's size.
    """
    while start < end:
        before = min(start, 4)  # the bytes of a character
        file.seek(start - before)
        data = file.read(before + min(WINDOW, end - start))
        for match in _CANDIDATE.finditer(data, before - 1):
            if _ends_in_a_sign(data[: match.end()]):
                return start - before + match.end()
        start += WINDOW
    return None


def character_border(file: BinaryIO, start: int) -> int:
    """Return the last offset up to ``start`` that is not inside a character."""
    before = min(start, 3)
    file.seek(start - before)
    data = file.read(before + 1)
    while before and data[before] & 0xC0 == 0x80:
        before -= 1
        start -= 1
    return start


def _ends_in_a_sign(data: bytes) -> bool:
    last = data[-4:].decode("utf-8", "ignore")[-1:]
    return bool(last) and not last.isspace()
