"""Lucene's English stop words: the 33 that carry the least meaning."""

_LUCENE = """
a an and are as at be but by for if in into is it no not of on or such that the their then there
these they this to was will with
"""

ENGLISH = frozenset(_LUCENE.split())
