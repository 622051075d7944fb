"""A letter in a few words: for a text message, whose parts are counted, and for a push. Pure."""

from __future__ import annotations

import re

from notifier import facts, spelled
from notifier.channels import Short
from notifier.facts import Reader
from notifier.told import Told

#: The default alphabet of GSM 03.38, and what costs two of its letters.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")
#: Letters of one message, and of each part of a longer one: of that alphabet, and of UTF-16.
_GSM_PART, _WIDE_PART = (160, 153), (70, 67)
_MOST_TITLE, _MOST_BODY, _MOST_PARTS = 65, 180, 2
#: A fact is cut to no less than so many letters; of one that is cut so many of its end are kept: it says what was done.
_LEAST_SAID, _END_SAID = 28, 12
#: The address of a link, as letters and text messages have it.
_LONG_PATH, _BRIEF_PATH = "/my/answer/", "/my/a/"
#: Typography that would make a message of another alphabet of it; the marks that keep a name from being a link become a space.
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "•": "*", "\u2068": None, "\u2069": None, "\u2060": " "}
)
_BESIDE_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) +| +(?=[\u3000-\u9fff\uff00-\uffef])")


def short(
    subject: str,
    lead: str,
    told: Told | None,
    reader: Reader,
    service: str,
    ref: str,
    link: str | None,
    asks: bool,
    phrase: str | None = None,
) -> Short:
    """The short forms of a letter with that subject. One that `asks` says what to do if it was not the reader, by the `link` if
    there is one; the reader's own `phrase` stands where it fits.
    """
    words = reader.words.short
    where = _where(told, reader)
    body = words["was_it_you"].format(where=words["comma"].join(where)) if asks and where else lead
    if phrase:
        own = reader.words.frame["phrase"].format(phrase=spelled.isolated(phrase))
        body = f"{_cut(body, _MOST_BODY - len(own) - 1)}\n{own}"
    return Short(
        title=_cut(subject, _MOST_TITLE),
        body=_cut(body, _MOST_BODY),
        text=_TextMessage(reader, service, ref, link, asks).of(subject, where, phrase),
        link=link,
    )


class _TextMessage:
    """Writes the text message of a letter, in as few parts as its fact and its link take, two at most."""

    def __init__(self, reader: Reader, service: str, ref: str, link: str | None, asks: bool) -> None:
        self._reader = reader
        self._service = service
        brief = None if link is None else link.replace(_LONG_PATH, _BRIEF_PATH)
        # An address may be so long that it leaves no room for what happened.
        endings = ["not_you_link", "not_you"] if brief else ["not_you" if asks else "only_ref"]
        gaps = {"service": service, "ref": ref, "link": brief}
        self._endings = [self._tight(reader.words.short[name].format(**gaps)) for name in endings]

    def of(self, subject: str, where: list[str], phrase: str | None) -> str:
        """The fact; the phrase, and when and where it was, as far as they need no further part and two are enough."""
        comma = self._reader.words.short["comma"]
        for ending in self._endings:
            for own in (phrase, None) if phrase else (None,):
                least = parts(self._text(subject, ending, own))
                if least <= _MOST_PARTS:
                    said = (comma.join([subject, *where[:count]]) for count in (2, 1, 0))
                    fuller = (self._text(each, ending, own) for each in said)
                    return next(text for text in fuller if parts(text) <= least)
            for most in range(len(subject) - 1, _LEAST_SAID - 1, -1):
                text = self._text(self._cut(subject, most), ending)
                if parts(text) <= _MOST_PARTS:
                    return text
        return self._text(self._cut(subject, _LEAST_SAID), self._endings[-1])

    def _text(self, said: str, ending: str, phrase: str | None = None) -> str:
        words = self._reader.words
        fact = self._tight(words.short["sms"].format(service=self._service, said=said.rstrip(".。")))
        own = "" if not phrase else words.short["own"].format(own=words.frame["phrase"].format(phrase=phrase))
        return fact + own + ending

    def _cut(self, said: str, most: int) -> str:
        """The fact without its middle, where the names that others chose are."""
        if len(said) <= most:
            return said
        mark = "…" if self._reader.words.locale == "zh-CN" else "..."
        head = said[: most - _END_SAID - len(mark)].rstrip()
        return f"{head}{mark}{said[-_END_SAID:].lstrip()}"

    def _tight(self, text: str) -> str:
        text = text.translate(_PLAIN)
        return _BESIDE_CHINESE.sub("", text) if self._reader.words.locale == "zh-CN" else text


def parts(text: str) -> int:
    """How many parts a text message is sent in."""
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        length, (one, many) = sum(1 + (letter in _GSM_TWICE) for letter in text), _GSM_PART
    else:
        length, (one, many) = len(text.encode("utf-16-le")) // 2, _WIDE_PART
    return 1 if length <= one else -(-length // many)


def _where(told: Told | None, reader: Reader) -> list[str]:
    """When it happened, and for money from where, as the letter tells it at length."""
    decision = None if told is None or told.news is not None else told.decision
    if decision is None:
        return []
    words = reader.words
    found = [spelled.clock(decision.at, reader.time_zone)]
    if decision.type == "transaction" and (of := facts.of(decision, words)):
        found.append(of.removeprefix(words.frame["colon"]))
    return found


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
