"""The log: numbers, parts and order."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fashion_recsys.ingestion.id_map import IdMap
from fashion_recsys.ingestion.log import parts_of_days

IDS = st.lists(st.lists(st.text(max_size=3), max_size=8), max_size=5)


@given(IDS)
def test_codes_and_ranks_lead_back_to_the_ids(blocks: list[list[str]]) -> None:
    ids = IdMap()
    codes = [ids.encode(pl.Series(block, dtype=pl.String)).to_list() for block in blocks]
    seen = list(dict.fromkeys(name for block in blocks for name in block))
    assert ids.ids().to_list() == seen
    assert [[seen[code] for code in block] for block in codes] == blocks
    ordered = sorted(seen, key=str.encode)
    assert [ordered[rank] for rank in ids.ranks()] == seen


def test_two_maps_do_not_share_codes() -> None:
    one, two = IdMap(), IdMap()
    one.encode(pl.Series(["a", "b"]))
    assert two.encode(pl.Series(["b"])).to_list() == [0]
    assert one.encode(pl.Series(["b"])).to_list() == [1]


DAYS = st.dictionaries(st.integers(0, 50), st.integers(1, 20), max_size=30)


@given(DAYS, st.integers(1, 30))
def test_parts_hold_every_day_once_and_few_rows(counts: dict[int, int], part_rows: int) -> None:
    start = date(2020, 1, 1)
    days = Counter({start + timedelta(days=day): rows for day, rows in counts.items()})
    parts = list(parts_of_days(days, part_rows))
    assert all(last < first for (_, last), (first, _) in pairwise(parts))
    held = [[day for day in days if first <= day <= last] for first, last in parts]
    assert sorted(day for part in held for day in part) == sorted(days)
    for part in held:
        assert len(part) == 1 or sum(days[day] for day in part) <= part_rows


def test_ranks_are_a_permutation_of_small_integers() -> None:
    ids = IdMap()
    ids.encode(pl.Series(["c", "a", "b"]))
    assert ids.ranks().dtype == np.uint32
    assert ids.ranks().tolist() == [2, 0, 1]
