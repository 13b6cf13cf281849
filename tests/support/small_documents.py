"""Small documents of the kinds that answers are looked for in, with questions and what each answer
says; None where the document does not answer."""

from typing import NamedTuple


class Case(NamedTuple):
    """A question of a document. says: what stands in the answer, all of it; None if there is none.
    leaves_out: what does not."""

    document: str
    question: str
    says: tuple[str, ...] | None
    leaves_out: tuple[str, ...] = ()


SENSES = ("stop at once", "slow down", "line clear", "wait for a guide")
ORDERS = "\n\n".join(
    ["# Orders"]
    + [
        f"Order PO-{7000 + 13 * i} came from {('Elm Bakery', 'Fig Café', 'Ash Garage')[i % 3]}. "
        f"It is worth {90 + 17 * i} crowns and leaves by {('train', 'lorry', 'boat')[i % 3]}."
        for i in range(30)
    ]
)
SIGNALS = "\n".join(
    ["# Signals", "", "| Signal | Sense | Colour |", "|---|---|---|"]
    + [
        f"| S{40 + 7 * i} | {SENSES[i % 4]} | {('red', 'amber', 'green')[i % 3]} |"
        for i in range(30)
    ]
)
RELEASES = "\n\n".join(
    ["# Releases of Quill"]
    + [
        f"## {9 - i}.{3 * i}.{i % 2} - 2029-0{9 - i}-1{i}\n\n"
        f"### {('Fixed', 'Changed')[i % 2]}\n\n- {what}"
        for i, what in enumerate(
            (
                "Saving no longer loses the last line.",
                "Tabs are four wide.",
                "The spell checker reads Welsh.",
                "Undo goes back a hundred steps.",
                "Printing in duplex works again.",
                "Fonts are loaded when needed.",
            )
        )
    ]
)
NOTES = """The loader gives up with LDR-88 if the lock file is stale. Pass --wipe-lock to remove it.

Advisory GX-2044-19 is about the web console and was closed in 3.2.9.

Advisory GX-2044-91 is about the print queue and is still open.

Set max_open_tabs in quill.conf to change how many tabs stay open.
"""
QUESTIONS_PLAIN = """May I bring my dog?
Only to the garden, and on a lead.

When is breakfast?
From seven until half past nine.

Is there a lift?
No, but the porter carries bags.
"""
QUESTIONS_BOLD = """# Guest house

**May I bring my dog?**

Only to the garden, and on a lead.

**When is breakfast?**

From seven until half past nine.
"""
QUESTIONS_QA = """Q: May I bring my dog?
A: Only to the garden, and on a lead.

Q: When is breakfast?
A: From seven until half past nine.
"""
QUESTIONS_HEADINGS = """# Guest house

## May I bring my dog?

Only to the garden, and on a lead.

## When is breakfast?

From seven until half past nine.
"""
MEETING = """Ida: Who calls the plumber?
Olav: I do, before Friday.
Ida: What about the boiler?
Nils: It was swept last week.
"""
INTERVIEW = """Reporter: How did you learn to sail?
Berg: My aunt took me along when I was nine. She hardly spoke on board.
Reporter: What do you fear at sea?
Berg: Fog, and nothing else.
"""
TREES = """# Trees of the park

- **Rowan**
  - Height: twelve metres
  - Fruit: red berries
- **Hornbeam**
  - Height: twenty metres, taller than the Rowan
  - Fruit: winged nuts
- **Medlar**
  - Height: six metres
  - Fruit: brown, eaten when soft
"""
CAMPING = """# Camping

Before you leave the site, check these things:

- The fire is out.
- The tap is closed.
- The gate is locked.

The warden comes at ten.

## Booking a pitch

To book a pitch, send this message::

    PITCH 12 TWO NIGHTS

You get a number back.

## Fees

A tent costs nine crowns a night. A caravan costs twenty.
"""
INSTALLING = """# Installing

Install the package from the registry:

```sh
npm add quill-core
```

Then start the watcher:

```sh
quill watch --quiet
```
"""
PIERS = "\n".join(
    ["# Piers", "", "| Pier | Berths | Depth |", "|---|---|---|"]
    + [
        f"| {name} Pier | {12 + 4 * i} | {3 + i} m |"
        for i, name in enumerate(("North", "Salt", "Amber", "Heron", "Tar", "Mill", "Rope", "Eel"))
    ]
)
HONEY = """# Lime honey

Lime honey is taken in July and is pale. It sets after a year.

# Heather honey

Heather honey is taken in September and is dark. In the north it is eaten with cheese.

# Apiary

The apiary has forty hives. Mr Dahl has kept it since 1998.
"""
LOCKERS = "".join(f"Locker {210 + i} belongs to crew {i} of ship {30 + i}\n" for i in range(10))
SERVER_LOG = "".join(
    f"2040-06-0{1 + i // 30} 08:{i % 60:02}:41 node {500 + i} "
    + (f"dropped link {60 + i}\n" if i % 8 == 3 else "is healthy\n")
    for i in range(90)
)
SUBTITLES = """[Wind]
This is the harbour of a
small town in the north.
(Gulls cry)
Every autumn the fishermen mend
forty nets on the long pier.
[Bell]
The nets are hung in the church.
"""
CONTRACT = """Lease of the mill
=================

1. Term
-------

The lease runs for eleven years.

2. Rent
-------

The rent is paid each quarter in advance.

3. Repairs
----------

The tenant mends the sluice; the owner mends the roof.
"""
WHO_REPORT = """# Salt

The WHO advises less than five grams of salt a day.

People who cook at home eat less of it.
"""

EXACT = [
    Case(ORDERS, "What is order PO-7039 worth?", ("PO-7039", "141 crowns")),
    Case(ORDERS, "How does order PO-7156 leave?", ("PO-7156", "train")),
    Case(ORDERS, "Who placed order PO-7013?", ("Fig Café",)),
    Case(ORDERS, "What is order PO-7999 worth?", None),
    Case(ORDERS, "PO-7286", ("PO-7286",)),
    Case(SIGNALS, "What does S61 mean?", ("S61", "wait for a guide")),
    Case(SIGNALS, "What is the colour of S124?", ("S124", "red")),
    Case(SIGNALS, "What is the sense of S243?", ("S243", "slow down")),
    Case(SIGNALS, "What does S44 mean?", None),
    Case(RELEASES, "What was fixed in 7.6.0?", ("spell checker reads Welsh",)),
    Case(RELEASES, "What changed in version 8.3.1?", ("four wide",)),
    Case(RELEASES, "When was 5.12.0 released?", ("2029-05-14",)),
    Case(RELEASES, "What changed in version 8.4.1?", None),
    Case(NOTES, "LDR-88", ("lock file",)),
    Case(NOTES, "--wipe-lock", ("--wipe-lock",)),
    Case(NOTES, "max_open_tabs", ("quill.conf",)),
    Case(NOTES, "What does GX-2044-91 touch?", ("print queue",), ("3.2.9",)),
    Case(NOTES, "Which advisory was closed in 3.2.9?", ("GX-2044-19",), ("GX-2044-91",)),
    Case(WHO_REPORT, "How much salt does the WHO advise?", ("five grams",)),
    Case(WHO_REPORT, "How much salt does the FAO advise?", None),
    Case(CONTRACT, "How long does the lease run?", ("eleven years",)),
]
ECHOES = [
    Case(document, question, (answer,), (question,))
    for document in (QUESTIONS_PLAIN, QUESTIONS_BOLD, QUESTIONS_QA, QUESTIONS_HEADINGS)
    for question, answer in (
        ("May I bring my dog?", "Only to the garden, and on a lead."),
        ("When is breakfast?", "From seven until half past nine."),
    )
] + [
    Case(QUESTIONS_PLAIN, "Is there a lift?", ("the porter carries bags",)),
    Case(QUESTIONS_HEADINGS, "Can I bring a dog?", ("Only to the garden",)),
    Case(MEETING, "Who calls the plumber?", ("I do, before Friday",)),
    Case(MEETING, "What about the boiler?", ("swept last week",)),
    Case(INTERVIEW, "How did you learn to sail?", ("My aunt took me along",)),
    Case(INTERVIEW, "What do you fear at sea?", ("Fog",), ("aunt",)),
]
SUBJECTS = [
    Case(TREES, "What is the height of the Rowan?", ("twelve metres",), ("twenty",)),
    Case(TREES, "What fruit has the Medlar?", ("eaten when soft",), ("winged",)),
    Case(TREES, "How tall is the Hornbeam?", ("twenty metres",), ("six",)),
    Case(
        CAMPING,
        "What has to be checked before you leave the site?",
        ("fire is out", "tap is closed", "gate is locked"),
    ),
    Case(CAMPING, "How do I book a pitch?", ("PITCH 12 TWO NIGHTS",)),
    Case(CAMPING, "What does a caravan cost?", ("twenty",)),
    Case(INSTALLING, "How is the package installed?", ("npm add quill-core",), ("watch",)),
    Case(INSTALLING, "How do I start the watcher?", ("quill watch --quiet",)),
    Case(PIERS, "How many berths has Heron Pier?", ("Berths", "24"), ("Amber",)),
    Case(PIERS, "What is the depth of Rope Pier?", ("9 m",), ("Eel",)),
]
ABSENT = [
    Case(HONEY, "How much sugar is in lime honey?", None),
    Case(HONEY, "What does heather honey cost?", None),
    Case(HONEY, "When is clover honey taken?", None),
    Case(HONEY, "Who kept the apiary before 1998?", None),
    Case(HONEY, "Who owns the land of the apiary?", None),
    Case(HONEY, "When is heather honey taken?", ("September",)),
    Case(HONEY, "Since when has Mr Dahl kept the apiary?", ("1998",)),
    Case(HONEY, "How many hives are there?", ("forty",)),
    Case(HONEY, "What is eaten with heather honey in the north?", ("cheese",)),
    Case(SUBTITLES, "🎣", None),
    Case(SUBTITLES, "ጥያቄ ምንድን ነው", None),
]
LINES = [
    Case(LOCKERS, "Which crew has locker 214?", ("Locker 214 belongs to crew 4",), ("213", "215")),
    Case(SERVER_LOG, "Which node dropped link 79?", ("node 519 dropped link 79",), ("link 87",)),
    Case(SERVER_LOG, "Which node dropped link 80?", None),
    Case(
        SUBTITLES,
        "How many nets do the fishermen mend?",
        ("mend forty nets on the long pier",),
        ("church",),
    ),
    Case(CONTRACT, "When is the rent paid?", ("each quarter in advance",)),
    Case(CONTRACT, "Who mends the roof?", ("the owner mends the roof",)),
]
