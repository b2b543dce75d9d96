"""Find the words of texts in a table of bytes, in compiled code; `Lexicon` has the arrays.

A word's bytes are first written behind those of all others, hashed on the way, and compared where
the table has the same hash. If it is new, it stays there: no word is ever copied.
"""
# ruff: noqa: PLR0917 - compiled functions take their many arrays by position

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from search_system.scoring.kernels.compiled import Integer, inlined, kernel, read_only, written

_HIGH = np.uint64(0xFFFFFFFF00000000)
_LOW = np.uint64(0xFFFFFFFF)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_ONE, _HALF = np.uint64(1), np.uint64(32)

TABLE_TYPES = written(types.uint64), written(types.int64), written(types.uint8)


class Table(NamedTuple):
    """Distinct words by number: a hash table with open addressing, and their bytes."""

    slots: NDArray[np.uint64]
    """The upper half of a word's hash, and its number plus 1 below; 0 is free. A power of two."""
    offsets: NDArray[np.int64]
    """Where the bytes of each word begin; as many as there may be words, and one more."""
    data: NDArray[np.uint8]


@inlined
def _mix(hashed: Integer, byte: Integer) -> Integer:
    return (hashed ^ np.uint64(byte)) * _FACTOR


@inlined
def _mixed(hashed: Integer) -> Integer:
    """Return a hash of which each bit depends on all bytes."""
    hashed = (hashed ^ (hashed >> _HALF)) * _FACTOR
    return hashed ^ (hashed >> _HALF)


@inlined
def _same(data: NDArray[np.uint8], one: Integer, other: Integer, size: Integer) -> bool:
    for i in range(size):  # noqa: SIM110 - compiled without generators
        if data[one + i] != data[other + i]:
            return False
    return True


@inlined
def _find_last(
    slots: NDArray[np.uint64], offsets: NDArray[np.int64], data: NDArray[np.uint8],
    n_words: Integer, size: Integer, hashed: Integer,
) -> Integer:  # fmt: skip
    """Return the number of the word whose bytes are behind all others; ``n_words`` if new."""
    mask = np.uint64(len(slots) - 1)
    slot = hashed & mask
    begin = offsets[n_words]
    while slots[slot] != np.uint64(0):
        if (slots[slot] ^ hashed) & _HIGH == np.uint64(0):
            word = np.int64(slots[slot] & _LOW) - 1
            same_size = offsets[word + 1] - offsets[word] == size
            if same_size and _same(data, offsets[word], begin, size):
                return word
        slot = (slot + _ONE) & mask
    slots[slot] = (hashed & _HIGH) | np.uint64(n_words + 1)
    offsets[n_words + 1] = begin + size
    return n_words


@inlined
def _has_room(
    slots: NDArray[np.uint64], offsets: NDArray[np.int64], data: NDArray[np.uint8],
    n_words: Integer, more_words: Integer, more_bytes: Integer,
) -> Integer:  # fmt: skip
    """Return whether so many words of so many bytes can be added; half of the slots stay free."""
    words = n_words + more_words
    return (
        words < len(offsets)
        and 2 * words <= len(slots)
        and offsets[n_words] + more_bytes <= len(data)
    )


@kernel(
    types.int64,
    *TABLE_TYPES, types.uint64, written(types.int64),
    read_only(types.uint8), read_only(types.int64), read_only(types.int8), types.int64,
    written(types.int32), written(types.int64),
)  # fmt: skip
def number_texts(
    slots: NDArray[np.uint64], offsets: NDArray[np.int64], data: NDArray[np.uint8],
    seed: Integer, counts: NDArray[np.int64],
    text: NDArray[np.uint8], ends: NDArray[np.int64], folded: NDArray[np.int8], first: Integer,
    numbers: NDArray[np.int32], sizes: NDArray[np.int64],
) -> int:  # fmt: skip
    """Split texts of ASCII into words, and number these; return how many texts are done.

    Args:
        slots: with offsets and data a `Table`.
        offsets: see there.
        data: see there.
        seed: where hashes begin.
        counts: how many words there are, and how many numbers were written; updated.
        text: the texts in a row.
        ends: where each of them ends.
        folded: what each byte is in a word; 0 if in none, below 0 for what may only join two.
        first: the first text that is still to be done.
        numbers: gets the words' numbers.
        sizes: gets how many words each text has.
    """
    n_words, n_numbers = counts[0], counts[1]
    done = len(ends)
    for i in range(first, len(ends)):
        place = ends[i - 1] if i else 0
        end, before = ends[i], n_numbers
        if not _has_room(slots, offsets, data, n_words, (end - place + 1) // 2, end - place):
            done = i
            break
        while place < end:
            if folded[text[place]] <= 0:
                place += 1
                continue
            begin = to = offsets[n_words]
            hashed = seed
            while place < end:
                byte = folded[text[place]]
                if byte <= 0:
                    if not byte or place + 1 == end or folded[text[place + 1]] <= 0:
                        break
                    byte = -byte
                hashed = _mix(hashed, byte)
                data[to] = byte
                to += 1
                place += 1
            word = _find_last(slots, offsets, data, n_words, to - begin, _mixed(hashed))
            n_words += word == n_words
            numbers[n_numbers] = word
            n_numbers += 1
        sizes[i] = n_numbers - before
    counts[0], counts[1] = n_words, n_numbers
    return done


@kernel(
    types.void,
    *TABLE_TYPES, types.uint64, written(types.int64),
    read_only(types.uint8), read_only(types.int64), written(types.int32),
)  # fmt: skip
def number_words(
    slots: NDArray[np.uint64], offsets: NDArray[np.int64], data: NDArray[np.uint8],
    seed: Integer, counts: NDArray[np.int64],
    text: NDArray[np.uint8], ends: NDArray[np.int64], numbers: NDArray[np.int32],
) -> None:  # fmt: skip
    """Number words, given by their bytes in a row and where each ends; the table has room."""
    n_words, place = counts[0], 0
    for i in range(len(ends)):
        begin = to = offsets[n_words]
        hashed = seed
        while place < ends[i]:
            hashed = _mix(hashed, text[place])
            data[to] = text[place]
            to += 1
            place += 1
        word = _find_last(slots, offsets, data, n_words, to - begin, _mixed(hashed))
        n_words += word == n_words
        numbers[i] = word
    counts[0] = n_words


@kernel(
    types.void, written(types.uint64), read_only(types.int64), read_only(types.uint8),
    types.uint64, types.int64,
)  # fmt: skip
def fill_slots(
    slots: NDArray[np.uint64], offsets: NDArray[np.int64], data: NDArray[np.uint8],
    seed: Integer, n_words: Integer,
) -> None:  # fmt: skip
    """Put all words of a table into empty slots."""
    mask = np.uint64(len(slots) - 1)
    for word in range(n_words):
        hashed = seed
        for place in range(offsets[word], offsets[word + 1]):
            hashed = _mix(hashed, data[place])
        hashed = _mixed(hashed)
        slot = hashed & mask
        while slots[slot] != np.uint64(0):
            slot = (slot + _ONE) & mask
        slots[slot] = (hashed & _HIGH) | np.uint64(word + 1)


@inlined
def _prefix(offsets: NDArray[np.int64], data: NDArray[np.uint8], word: Integer) -> Integer:
    """Return the first eight bytes of a word as a number that compares as they do."""
    prefix = np.uint64(0)
    begin, end = offsets[word], offsets[word + 1]
    for i in range(8):
        prefix <<= np.uint64(8)
        if begin + i < end:
            prefix |= np.uint64(data[begin + i])
    return prefix


@inlined
def _comes_first(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], prefixes: NDArray[np.uint64],
    one: Integer, other: Integer,
) -> Integer:  # fmt: skip
    """Return whether a word comes before another one, byte by byte."""
    if prefixes[one] != prefixes[other]:
        return prefixes[one] < prefixes[other]
    size = offsets[one + 1] - offsets[one]
    other_size = offsets[other + 1] - offsets[other]
    for i in range(8, min(size, other_size)):
        a, b = data[offsets[one] + i], data[offsets[other] + i]
        if a != b:
            return a < b
    return size < other_size


@kernel(
    types.void, read_only(types.int64), read_only(types.uint8), written(types.uint64),
    written(types.int64), written(types.int64),
)  # fmt: skip
def sort_words(
    offsets: NDArray[np.int64], data: NDArray[np.uint8], prefixes: NDArray[np.uint64],
    order: NDArray[np.int64], spare: NDArray[np.int64],
) -> None:  # fmt: skip
    """Merge-sort ``order``, which has the words' numbers ascending, by the words' bytes.

    ``prefixes`` and ``spare`` are as long, and written to.
    """
    for word in range(len(order)):
        prefixes[word] = _prefix(offsets, data, word)
    width = 1
    while width < len(order):
        for begin in range(0, len(order), 2 * width):
            middle = min(begin + width, len(order))
            end = min(begin + 2 * width, len(order))
            left, right = begin, middle
            for place in range(begin, end):
                if right == end or (
                    left < middle
                    and not _comes_first(offsets, data, prefixes, order[right], order[left])
                ):
                    spare[place] = order[left]
                    left += 1
                else:
                    spare[place] = order[right]
                    right += 1
        order[:] = spare
        width *= 2
