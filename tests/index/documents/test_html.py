"""HTML pages: their canonical text, places and properties."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command import ROOT
from documents import examples
from index.documents.html import source
from index.documents.loader import Content, LoadOptions
from index.documents.loaders.html import HtmlLoader
from index.errors import UnreadableDocument
from index.types import Document, Span

FILES = ROOT / "tests/files/html"


def load(page: str | bytes, encoding: str | None = None) -> Content:
    content = page if isinstance(page, bytes) else page.encode()
    return HtmlLoader().load(content, LoadOptions(encoding))


def text_of(page: str) -> str:
    return load(page).text


def anchor_of(content: Content, quote: str) -> str:
    document = Document("a", "a", "A", content.text, places=content.places)
    start = content.text.index(quote)
    places = document.places_of(Span(start, start + len(quote)))
    return next(place.first for place in places if place.kind == "anchor")


# An article in a page


SUBJECTS = "The council,A visitor,Each member,The treasurer,No guest".split(",")
VERBS = "signs,keeps,returns,forgets,pays for".split(",")
OBJECTS = "the register,both keys,a blue form,the old lamp,every invoice".split(",")

BLOCKS = st.sampled_from(
    [
        "<p>{}</p>", "<div>{}</div>", "<p><b>{}</b></p>", "<section><p>{}</p></section>",
        "<ul><li>{}</li></ul>", "<ol start=4><li>{}</ol>", "<dl><dt>Rule</dt><dd>{}</dd></dl>",
        "<blockquote>{}</blockquote>", "<table><tr><th>A<th>B<tr><td>1<td>{}</table>",
        "<table><tr><td>{}</table>", "<h3>{}</h3>", "<pre>{}</pre>", "{}<br>", "<p>{}",
        "<details><summary>More</summary>{}</details>",
        "<figure><figcaption>{}</figcaption></figure>",
        "<center><font size=2>{}</font></center>", "<aside class='note'><p>{}</p></aside>",
        "<article><header><p>{}</p></header></article>", "<my-note>{}</my-note>",
    ]
)  # fmt: skip
FRAMES = st.sampled_from(
    [
        "<body>{}", "<body><main>{}</main>", "<body><article>{}</article>",
        "<body><nav><a href=/>Site</a></nav><div role=main>{}</div><footer>© Site</footer>",
        "<body><div class=sphinxsidebar><h3>Contents</h3><p>Quick search</p></div><div>{}</div>",
        "<body><table><tr><td class=sidebar><a href=/a>Site</a></td><td>{}</td></tr></table>",
        "<body class=toc2><div class=contents>{}</div>",
    ]
)  # fmt: skip


@given(
    frame=FRAMES,
    blocks=st.lists(
        st.tuples(BLOCKS, st.tuples(*map(st.sampled_from, (SUBJECTS, VERBS, OBJECTS)))),
        min_size=3, max_size=9, unique_by=lambda each: each[1],
    ),
)  # fmt: skip
@examples(300)
def test_each_sentence_of_an_article_is_in_the_text_once_and_in_order(
    frame: str, blocks: list[tuple[str, tuple[str, str, str]]]
) -> None:
    sentences = [f"{' '.join(words)} on day {n}." for n, (_, words) in enumerate(blocks)]
    body = "".join(
        block.format(sentence) for (block, _), sentence in zip(blocks, sentences, strict=True)
    )
    text = text_of(f"<!doctype html><title>Rules</title>{frame.format(body)}")
    assert [text.count(each) for each in sentences] == [1] * len(sentences)
    offsets = [text.index(each) for each in sentences]
    assert offsets == sorted(offsets)
    for word in ("Site", "Quick search", "Contents"):
        assert word not in text


NAVIGATION = [
    "<nav><ul><li><a href=a>Alpha</a></ul></nav>",
    "<div role=navigation>Alpha</div>",
    "<div class=navheader><table><tr><td>Alpha <a href=p>Prev</a></table></div>",
    "<div class='related' role='navigation'><h3>Alpha</h3></div>",
    "<header><a href=/>Alpha</a> <a href=b>Beta</a></header>",
    "<footer>Copyright Alpha.</footer>",
    "<aside><h2>Alpha</h2><a href=x>Popular posts</a></aside>",
    "<div id=cookie-banner><p>Alpha uses cookies.</p><button>Accept</button></div>",
    "<ol class=breadcrumb><li><a href=/>Alpha</a><li>Page</ol>",
    "<a class=skip-link href=#main>Skip to Alpha</a>",
    "<ul><li><a href=#a>Alpha</a><li><a href=#b>Beta</a><li><a href=#c>Gamma</a></ul>",
    "<div class=toc><p><b>Table of Alpha</b></p><dl><dt><a href=a.html>A first part</a>"
    "<dt><a href=b.html>A second part</a></dl></div>",
    "<p><a href=p>Prev</a> | <a href=u>Up</a> | <a href=n>Next: Alpha</a></p>",
    "<form><label><input value=Alpha></label><select><option>Alpha</select></form>",
    "<script>var alpha = '<p>Alpha</p>'</script><style>.Alpha{}</style>",
    "<template><p>Alpha</p></template><noscript>Enable Alpha</noscript>",
    "<div hidden>Alpha</div><p style='display: none'>Alpha</p>",
    "<dialog><p>Alpha</p></dialog>",
    "<!-- Alpha --><button>Alpha</button>",
]


@pytest.mark.parametrize("navigation", NAVIGATION)
def test_navigation_controls_and_hidden_text_are_left_out(navigation: str) -> None:
    rest = "<p>" + "Members pay a fee of 5 pounds in March. " * 9 + "</p>"
    assert text_of(f"<body><h1>Fees</h1>{navigation}{rest}").startswith("# Fees\n\nMembers pay")


def test_a_page_of_navigation_only_keeps_it() -> None:
    page = "<body><nav><ul><li><a href=a>Alpha</a><li><a href=b>Beta</a></ul></nav>"
    assert text_of(page) == "- Alpha\n- Beta"


def test_text_beside_the_main_element_is_kept_if_it_is_most_of_the_page() -> None:
    page = f"<body><main><p>Search.</p></main><p>{'The fee is 5 pounds. ' * 9}</p>"
    assert "The fee is 5 pounds." in text_of(page)


def test_a_first_heading_before_the_main_element_is_kept() -> None:
    page = f"<body><div><h1 id=top>Fees</h1></div><main><p>{'The fee is 5. ' * 9}</main>"
    content = load(page)
    assert content.text.startswith("# Fees\n\nThe fee is 5.")
    assert (content.title, anchor_of(content, "The fee")) == ("Fees", "#top")


# Blocks


def test_white_space_is_that_of_a_browser() -> None:
    page = "<p>One\n  <b>two</b>,<i> three</i><br>four&nbsp;&amp; fi<wbr>ve si&shy;x\n<p>seven"
    assert text_of(page) == "One two, three\nfour & five six\n\nseven"


def test_two_line_breaks_end_a_paragraph() -> None:
    assert text_of("one<br> <br>two<br>three") == "one\n\ntwo\nthree"


def test_lists_have_the_numbers_that_are_shown() -> None:
    page = """<p>Bring:<ol start=3><li>a pass<ul><li>valid<li>signed</ul><li value=7><p>photos</p>
    <p>of two kinds</p></ol><ol type=i><li>one<li>two</ol><ol reversed><li>b<li>a</ol>"""
    assert text_of(page) == (
        "Bring:\n\n3. a pass\n   - valid\n   - signed\n7. photos\n\n   of two kinds\n"
        "\n- i. one\n- ii. two\n2. b\n1. a"
    )


def test_a_definition_is_below_its_terms() -> None:
    page = "<dl><dt>fee<dt>charge<dd>what members pay<dd><p>in March<dt>fine<dd>5 pounds</dl>"
    assert text_of(page) == (
        "- fee\n  charge\n\n  what members pay\n\n  in March\n\n- fine\n\n  5 pounds"
    )


def test_cells_that_span_are_repeated() -> None:
    page = """<table><caption>Fees</caption><tr><th>Plan<th colspan=2>Price
    <tr><td rowspan=2>Basic<td>5<td>9<tr><td>6<td><p>10</p><p>11</p></table>"""
    assert text_of(page) == (
        "Fees\n\n| Plan | Price | Price |\n| --- | --- | --- |\n| Basic | 5 | 9 |\n"
        "| Basic | 6 | 10 11 |"
    )


def test_rows_of_a_header_are_joined() -> None:
    page = """<table><thead><tr><th rowspan=2>Plan<th colspan=2>Price<tr><th>May<th>June</thead>
    <tr><td>Basic<td>5<td>6</table>"""
    assert text_of(page).startswith("| Plan | Price May | Price June |\n| --- | --- | --- |\n| Bas")


def test_tables_for_layout_are_not_tables() -> None:
    page = "<table><tr><td><h2>Fees</h2><p>One.<td><table><tr><td>Two.</table></table>"
    assert text_of(page) == "## Fees\n\nOne.\n\nTwo."


def test_code_keeps_its_lines_and_its_language() -> None:
    page = """<p>Run:<div class="highlight-python notranslate"><div class=highlight><pre>
<span>def</span> f():
    return 1 &lt; 2
</pre></div></div><pre><code class="language-sh">ls</code></pre>"""
    assert text_of(page) == ("Run:\n\n```python\ndef f():\n    return 1 < 2\n```\n\n```sh\nls\n```")


def test_code_of_an_item_is_in_the_item() -> None:
    page = "<ol><li>Run:<pre>ls\n\npwd</pre>then<li>stop</ol>"
    assert text_of(page) == "1. Run:\n\n   ```\n   ls\n\n   pwd\n   ```\n\n   then\n\n2. stop"


def test_quotations_and_their_headings_are_quoted() -> None:
    page = "<h1>A</h1><blockquote><h2>Rule</h2><p>Pay.</p></blockquote><p>So.</p>"
    content = load(page)
    assert content.text == "# A\n\n> Rule\n\n> Pay.\n\nSo."
    assert [each.text for each in content.headings] == ["A"]


def test_the_heading_of_a_note_is_not_one_of_the_page() -> None:
    page = "<h1>A</h1><div class=note><h3 class=title>Note</h3><p>Pay.</p></div>"
    assert text_of(page) == "# A\n\nNote\n\nPay."


def test_pictures_and_formulas_have_their_text() -> None:
    page = """<figure><img src=a.png alt="Bars of fees by year">
    <figcaption>Fees</figcaption></figure>
    <p>E = <math alttext="mc^2"><mi>m</mi></math>, 10<sup>6</sup> m<sup>2</sup>, 1<sup>st</sup>,
    note<sup><a href=#n>3</a></sup>, H<sub>2</sub>O, <ruby>漢<rp>(</rp><rt>kan</rt></ruby>,
    <q>so</q><img alt=logo.png src=logo.png></p>"""
    assert text_of(page) == (
        "Bars of fees by year\n\nFees\n\nE = mc^2, 10^6 m^2, 1st, note[3], H2O, 漢(kan), “so”"
    )


def test_marks_that_link_to_a_heading_are_not_text() -> None:
    page = "<h1>A<a class=headerlink href=#a>¶</a></h1><h2><a href=#b>#</a> B</h2><p>See #3."
    assert text_of(page) == "# A\n\n## B\n\nSee #3."


def test_tags_that_are_left_open_are_closed_as_browsers_do() -> None:
    page = "<ul><li>one<li><b>two<p>three</ul><p>four<table><tr><td>a<td>b<tr><td>c<td>d</table>"
    assert text_of(page) == (
        "- one\n- two\n\n  three\n\nfour\n\n| a | b |\n| --- | --- |\n| c | d |"
    )


# Places, title and properties


def test_a_citation_has_the_anchor_of_its_block() -> None:
    page = """<h1 id=top>Fees</h1><p>One.</p><a name=old></a><section id=pay><h2>Pay</h2>
    <p>Two <b id=bold>bold</b> words.</p><dl><dt id=fine>fine<dd>5 pounds</dl></section>"""
    content = load(page)
    places = {quote: anchor_of(content, quote) for quote in ("One.", "Pay", "Two", "5 pounds")}
    assert places == {"One.": "#top", "Pay": "#pay", "Two": "#bold", "5 pounds": "#fine"}
    assert [place.label for place in content.places] == ["#top", "#old", "#pay", "#bold", "#fine"]


def test_a_name_that_people_gave_goes_before_a_generated_one() -> None:
    content = load("<h1 id=fees><span id=index-3></span>Fees</h1><p>One.")
    assert anchor_of(content, "One.") == "#fees"


@pytest.mark.parametrize(
    ("title", "heading", "expected"),
    [
        ("1. Fees — Club Manual v4", "1. Fees", "1. Fees"),
        ("Club: Fees", "Fees", "Fees"),
        ("Fees | Club", "Fees", "Fees"),
        ("Fees and fines", "Fees", "Fees and fines"),
        ("Club", "Fees", "Club"),
        ("", "Fees", "Fees"),
    ],
)
def test_the_title_is_without_the_name_of_the_site(title: str, heading: str, expected: str) -> None:
    assert load(f"<title>{title}</title><h1>{heading}</h1><p>One.").title == expected


def test_properties_are_those_that_the_page_states() -> None:
    page = """<html lang=en-GB><meta name=Author content="Ada Byron">
    <meta property=article:published_time content=2026-02-03T10:00:00Z><meta name=date content=x>
    <meta name=keywords content="fees, , dues"><link rel=canonical href=https://a.example/fees>
    <p>One."""
    assert load(page).metadata == {
        "author": "Ada Byron",
        "date": "2026-02-03T10:00:00+00:00",
        "language": "en-GB",
        "tags": "fees, dues",
        "url": "https://a.example/fees",
    }


# Encodings and XHTML


@pytest.mark.parametrize(
    ("head", "encoding", "text"),
    [
        ("<meta charset=windows-1251>", "cp1251", "Привет"),
        ('<meta http-equiv=content-type content="text/html; charset=Shift_JIS">', "cp932", "①漢字"),
        ('<?xml version="1.0" encoding="iso-8859-1"?>', "cp1252", "“fée”"),
        ("<meta charset=latin1>", "utf-8", "fée, 漢字"),
        ("<meta charset=nonsense>", "utf-8", "fée, 漢字"),
        ("<meta charset=utf-8>", "utf-16", "fée"),
    ],
)
def test_the_encoding_is_that_of_the_bytes_or_the_declared_one(
    head: str, encoding: str, text: str
) -> None:
    content = load(f"{head}<p>{text}".encode(encoding))
    assert (content.text, content.warning) == (text, None)
    assert "encoding_given" not in content.metadata


def test_the_encoding_that_a_user_names_goes_before_the_declared_one() -> None:
    content = load("<meta charset=koi8-r><p>Привет".encode("cp1251"), "cp1251")
    assert content.text == "Привет"
    assert content.metadata["encoding_given"] == "cp1251"


def test_elements_that_close_themselves_are_closed() -> None:
    page = '<html xmlns="x"><script src="a"/><title/><h1><a id="a"/>Fees</h1><p/><p>One.</p></html>'
    content = load(page)
    assert (content.text, anchor_of(content, "One.")) == ("# Fees\n\nOne.", "#a")


# Hostile pages


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 50_000 + "end",
        "<div><table><tr><td></div>" * 10_000 + "end",
        "<b><div></b>" * 20_000 + "end",
        "".join(f"<b id={n}>" for n in range(60)) + "<p>x" * 1_000 + "<p>end",
        "<ul><li>x" * 5_000 + "<p>end",
        "<blockquote>" * 20_000 + "end",
        "<a href='" * 100_000 + "'>x</a><p>end",
        "<!--" * 50_000 + "--><p>end",
        "<table>" * 20_000 + "end",
        "<p>end</p>" + "<table><tr><td colspan=1000 rowspan=65534>x" * 2_000,
        "<table>" + "<tr><td>x" * 1_000 + "<tr>" + "<td>y" * 1_000 + "</table><p>end",
        "<svg><title>" * 20_000 + "</title></svg><p>end",
        "<font>" * 20_000 + "</font>" * 20_000 + "<p>end",
        "<select><option>" * 20_000 + "</select><p>end",
    ],
    ids=range(14),
)
def test_hostile_pages_are_read_in_bounded_time(page: str) -> None:
    text = text_of(f"<p>begin</p>{page}")
    assert text.startswith("begin")
    assert len(text) < 8 * len(page)


def test_a_page_with_too_many_elements_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_ELEMENTS", 2000)
    load("<i>" * 2000 + "x")
    for page in ("<i>" * 2001, "".join(f"<i id={n}>" for n in range(50)) + "<p>x" * 50):
        with pytest.raises(UnreadableDocument, match="more than 2,000 elements") as raised:
            load(page)
        assert raised.value.kind == "too-large"


@pytest.mark.parametrize("page", ["<script>x</script>", "<p hidden>x", "<!-- x -->", "<img>"])
def test_a_page_without_visible_text_is_empty(page: str) -> None:
    with pytest.raises(UnreadableDocument) as raised:
        load(page)
    assert raised.value.kind == "empty"


# A page as a tool wrote it


def test_a_page_of_docbook_has_the_words_of_its_text_version_in_order() -> None:
    text = (FILES / "fhs-3.0-excerpt.txt").read_text("utf-8")
    content = load((FILES / "fhs-3.0-excerpt.html").read_bytes())
    assert words(content.text) == words(text)
    assert content.title == "Filesystem Hierarchy Standard"
    assert anchor_of(content, "Shareable files can be stored on one host") == "#thefilesystem"
    document = Document("a", "a", "A", content.text, headings=content.headings)
    start = content.text.index("Software to predict")
    assert document.headings_of(Span(start, start + 9)) == (
        "Chapter 1. Introduction",
        "1.1. Purpose",
    )


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)
