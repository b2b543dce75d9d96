"""BM25 and BM25F over postings: parameters, prepared terms, kernels, explanation.

::

    parameters.py    k1, and weight and b of each field
    source.py        what a segment must give: postings and lengths as NumPy arrays
    merging.py       the postings of a term in all fields, as one list
    terms.py         the terms that queries have touched, in flat arrays
    kernels/         compiled: preparation of terms, term at a time, MaxScore, the k best
    scorer.py        search and score
    explanation.py   a score, factor by factor
    pooled.py        the present index as a source with one field

Importing `search_system.scoring.scorer` imports numba, which takes a second or two: whoever may not
need it imports it late.
"""
