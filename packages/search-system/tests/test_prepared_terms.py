"""Prepared terms keep their places, whatever happens while one is added."""

import numpy as np
import pytest

from search_system.scoring.merging import CombinedPostings
from search_system.scoring.terms import PreparedTerms


class Interrupted(CombinedPostings):
    """Postings at which someone presses Ctrl-C."""

    def write(self, *_: object) -> None:
        raise KeyboardInterrupt


def test_a_term_that_is_interrupted_leaves_the_others_in_their_places() -> None:
    docs, frequencies = np.array([0, 2], np.uint32), np.array([1.0, 3.0])
    good, bad = CombinedPostings(docs, frequencies), Interrupted(docs, frequencies)
    prepared = PreparedTerms([3, 3])
    prepared.add("a", 1.0, [good, good], 1.0, 1.0)
    with pytest.raises(KeyboardInterrupt):
        prepared.add("b", 1.0, [good, bad], 1.0, 1.0)
    prepared.add("c", 1.0, [good, good], 2.0, 1.0)
    assert prepared.numbers == {("a", 1.0): 0, ("c", 1.0): 1}
    starts, stops, bounds = prepared.arrays[:3]
    for entry, idf in enumerate([1.0, 1.0, 2.0, 2.0]):
        at = slice(starts[entry], stops[entry])
        assert prepared.arrays.docs[at].tolist() == [0, 2]
        assert prepared.arrays.impacts[at].tolist() == [idf / 2, idf * 0.75]
        assert bounds[entry] == idf * 0.75
