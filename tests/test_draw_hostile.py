"""Whatever a spec holds, a picture is well-formed, runs nothing and leads nowhere."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.draw import Look, drawing
from cnnspec.network import Network

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '"><script>alert(1)</script>',
    "</text><a href='javascript:alert(1)'>x</a>",
    '<IMG SRC="/etc/passwd">',
    "<TABLE><TR><TD>x</TD></TR></TABLE>",
    '\\N \\G \\l" ]; evil [label="',
    "]]><!-- --><![CDATA[",
    "</script><script>alert(1)//",
    "<!--<script>",
    "\u202eesrever \ufffe\u0007\x1b[31m",
    "&lt;&amp;&#60;&nosuch;",
    'end; click b0 href "javascript:alert(1)" --> x["y"]\n```\n<b>',
    "#quot; #lt;script#gt; `_*~|",
    "名前 が 長い" * 9,
    "x" * 5000,
)
#: One string that reaches a title, a block's argument, an output's weight and a file's name.
SPEC = """block unit(x, said, width = 4) {{ return x -> conv(width, 3, pad = 1) -> relu }}
network hostile(word = {word}) {{
    image = input(3, 8, 8)
    x = image -> unit(word) -> unit(word, width = 5) -> stage: (unit(word) * 3)
    y = concat(x -> conv(4, 1), x -> unit(word))
    output logits = y -> gap -> dense(3)
    meta {{ title = {word} }}
}}
"""


def hostile(word: str) -> Network:
    plain = "".join(c for c in word if c.isprintable() and c not in '"\\\n')
    quoted = '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    try:
        return cnnspec.loads(SPEC.format(word=quoted), name=word or "x")
    except cnnspec.SpecError:
        quoted = f'"{plain}"'
        return cnnspec.loads(SPEC.format(word=quoted), name=word or "x")


TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=40),
    st.text(alphabet="<>&\"'\\`#;{}[]()|%$/-!x\n", max_size=30),
)


def drawn(net: Network, format: str, **how: object) -> bytes:
    return drawing(net.elaborated, format=format, **how).content


@pytest.mark.parametrize("word", HOSTILE)
def test_known_tricks_do_nothing(word: str) -> None:
    net = hostile(word)
    clean_svg(drawn(net, "svg"))
    clean_svg(drawn(net, "svg", style="volumes"))
    clean_page(drawn(net, "html"))
    clean_mermaid(drawn(net, "mermaid").decode())
    assert drawn(net, "png").startswith(b"\x89PNG")
    assert drawn(net, "pdf").startswith(b"%PDF")


@settings(deadline=None, max_examples=40)
@given(TEXTS)
def test_any_text_does_nothing(word: str) -> None:
    net = hostile(word)
    clean_svg(drawn(net, "svg"))
    clean_svg(drawn(net, "svg", style="volumes", look=Look(theme="dark")))
    clean_page(drawn(net, "html"))
    clean_mermaid(drawn(net, "mermaid").decode())


def clean_svg(content: bytes) -> None:
    root = ET.fromstring(content)
    known = {"svg", "g", "title", "text", "polygon", "path", "polyline", "rect"}
    for each in root.iter():
        assert each.tag.removeprefix(SVG) in known
        assert not [name for name in each.attrib if name.startswith("on") or "href" in name]
        assert not [value for value in each.attrib.values() if value.startswith("url(")]


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def elements(page: bytes) -> list[tuple[str, tuple[str, ...]]]:
    parser = _Elements()
    parser.feed(page.decode())
    return parser.found


PLAIN = elements(drawn(hostile("plain"), "html"))


def clean_page(content: bytes) -> None:
    assert elements(content) == PLAIN
    held = re.search(r'id="network">(.*?)</script>', content.decode(), re.DOTALL)
    assert held is not None
    json.loads(held[1])


def clean_mermaid(text: str) -> None:
    before, title, config, after, *lines = text.splitlines()
    assert config == "config: {flowchart: {wrappingWidth: 400}}"
    assert (before, after) == ("---", "---")
    json.loads(title.removeprefix("title: "))
    form = re.compile(
        r"flowchart TB"
        r"|subgraph f\d+-\d+\[\"[^\"<>`]*\"\]|end|class f\d+-\d+ (run|open)"
        r"|b\d+(\(\[|\[)\"<b>[^\"<>`]*</b>(<br/>[^\"<>`]*)?\"(\]\)|\]):::of-[a-z-]+"
        r"|b\d+ (-->|-\.->|==>)(\|[^|]*\|)? b\d+"
        r"|classDef [a-z-]+ fill:#\w+,(color|stroke):#\w+,(color|stroke):#\w+"
    )
    assert all(form.fullmatch(line.strip()) for line in lines), lines
