"""Conditions on documents as SQL expressions over the table of documents."""

from index.conditions import (
    DATES,
    FIELDS,
    LISTS,
    NUMBER,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Exists,
    NotThat,
    lower_ascii,
)

_NUMBER_BEGINS = "({0} GLOB '[0-9]*' OR {0} GLOB '-[0-9]*')"


def sql_of(condition: Condition) -> tuple[str, list[object]]:
    """Return an expression that is 1 where the condition holds and 0 elsewhere, and its parameters.

    Column and operator come from this module; every text of the condition is a parameter.
    """
    match condition:
        case AllOf(parts):
            return _joined(parts, "AND", "1")
        case AnyOf(parts):
            return _joined(parts, "OR", "0")
        case NotThat(part):
            inner, parameters = sql_of(part)
            return f"NOT ({inner})", parameters
        case Exists(field):
            column, parameters = _column(field)
            return f"(coalesce({column}, '') != '')", parameters
        case Comparison(field, _, _) if field in LISTS:
            return _of_list(condition)
        case Comparison(field, _, _):
            column, parameters = _column(field)
            compared, values = _compared(condition, "v")
            value = f"SELECT trim(lower({column}), ' ') AS v"
            return (
                f"EXISTS (SELECT 1 FROM ({value}) WHERE v != '' AND {compared})",
                [*parameters, *values],
            )


def _joined(parts: tuple[Condition, ...], word: str, empty: str) -> tuple[str, list[object]]:
    found = [sql_of(part) for part in parts]
    expression = f" {word} ".join(expression for expression, _ in found) or empty
    return f"({expression})", [each for _, parameters in found for each in parameters]


def _column(field: str) -> tuple[str, list[object]]:
    if field in FIELDS:
        return field, []
    # Not json_extract: a name with a quotation mark would need its own escapes in a path.
    return "(SELECT value FROM json_each(metadata) WHERE key = ?)", [field]


def _of_list(comparison: Comparison) -> tuple[str, list[object]]:
    column, parameters = _column(comparison.field)
    # json_quote escapes what is between the commas; then each part is a string of a JSON array.
    parts = f"'[' || replace(json_quote(nullif(lower({column}), '')), ',', '\",\"') || ']'"
    compared, values = _compared(comparison, "v")
    return (
        f"EXISTS (SELECT 1 FROM (SELECT trim(value) AS v FROM json_each(coalesce({parts}, '[]'))) "
        f"WHERE {compared})",
        [*parameters, *values],
    )


def _compared(comparison: Comparison, column: str) -> tuple[str, list[object]]:
    value = lower_ascii(comparison.value)
    if comparison.operator == "starts with":
        return f"substr({column}, 1, ?) = ?", [len(value), value]
    sign = comparison.operator
    if comparison.field in DATES:
        return f"substr({column}, 1, ?) {sign} ?", [len(value), value]
    if NUMBER.fullmatch(value):
        numeric = f"CAST({column} AS REAL) {sign} ?"
        begins = _NUMBER_BEGINS.format(column)
        return (
            f"CASE WHEN {begins} THEN {numeric} ELSE {column} {sign} ? END",
            [float(value), value],
        )
    return f"{column} {sign} ?", [value]
