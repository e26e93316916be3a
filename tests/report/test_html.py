import pytest

from groupseg.report.html import marked


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`global` & `per_class`", '<a href="a#b"><code>global</code></a> &amp; <code>per_<wbr>class</code>'),
        ("**+1.2 [+0.4, +2.0]**", '<strong>+1.2 <span class="ci">[+0.4, +2.0]</span></strong>'),
        ("<b> `<i>` [<u>]", '&lt;b&gt; <code>&lt;i&gt;</code> <span class="ci">[&lt;u&gt;]</span>'),
        ("29 %", "29\N{NO-BREAK SPACE}%"),
        ("2 * 3 ** 4 ` 5 [", "2 * 3 ** 4 ` 5 ["),
    ],
)
def test_short_markdown_becomes_html_and_nothing_else_does(text: str, html: str) -> None:
    assert marked(text, {"global": "a#b"}) == html
