"""The element names that decide how HTML is parsed and written."""

HEADINGS = {f"h{level}": level for level in range(1, 7)}

VOID = frozenset(
    """area base basefont bgsound br col embed frame hr img input keygen link meta param source
    track wbr""".split()
)
"""Elements that have no end tag and no content."""

RAW_TEXT = frozenset("script style textarea title xmp iframe noembed noframes".split())
"""Elements whose content has no tags."""

FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
"""Elements that the parser opens again in each block that begins before their end tag."""

END_IS_OPTIONAL = frozenset(
    """body caption colgroup dd dt head html li optgroup option p rb rp rt rtc tbody td tfoot th
    thead tr""".split()
)
"""Elements that another one of their kind ends."""

SCOPES = frozenset("applet marquee object table template".split())
"""Elements that an end tag within them cannot close an element outside of."""

NOT_CONTENT = frozenset(
    """applet audio canvas datalist embed frame frameset iframe input keygen link meta noembed
    noframes noscript param script select source style svg template textarea title track
    video""".split()
)
"""Elements whose content is not text of the page."""

BLOCKS = frozenset(
    """address article aside blockquote body caption center dd details dialog dir div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main
    menu nav ol p plaintext pre search section summary table tbody td tfoot th thead tr ul
    xmp""".split()
)
"""Elements that begin and end a line. All others are within a line."""

TRANSPARENT = frozenset(
    """abbr acronym b big cite code del dfn em font i ins kbd nobr s samp small span strike strong
    tt u var wbr""".split()
)
"""Elements that only change how their text looks."""
