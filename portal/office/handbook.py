"""The handbook of the counter, from docs/handbook-zh.md: one text, read here and in the source."""

from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

FILE = Path("docs/handbook-zh.md")
PICTURES = "pictures/"  # beside it; portal/settings.py serves them


class Handbook(NamedTuple):
    sections: list[tuple[str, str]]  # where they stand, and what they are called
    text: SafeString


@lru_cache(maxsize=1)
def read() -> Handbook:
    """Our own file, in which HTML is no HTML."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 (one page needs it)

    markdown = MarkdownIt("commonmark", {"html": False})
    markdown.add_render_rule("softbreak", lambda *_line: "")  # Chinese has no space where a line of the file ends
    tokens = markdown.parse((settings.BASE_DIR / FILE).read_text())[3:]  # without the title, which the page has
    sections: list[tuple[str, str]] = []
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            sections.append((f"s{len(sections) + 1}", inline.content))
            heading.attrSet("id", sections[-1][0])
    for token in tokens:
        for picture in token.children or []:
            if picture.type == "image":
                picture.attrSet("src", static(f"handbook/{str(picture.attrs['src']).removeprefix(PICTURES)}"))
    return Handbook(sections, mark_safe(markdown.renderer.render(tokens, markdown.options, {})))  # noqa: S308 (our file)
