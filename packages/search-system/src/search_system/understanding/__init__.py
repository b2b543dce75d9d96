"""Query understanding: what a query means in this catalogue, read off the catalogue itself.

::

    occurrences.py      where the query's terms stand in given documents, as arrays
    compounds.py        "head set" -> "headset", and the other way, by what the index has
    keyword_values.py   the values of keyword fields over all segments, by number
    brands.py           a brand's name among the query's words, and the words beside it
    categories.py       the values that set the sought kind of document apart
    understand.py       all of it for one query, each part with its switch

Nothing here is learned from judgments. Units need no code of their own: an analyzer with units
(`products`) makes "16 GB" and "16gb" one term on both sides.
"""
