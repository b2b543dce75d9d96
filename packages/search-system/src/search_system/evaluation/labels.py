"""How measures, probabilities and lists of queries are written for people."""

from collections.abc import Sequence

LABELS = {
    "ndcg_at_10": "nDCG@10",
    "average_precision": "MAP",
    "reciprocal_rank": "MRR",
    "precision_at_10": "P@10",
    "recall_at_100": "recall@100",
    "judged_at_10": "judged@10",
    "condensed_ndcg_at_10": "condensed nDCG@10",
}
"""The short name of each field of `Metrics`."""

MEANINGS = {
    "ndcg_at_10": "How good the first ten are, from 0 to 1 (the best possible order). Better "
    "documents and higher places count more.",
    "average_precision": "How well all relevant documents are placed, each counted once.",
    "reciprocal_rank": "How soon the first relevant document comes: 1 if first, 1/2 if second.",
    "precision_at_10": "The share of the first ten places that relevant documents take.",
    "recall_at_100": "The share of all relevant documents that the first hundred hold.",
    "judged_at_10": "The share of the first ten that anybody has judged. The others count as "
    "irrelevant, which they may not be.",
    "condensed_ndcg_at_10": "nDCG@10 if the documents that nobody has judged are taken out first.",
}
"""What each measure says, in a sentence."""


def format_p(p: float) -> str:
    """Return a probability to three decimals; below that, say so."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def name_some(ids: Sequence[str], at_most: int = 10) -> str:
    """Return a list of ids for a line: the first few, and how many more there are."""
    more = f" and {len(ids) - at_most:,} more" if len(ids) > at_most else ""
    return ", ".join(ids[:at_most]) + more
