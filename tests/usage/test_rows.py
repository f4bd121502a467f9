"""Rows by columns are the rows that they were made from, however they are looked at."""

from rater.usage.records import Row, Rows, columns_of

ROWS = tuple(Row(f"v{n}", "gb", str(n), n, n + 1, link=f"l{n}") for n in range(3))


def test_rows_by_columns_are_equal_to_the_rows() -> None:
    rows = Rows(columns_of(ROWS))
    assert rows == ROWS
    assert [rows] == [ROWS]
    assert [*rows] == [*ROWS]
    assert (len(rows), rows[1], rows[-1]) == (3, ROWS[1], ROWS[2])
    assert rows[1:] == ROWS[1:]
    assert rows != ROWS[:2]
    assert rows != [*ROWS]
    assert repr(rows) == f"Rows({[*ROWS]})"


def test_columns_of_rows_are_what_they_were_made_from() -> None:
    columns = columns_of(ROWS)
    assert columns[2] == ("0", "1", "2")
    assert columns_of(Rows(columns)) is columns
    assert columns_of(()) == ((),) * 8
    assert [*Rows(columns_of(()))] == []
