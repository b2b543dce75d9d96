"""Run any rewritten query tree over a snapshot: which documents, in what order, and why.

::

    plan.py          a query tree as clauses that match and clauses that score
    columns.py       masks of the documents with values, from columns
    phrases.py       documents in which terms stand side by side, or nearly so
    evaluation.py    masks and scores of a plan over one segment
    masks.py         masks of filters, kept for the next query
    matcher.py       all of it over a snapshot: matches, scores, search, explain
    explanation.py   a score, clause by clause
    filters.py       a query made of a dictionary of filters
    keyword_ranks.py the values of a keyword field in one order over all segments
    sorting.py       order by columns
    pages.py         results page by page, each with the cursor of the next
    cursor.py        where a page of results ended, as text
    facets.py        how often values occur among the matches
"""
