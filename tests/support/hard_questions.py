"""Questions whose answer looks like another sentence of the document: negation, order, comparisons,
other forms of numbers, dates and identifiers, several parts, and very small documents."""

from small_documents import Case

HARBOUR = """# Harbour

The harbour was rebuilt in 1987 by Marta Lindqvist. Boats longer than twelve metres do not enter the
inner basin. Boats under twelve metres moor at the east pier.

Per Holm was harbour master before Ida Strand. Ida Strand was harbour master before Nils Aker. Nils
Aker has been harbour master since 2014.

Of the berths, 43 % are let to fishermen. The new crane was lifted into place on 9 Nov 2019.
The crane lifts 40 t. The ferry crosses 12 km of open water.

## Fees

A day costs eleven crowns. Children do not pay. Payment by cheque is not accepted.
"""
SPARE_PARTS = """# Spare parts

- V17: the valve of the cold tap
- V71: the valve of the boiler
- KX-440: the pump of the cellar
"""
ROOMS = """# Guest rooms

## Larch room

The Larch room has two beds and a bath. It costs 90 crowns a night.

## Birch room

The Birch room has one bed and no bath. It costs 60 crowns a night.

## Alder room

The Alder room has four beds. Dogs are not allowed in it. It costs 120 crowns a night.
"""
DOOR = "Red door."

NEGATION = (
    Case(HARBOUR, "Which boats do not enter the inner basin?", ("longer than twelve metres",)),
    Case(HARBOUR, "Who does not pay?", ("Children do not pay",)),
    Case(HARBOUR, "Which kind of payment is not accepted?", ("cheque is not accepted",)),
    Case(ROOMS, "In which room are dogs not allowed?", ("Dogs are not allowed",)),
    Case(ROOMS, "Which room has no bath?", ("Birch room has one bed and no bath",), ("two beds",)),
)
ORDER = (
    Case(HARBOUR, "Who was harbour master before Ida Strand?", ("Per Holm",)),
    Case(HARBOUR, "Who was harbour master before Nils Aker?", ("Ida Strand was",)),
    Case(HARBOUR, "Who was harbour master before Per Holm?", None),
)
FORMS = (
    Case(HARBOUR, "Who rents forty-three percent of the berths?", ("fishermen",)),
    Case(HARBOUR, "What was lifted into place on November 9th, 2019?", ("crane",)),
    Case(HARBOUR, "What was lifted into place on 2019-11-09?", ("crane",)),
    Case(HARBOUR, "What was lifted into place on November 8th, 2019?", None),
    Case(HARBOUR, "How many kilometres does the ferry cross?", ("12 km",)),
)
PLURALS = (
    Case(SPARE_PARTS, "What are V17s for?", ("cold tap",), ("boiler",)),
    Case(SPARE_PARTS, "Where do KX-440s go?", ("cellar",), ("boiler",)),
    Case(SPARE_PARTS, "What are V18s for?", None),
)
PARTS = (
    Case(
        ROOMS,
        "What does the Larch room cost, and how many beds has the Alder room?",
        ("90 crowns", "four beds"),
    ),
    Case(HARBOUR, "Who rebuilt the harbour and when did the crane come?", ("Lindqvist", "9 Nov")),
)
TINY = (
    Case(DOOR, "What colour is the door?", ("Red door.",)),
    Case(DOOR, "door", ("Red door.",)),
    Case(DOOR, "What does the window cost?", None),
)
COMPARED = (
    Case(ROOMS, "Which costs more, the Larch room or the Birch room?", ("90 crowns", "60 crowns")),
    Case(
        ROOMS,
        "What is the difference in price between the Larch room and the Alder room?",
        ("90 crowns", "120 crowns"),
    ),
    Case(
        ROOMS, "Does the Alder room have more beds than the Birch room?", ("four beds", "one bed")
    ),
)
