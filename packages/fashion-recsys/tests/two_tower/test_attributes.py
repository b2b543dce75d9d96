"""Attribute codes and hashed words."""

import zlib

import numpy as np
import polars as pl

from fashion_recsys.two_tower.attributes import code_categories, hash_words, standardise

TABLE = pl.DataFrame(
    {
        "article": [0, 1, 2, 3],
        "product_type_no": [7, 3, 3, None],
        "product_type_name": ["Vest", "Sock", "Sock", None],
        "colour": ["red", "red", None, "blue"],
        "constant": [1, 1, 1, 1],
        "has_row": [True, True, True, False],
    },
    schema_overrides={"article": pl.UInt32},
)


def test_each_column_has_numbers_of_its_own_and_twins_are_left_out() -> None:
    coded = code_categories(TABLE, {"article"}, None)
    # product_type_no: 1 unknown, 2 and 3 its values; colour: 4 unknown, 5 and 6.
    assert coded.codes.tolist() == [[3, 6], [2, 6], [2, 4], [1, 5]]
    assert coded.size == 7


def test_columns_of_too_many_values_are_left_out() -> None:
    assert code_categories(TABLE, {"article"}, 1).codes.shape == (4, 0)


def test_a_table_without_attributes_has_no_codes() -> None:
    coded = code_categories(TABLE.select("article", "has_row"), {"article"}, None)
    assert coded.codes.shape == (4, 0)
    assert coded.size == 1


def test_words_are_hashed_in_order_each_once() -> None:
    table = pl.DataFrame({"prod_name": ["Red top", None], "detail_desc": ["A TOP in red.", None]})
    words = hash_words(table, buckets=1000, longest=3)
    expected = [1 + zlib.crc32(word) % 1000 for word in (b"red", b"top", b"a")]
    assert words.tolist() == [expected, [0, 0, 0]]


def test_words_of_a_table_without_texts() -> None:
    assert hash_words(TABLE, buckets=10, longest=3).shape == (4, 0)


def test_numbers_have_mean_0_and_deviation_1() -> None:
    table = pl.DataFrame({"age": [20.0, 40.0, None], "flag": [1.0, 1.0, None], "name": ["a"] * 3})
    found = standardise(table)
    np.testing.assert_allclose(found[:, 0], [-(0.5**0.5), 0.5**0.5, 0], rtol=1e-6)
    np.testing.assert_array_equal(found[:, 1], 0)
