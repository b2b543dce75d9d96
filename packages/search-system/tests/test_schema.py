"""The schema of an index: TOML there and back, a guess, and clear errors."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_system.errors import OptionError
from search_system.schema import (
    DateField,
    IndexSchema,
    KeywordField,
    NumberField,
    StoredField,
    TextField,
    VectorField,
)
from search_system.schema_guess import guess_schema

names = st.text(min_size=1, max_size=8).filter(lambda name: name.isprintable() and "/" not in name)
text_fields = st.builds(TextField, st.just("porter"), st.floats(0, 1e6), st.booleans())
fields = st.one_of(
    text_fields,
    st.builds(NumberField, st.booleans()),
    st.sampled_from([KeywordField(), DateField(), StoredField(), VectorField()]),
)


@given(st.dictionaries(names, fields, max_size=5), names, text_fields)
def test_toml_there_and_back(others: dict, name: str, text: TextField) -> None:
    schema = IndexSchema({name: text} | {k: v for k, v in others.items() if k != name})
    assert IndexSchema.from_toml(schema.to_toml()) == schema
    assert IndexSchema.from_dict(schema.to_dict()) == schema


def test_a_vector_field_names_its_sources() -> None:
    text = "[fields.a]\ntype = 'text'\n[fields.v]\ntype = 'vector'\nfields = ['a']"
    schema = IndexSchema.from_toml(text)
    assert schema.fields["v"] == VectorField("wordllama", ("a",))
    assert IndexSchema.from_toml(schema.to_toml()) == schema


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("x", "no valid TOML"),
        ("", "a table 'fields'"),
        ("fields = 1", "a table 'fields'"),
        ("[fields.a]\ntype = 'text'\n[other]", "a table 'fields'"),
        ("[fields]\na = 1", "field 'a': expected a table"),
        ("[fields.a]\ntype = 'words'", "field 'a': expected type = one of text, keyword"),
        ("[fields.a]\ntype = 'text'\nwieght = 1", "'wieght' of type text: expected one of"),
        ("[fields.a]\ntype = 'text'\nweight = 'x'", "'weight' of type text: not 'x'"),
        ("[fields.a]\ntype = 'text'\nweight = -1", "from 0 to 1,000,000"),
        ("[fields.a]\ntype = 'text'\nweight = nan", "from 0 to 1,000,000"),
        ("[fields.a]\ntype = 'number'", "at least one field of type text"),
        ("[fields.'a/b']\ntype = 'text'", "without '/'"),
        (
            "[fields.a]\ntype = 'text'\n[fields.v]\ntype = 'vector'\nfields = ['b']",
            r"field 'v': expected fields that it can be made of, one of \['a'\], not 'b'",
        ),
        (
            "[fields.a]\ntype = 'text'\n[fields.v]\ntype = 'vector'\nfields = 'a'",
            "'fields' of type vector: not 'a'",
        ),
        ("[fields.'']\ntype = 'text'", "not empty"),
    ],
)
def test_what_is_no_schema(toml: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        IndexSchema.from_toml(toml)


def test_options_have_defaults() -> None:
    schema = IndexSchema.from_toml("[fields.a]\ntype = 'text'\nweight = 2")
    assert schema.fields == {"a": TextField(weight=2)}
    assert str(schema) == "a: text"


def test_a_guess() -> None:
    records = [
        {
            "id": str(i),
            "title": f"Shoe {i}",
            "text": f"A shoe of some leather, number {i}.",
            "brand": ["Acme", "Brio"][i % 2],
            "tags": ["new", "red"],
            "code": f"00{i % 3}",
            "price": i + 0.5,
            "count": str(i),
            "date": f"2020-01-{i + 1:02}",
            "seen": dt.date(2020, 1, i + 1),
            "image": f"https://example.org/{i}",
            "attributes": {"size": i},
            "sold": True,
            "empty": None,
        }
        for i in range(9)
    ]
    assert guess_schema(records, "id").fields == {
        "title": TextField(weight=2.0),
        "text": TextField(),
        "brand": KeywordField(),
        "tags": KeywordField(),
        "code": KeywordField(),
        "price": NumberField(),
        "count": NumberField(),
        "date": DateField(),
        "seen": DateField(),
        "image": StoredField(),
        "attributes": StoredField(),
        "sold": KeywordField(),
        "empty": StoredField(),
    }


def test_without_prose_keywords_are_searched() -> None:
    assert guess_schema([{"colour": "red"}] * 3).fields == {"colour": TextField()}


def test_nothing_to_search() -> None:
    with pytest.raises(OptionError, match="at least one field of type text"):
        guess_schema([{"price": 1}])
