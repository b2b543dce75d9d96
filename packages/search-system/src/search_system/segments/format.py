"""Which arrays a segment has.

There are N documents; per text field T terms, W words, P postings, K tokens.

::

    ids, ids_offsets               uint8, int64 [N + 1]: document ids, by document number
    id_hashes, id_hash_docs        uint64, uint32 [N]: ids' hashes, ascending, and whose they are
    stored, stored_offsets         uint8, int64 [B + 1]: compressed blocks of JSON lines
    stored_first                   uint32 [B]: the first document of each block

    FIELD/terms, terms_offsets     uint8, int64 [T + 1]: terms, ascending by their UTF-8 bytes
    FIELD/postings_offsets         int64 [T + 1]: where each term's postings begin
    FIELD/docs                     uint32 [P]: document numbers, ascending within a term
    FIELD/tfs                      uint8 [P]: term frequencies; 255 stands for 255 or more,
    FIELD/large_at, large_tfs      int64, uint32: which postings these are, and their frequencies
    FIELD/lengths                  uint32 [N]: tokens per document, exact, so that scores are, too
    FIELD/positions                uint32 [K]: places of tokens, in the postings' order (optional)
    FIELD/positions_offsets        int64 [T + 1]: where each term's positions begin (optional)

    FIELD/words, words_offsets     uint8, int64 [W + 1]: words before stemming, ascending (optional)
    FIELD/word_terms               int32 [W]: the number of each word's term, -1 for a stop word
    FIELD/word_counts              uint32 [W]: how often each word occurs, at most 2^32 - 1

    FIELD/values, values_offsets   uint8, int64: a keyword field's values, ascending by their bytes
    FIELD/codes, codes_offsets     uint32, int64 [N + 1]: numbers of each document's values
    FIELD/numbers                  float64 or int64 [N]: numbers, or microseconds since 1970 in UTC

    FIELD/vectors                  float16 [N * D]: a vector of unit length per document; D in meta
    FIELD/vectors_missing          uint32: documents without text for one, ascending; theirs are 0

The position of a token counts the words of its field before it, stop words included. A posting's
positions begin where those of the term's postings before it end, so frequencies tell where: no
offset per posting.

Words are there if the analyzer looks at one token at a time. Their counts include the deleted: a
merge, which knows how many occurrences of a term are left, takes the same share of its words'.
"""

import hashlib

import numpy as np

STORED_BLOCK_BYTES = 16_384
"""JSON bytes per compressed block: larger ones take less disk and longer to read one document."""
LARGE_TF = 255
"""Frequencies from here up are kept beside the others."""
STOP_WORD = -1
"""Stands for the term of a word that has none."""
LARGEST_COUNT = 2**32 - 1
"""Stands for so many occurrences of a word or more."""
MISSING_INTEGER = int(np.iinfo(np.int64).min)
"""Stands for no value among integers and dates; among floating-point numbers NaN does."""


def id_hash(doc_id: bytes) -> int:
    """Return the 64-bit hash that ids are found by.

    It must not depend on the process, as Python's does, nor let a user choose ids that collide, as
    a CRC does. Whoever finds a hash still compares the id.
    """
    return int.from_bytes(hashlib.blake2b(doc_id, digest_size=8).digest(), "little")
