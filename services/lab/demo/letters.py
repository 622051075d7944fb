"""The letters in the outbox folder, as their readers' mail programs show them."""

from __future__ import annotations

import base64
import hashlib
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from msgspec import Struct

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_STYLE_ATTRIBUTE = re.compile(r'(<[a-z][^<>]*?) style="[^"]*"')


class Mail(Struct, frozen=True):
    """One letter of the list; `name` is its file's, `at` is epoch seconds."""

    name: str
    to: str
    subject: str
    at: float


class Page(Struct, frozen=True):
    """A letter as HTML whose looks are in its one `<style>`, and what a policy names that by."""

    html: str
    style_hash: str


class Letters:
    """Reads each file once. What is not a letter is left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Mail] = {}

    def to(self, addresses: frozenset[str]) -> list[Mail]:
        """The letters to these addresses, the newest first."""
        for file in self._folder.glob("*.eml") if self._folder.is_dir() else ():
            if file.name not in self._known:
                mail = _read(file)
                to, sent = str(mail["To"] or ""), str(mail["Date"] or "")
                at = parsedate_to_datetime(sent).timestamp() if sent else file.stat().st_mtime
                self._known[file.name] = Mail(file.name, to, str(mail["Subject"] or ""), at)
        found = [mail for mail in self._known.values() if mail.to in addresses]
        return sorted(found, key=lambda mail: (mail.at, mail.name), reverse=True)

    def page(self, name: str) -> Page | None:
        """A letter that `to` has told of, as a page; None for any other name."""
        if name not in self._known:
            return None
        part = _read(self._folder / name).get_body(("html",))
        return None if part is None else as_page(part.get_content())


def as_page(html: str) -> Page | None:
    """A letter's HTML without style attributes, which a policy would forbid, its links opening beside the page that frames it."""
    html = html.replace("\r\n", "\n")  # as a browser reads it, and counts the style's digest
    found = _STYLE.search(html)
    if found is None:
        return None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    bare = html
    while (stripped := _STYLE_ATTRIBUTE.sub(r"\1", bare)) != bare:
        bare = stripped
    return Page(bare.replace("<head>", '<head>\n<base target="_blank">', 1), f"sha256-{digest}")


def _read(file: Path) -> EmailMessage:
    return message_from_bytes(file.read_bytes(), policy=policy.default)
