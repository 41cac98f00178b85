"""`RowReader`: the column list of a SELECT and the value of its rows come from one list."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest

from quantimodo.storage.rows import Column, Part, RowReader, UnreadColumn, first_value


@dataclass(frozen=True, kw_only=True)
class Person:
    id: int
    name: str
    email: str | None = None


class Visit(NamedTuple):
    key: bytes
    person: Person | None
    scope: frozenset[str]
    revoked: bool = False


PERSON = RowReader(Person, "id", Column("name", str.title), "email", table="u")
VISIT = RowReader(
    Visit,
    "key",
    Column("scope", lambda text: frozenset(text.split())),
    Column("revoked", bool, sql="(t.revoked_at IS NOT NULL)"),
    Part("person", PERSON, optional=True),
    table="t",
)


def test_columns_are_qualified_and_in_the_order_of_the_fields() -> None:
    assert PERSON.columns == "u.id, u.name, u.email"
    assert VISIT.columns == (
        "t.key, t.scope, (t.revoked_at IS NOT NULL) AS revoked, u.id, u.name, u.email"
    )
    assert VISIT.width == 6


def test_a_row_is_read_by_the_order_of_the_columns() -> None:
    ann = Person(id=7, name="Ann", email="ann@example.org")
    row = (b"k", "a b", 1, 7, "ann", "ann@example.org")
    assert VISIT.read(row) == Visit(b"k", ann, frozenset({"a", "b"}), revoked=True)


def test_an_optional_part_of_null_columns_is_none() -> None:
    assert VISIT.read((b"k", "", 0, None, None, None)).person is None


def test_an_optional_part_is_chosen_by_its_first_column_alone() -> None:
    assert VISIT.read((b"k", "", 0, 0, "ann", None)).person == Person(id=0, name="Ann")


def test_conversions_receive_null() -> None:
    reader = RowReader(Person, "id", "name", Column("email", lambda text: text or "none"))
    assert reader.read((1, "Ann", None)).email == "none"


def test_an_unread_column_fills_no_field() -> None:
    reader = RowReader(Person, UnreadColumn("p.key"), "id", "name")
    assert reader.columns == "p.key, id, name"
    assert reader.read((b"key", 1, "Ann")) == Person(id=1, name="Ann")


def test_a_reader_of_one_column() -> None:
    class Key(NamedTuple):
        key: bytes

    assert RowReader(Key, "key").read((b"x",)) == Key(b"x")


@pytest.mark.parametrize("row", [(1, "Ann"), (1, "Ann", None, "more"), ()])
def test_a_row_of_another_width_is_refused(row: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="columns"):
        PERSON.read(row)


def test_a_reader_without_a_required_field_is_refused() -> None:
    with pytest.raises(TypeError, match="name"):
        RowReader(Person, "id", "email")


def test_a_reader_of_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="nickname"):
        RowReader(Person, "id", "name", "nickname")


def test_the_values_of_equal_rows_are_kept_when_asked_for() -> None:
    row = (1, "ann", None)
    kept = RowReader(Person, "id", "name", "email", cache=8)
    assert kept.read(row) is kept.read(tuple(row))
    assert kept.read((1, "ben", None)) == Person(id=1, name="ben")
    assert PERSON.read(row) is not PERSON.read(row)


def test_rows_that_may_be_missing() -> None:
    ann = Person(id=1, name="Ann")
    assert PERSON.read_found(None) is None
    assert PERSON.read_found((1, "ann", None)) == ann
    assert PERSON.read_first([]) is None
    assert PERSON.read_first([(1, "ann", None), (2, "ben", None)]) == ann
    assert [each.id for each in PERSON.read_all([(1, "ann", None), (2, "ben", None)])] == [1, 2]
    assert first_value([]) is None
    assert first_value([(5,), (6,)]) == 5
