"""Tables with merged cells."""

from hypothesis import assume, given
from hypothesis import strategies as st

from documents import examples
from index.documents.office.table_cells import MAX_COLUMNS, MAX_REPEATED, Cell, merged_rows

SPANS = st.integers(1, 3)
CELLS = st.builds(Cell, st.sampled_from("abc"), SPANS, SPANS)


@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), max_size=5))
@examples(200)
def test_rows_are_those_of_a_grid_that_is_filled_cell_by_cell(rows: list[list[Cell[str]]]) -> None:
    grid: dict[tuple[int, int], str] = {}
    for i, row in enumerate(rows):
        j = 0
        for cell in row:
            while (i, j) in grid:
                j += 1
            for column in range(j, j + cell.n_columns):
                for line in range(i, i + cell.n_rows):
                    assume((line, column) not in grid)
                    grid[line, column] = str(cell.content)
            j += cell.n_columns
    for i, texts in enumerate(merged_rows(rows, str)):
        assert all(grid[i, j] == text for j, text in enumerate(texts) if (i, j) in grid)


def test_spans_that_claim_millions_are_bounded() -> None:
    wide = [[Cell("a", 10**9), Cell("b")]] * 10_000
    total = sum(len(row) for row in merged_rows(wide, str))
    assert total <= MAX_REPEATED // 3 + 2 * len(wide)
    (row,) = merged_rows(wide[:1], str)
    assert len(row) == MAX_COLUMNS
    tall = [[Cell("word " * 1000, 1, 10**9), Cell("b")]] + [[Cell("b")]] * 10_000
    assert sum(len(text) for row in merged_rows(tall, str) for text in row) < 2 * MAX_REPEATED
