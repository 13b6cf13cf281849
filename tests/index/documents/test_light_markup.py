"""reStructuredText, AsciiDoc, Org and LaTeX: headings, code, comments and prose."""

from pathlib import Path

import pytest

from index.documents.formats import format_of_file
from index.documents.loader import Content, LoadOptions, loader_of
from index.documents.outline import outline_of
from index.types import Span

RST = """\
.. _top:

==========
Boat rules
==========

:Author: Ada

Fees
====

Members pay
five euros.

Late fees
---------

- May: 2
- June: 3

Run this::

    pay --late

      --now

.. code-block:: shell
   :linenos:

   pay now

.. note:: Bring a coat
   and boots.

.. warning::

   Thin ice.

.. A comment
   of two lines.

Keys
====

+-----+-----+
| Key | Use |
+-----+-----+

The end.
"""

ASCIIDOC = """\
= Boat rules
Ada Byron <ada@example.org>
:toc:

// A comment.
Members pay
five euros.

== Fees

[source,shell]
----
pay --late

pay --now
----

.Prices
|===
| May | 2
|===

====
Bring a coat.
====

=== Late fees

* May
* June
"""

ORG = """\
#+TITLE: Boat rules
#+AUTHOR: Ada

* TODO Fees :money:
:PROPERTIES:
:ID: 7
:END:
Members pay
five euros.

** Late fees
#+begin_src shell
pay --late

pay --now
#+end_src

| May | 2 |
| June | 3 |
# A comment.
#+begin_quote
Thin ice.
#+end_quote
"""

LATEX = r"""\documentclass{article}
\title{Boat \emph{rules}}
\begin{document}
\maketitle
\section[Fees]{Fees \& ``dues''\label{sec:fees}}
% A comment.
Members pay
five euros.

\subsection{Late~fees for {\bf all}
boats}
\begin{itemize}
\item May: 2
\item June: 3
\end{itemize}
\begin{verbatim}
pay --late

pay --now
\end{verbatim}
The end.
\end{document}
Not printed.
"""


def loaded(name: str, text: str) -> Content:
    format = format_of_file(Path(name))
    assert format is not None
    return loader_of(format).load(text.encode(), LoadOptions())


def blocks(content: Content, kind: str) -> list[str]:
    return [each.span.of(content.text) for each in content.blocks if each.kind == kind]


def outline(content: Content) -> list[tuple[int, str]]:
    return [(each.level, each.text) for each in content.headings]


@pytest.mark.parametrize(
    ("name", "text"), [("a.rst", RST), ("a.adoc", ASCIIDOC), ("a.org", ORG), ("a.tex", LATEX)]
)
def test_the_text_is_the_file_and_the_title_is_its_own(name: str, text: str) -> None:
    content = loaded(name, text)
    assert content.text == text
    assert content.title == "Boat rules"
    assert "Members pay\nfive euros." in blocks(content, "paragraph")


def test_levels_of_restructured_text_are_in_the_order_of_the_underlines() -> None:
    assert outline(loaded("a.rst", RST)) == [
        (1, "Boat rules"),
        (2, "Fees"),
        (3, "Late fees"),
        (2, "Keys"),
    ]


def test_restructured_text_has_literal_blocks_directives_and_comments_as_lines() -> None:
    content = loaded("a.rst", RST)
    lines = blocks(content, "lines")
    assert "pay --late\n\n      --now" in lines
    assert ".. code-block:: shell\n   :linenos:\n\n   pay now" in lines
    assert ".. warning::" in lines
    assert ".. A comment\n   of two lines." in lines
    assert ":Author: Ada" in lines
    prose = blocks(content, "paragraph")
    assert {"Run this::", "Thin ice.", "The end."} <= set(prose)
    assert ".. note:: Bring a coat\n   and boots." in prose


def test_a_list_or_a_table_below_signs_is_no_heading() -> None:
    content = loaded(
        "a.rst", "====  ====\nA     B\n====  ====\n1     2\n====  ====\n\nText.\n\n----\n"
    )
    assert content.headings == ()


def test_asciidoc_has_sections_delimited_blocks_and_attributes() -> None:
    content = loaded("a.adoc", ASCIIDOC)
    assert outline(content) == [(1, "Boat rules"), (2, "Fees"), (3, "Late fees")]
    lines = blocks(content, "lines")
    assert "[source,shell]\n----\npay --late\n\npay --now\n----" in lines
    assert "|===\n| May | 2\n|===" in lines
    assert "// A comment." in lines
    assert "Bring a coat." in blocks(content, "paragraph")


def test_org_has_headlines_without_keywords_and_tags() -> None:
    content = loaded("a.org", ORG)
    assert outline(content) == [(1, "Fees"), (2, "Late fees")]
    lines = blocks(content, "lines")
    assert ":PROPERTIES:\n:ID: 7\n:END:" in lines
    assert "#+begin_src shell\npay --late\n\npay --now\n#+end_src" in lines
    assert "| May | 2 |\n| June | 3 |" in lines
    assert "# A comment." in lines
    assert "Thin ice." in blocks(content, "paragraph")


def test_words_like_keywords_and_tags_are_text_elsewhere_in_a_headline() -> None:
    text = "* [#A] Say TODO :now: or\n* TODO\n* :tag:\n* DONE [#B] Row  :a:b:\n"
    assert [text for _, text in outline(loaded("a.org", text))] == [
        "Say TODO :now: or",
        "TODO",
        ":tag:",
        "Row",
    ]


def test_latex_has_sections_items_and_verbatim_text() -> None:
    content = loaded("a.tex", LATEX)
    assert outline(content) == [(1, "Fees & ``dues''"), (2, "Late fees for all boats")]
    lines = blocks(content, "lines")
    assert lines[0].startswith("\\documentclass")
    assert lines[0].endswith("\\begin{document}")
    assert "\\begin{verbatim}\npay --late\n\npay --now\n\\end{verbatim}" in lines
    assert lines[-1] == "\\end{document}\nNot printed."
    prose = blocks(content, "paragraph")
    assert {"\\item May: 2", "\\item June: 3", "The end."} <= set(prose)


def test_levels_of_latex_begin_with_the_outermost_command_that_is_used() -> None:
    text = "\\chapter{A}\n\\subsection{B}\n\\section{C}\n\\partial\n"
    assert outline(loaded("a.tex", text)) == [(1, "A"), (3, "B"), (2, "C")]


@pytest.mark.parametrize(
    ("name", "section", "code"),
    [
        ("a.rst", "Run this::\n\n    pay\n\nDone.", "pay"),
        ("a.rst", "Run this:\n\n::\n\n    pay\n\nDone.", "pay"),
        ("a.rst", "Run:\n\n.. code-block:: sh\n\n   pay\n\nDone.", ".. code-block:: sh\n\n   pay"),
        ("a.adoc", "Run:\n\n----\npay\n\nnow\n----\nDone.", "----\npay\n\nnow\n----"),
        ("a.org", "Run:\n#+begin_src\npay\n#+end_src\nDone.", "#+begin_src\npay\n#+end_src"),
        (
            "a.tex",
            "Run:\n\\begin{verbatim}\npay\n\\end{verbatim}\nDone.",
            "\\begin{verbatim}\npay\n\\end{verbatim}",
        ),
    ],
)
def test_code_is_a_part_of_the_outline_below_its_lead_in(
    name: str, section: str, code: str
) -> None:
    format = format_of_file(Path(name))
    assert format is not None
    root = outline_of(section, Span(0, len(section)), format.media_type)
    node = root.at(section.index("pay"))
    assert (node.kind, node.head.of(section)) == ("code", code)
    assert node.parent is not None
    assert node.parent.kind == "lead"
    assert root.at(section.index("Done")).kind == "paragraph"


@pytest.mark.parametrize(
    ("name", "comment"),
    [("a.rst", ".. secret"), ("a.adoc", "// secret"), ("a.org", "# secret"), ("a.tex", "% secret")],
)
def test_comments_are_no_part_of_the_outline(name: str, comment: str) -> None:
    format = format_of_file(Path(name))
    assert format is not None
    section = f"One.\n\n{comment}\n\nTwo."
    root = outline_of(section, Span(0, len(section)), format.media_type)
    assert root.at(section.index("secret")) is root
    assert [child.kind for child in root.children] == ["paragraph", "paragraph"]
