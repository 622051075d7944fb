"""Answers as HTML: paragraphs, lists, emphasis and links, and nothing that is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache, lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from services.help.marking import stretches

_TAGS = {"p", "ol", "ul", "li", "strong", "em", "a", "br", "blockquote", "code", "mark"}
_REMEMBERED = 512
_SCHEMES = {"https", "mailto", "tel"}


def rendered(body: str, found: Collection[str] = ()) -> Markup:
    """The Markdown as HTML, with the words that a search found marked; HTML in it stays text."""
    return _made(body, found) if found else _unmarked(body)


#: The page of all answers shows each as it is, again and again.
@lru_cache(_REMEMBERED)
def _unmarked(body: str) -> Markup:
    return _made(body, ())


def _made(body: str, found: Collection[str]) -> Markup:
    markdown = _markdown()
    parsed = markdown.parse(body)
    for block in parsed:
        if block.children is not None and found:
            block.children = [piece for child in block.children for piece in _marked(child, found)]
    html = markdown.renderer.render(parsed, markdown.options, {})
    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=_SCHEMES,
        link_rel="noreferrer",
    )
    return Markup(cleaned)  # noqa: S704 (it was cleaned)


def marked(text: str, found: Collection[str]) -> Markup:
    """Plain text as HTML, with what a search found marked."""
    return Markup("").join(
        Markup("<mark>{}</mark>").format(piece) if hit else escape(piece)
        for piece, hit in stretches(text, found)
    )


def _marked(child: Token, found: Collection[str]) -> Iterator[Token]:
    if child.type != "text":
        yield child
        return
    for piece, hit in stretches(child.content, found, alike=False):
        if hit:
            yield Token("mark_open", "mark", 1)
        yield Token("text", "", 0, content=piece)
        if hit:
            yield Token("mark_close", "mark", -1)


@cache
def _markdown() -> MarkdownIt:
    rules = ["image", "html_block", "html_inline", "heading", "lheading", "hr", "fence", "code"]
    return MarkdownIt("commonmark", {"html": False}).disable(rules)
