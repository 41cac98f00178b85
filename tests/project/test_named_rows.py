"""Rows are read by name (`storage/rows.py`) or unpacked into names, never by a column's number."""

import ast

import pytest

from support.source_trees import SOURCE

STORAGE = SOURCE / "storage"
ROWS = {"row", "rows", "found", "record", "records", "fetched", "first_row", "each"}


ALLOWED = {
    "postgres/database.py: return {row[0]: row for row in rows}": (
        "the key of a `KeyedRead` is its first column, whatever the others are"
    ),
}


def _is_row(node: ast.expr) -> bool:
    """Whether this is a row, rows, or what a statement returned."""
    if isinstance(node, ast.Subscript):
        return _is_row(node.value)
    return isinstance(node, ast.Yield | ast.Await) or (
        isinstance(node, ast.Name) and node.id in ROWS
    )


def _is_number(node: ast.expr | None) -> bool:
    if isinstance(node, ast.Slice):
        return any(map(_is_number, (node.lower, node.upper, node.step)))
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def numbered_reads(source: str) -> list[int]:
    """The lines that read a row by a number."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Subscript) and _is_row(node.value) and _is_number(node.slice)
    ]


def test_no_row_is_read_by_number() -> None:
    found = []
    for file in sorted(STORAGE.rglob("*.py")):
        source = file.read_text("utf-8")
        lines = source.splitlines()
        found += [
            f"{file.relative_to(STORAGE)}: {lines[line - 1].strip()}"
            for line in numbered_reads(source)
        ]
    assert set(found) == set(ALLOWED)


@pytest.mark.parametrize(
    "source",
    ["row[3]", "row[1:9]", "row[-1]", "rows[0][1]", "rows[0]", "x = (yield call)[0][0]"],
)
def test_a_row_that_is_read_by_number_is_found(source: str) -> None:
    assert numbered_reads(source)


@pytest.mark.parametrize("source", ["values[0]", "row[name]", "(name,) = row", "rows[:size]"])
def test_other_subscripts_are_allowed(source: str) -> None:
    assert not numbered_reads(source)
