"""What a ticket and its notes say, in the language of the help desk, masked unless it is set otherwise. Pure."""

from __future__ import annotations

import tomllib
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from msgspec import Struct

from services.cases.case_rows import Entry
from services.cases.references import case_number
from services.cases.states import Case
from services.connect.masking import masked, masked_account
from services.portal.wording import Wording

#: Longer texts are cut, with a mark that they were.
MOST_CHARACTERS = 4_000
#: Entries whose note is somebody's words, or says more than the sentence of its kind; of an assignment it names a colleague.
_SAYS = frozenset({"note", "message", "resolved", "reopened", "appealed"})
#: Entries after which the case is closed, and after which it is open again.
ENDS, REOPENS = frozenset({"resolved", "withdrawn"}), frozenset({"reopened", "appealed"})


class Told(Struct, frozen=True):
    """Something to say in a ticket. `mark` is the same each time it is tried: by it the help desk is asked whether it has it."""

    mark: str
    text: str
    title: str = ""
    case_id: str = ""


@cache
def words(locale: str) -> Wording:
    """The sentences of a language, of `en` and `zh-CN`."""
    read = tomllib.loads(files("services.connect").joinpath("words.toml").read_text("utf-8"))
    return Wording(
        locale,
        {f"{part}.{name}": said[locale] for part, names in read.items() for name, said in names.items()},
    )


def mark_of(case_id: str, sequence: int) -> str:
    """The mark of an entry's note, 0 for the ticket's own: it names neither case nor account, and no other entry has it."""
    return f"payguard-{sequence}-{blake2b(f'{case_id}:{sequence}'.encode(), digest_size=8).hexdigest()}"


def is_mark(text: str, case_id: str) -> bool:
    """Whether the text is a mark of this case: what bears it came from here."""
    parts = text.strip().split("-")
    return (
        len(parts) == 3
        and parts[1].isdecimal()
        and len(parts[1]) < 20
        and text.strip() == mark_of(case_id, int(parts[1]))
    )


def ticket_of(case: Case, locale: str, link: str, mask: bool) -> Told:
    """The ticket of a case as it stands."""
    say = words(locale)
    kind, severity = _named(say, "kind", case.kind), say(f"severity.{case.severity}")
    account = masked_account(case.account_id) if mask else case.account_id
    body = say("ticket.body", account=account, kind=kind, severity=severity)
    return Told(
        mark=mark_of(case.case_id, 0),
        title=say("ticket.title", number=case_number(case.case_id), kind=kind, severity=severity),
        text=f"{body}\n{say('ticket.link', link=link)}" if link else body,
        case_id=case.case_id,
    )


def note_of(case: Case, entry: Entry, sequence: int, locale: str, mask: bool) -> Told:
    """The note that tells of an entry of the case's history."""
    say = words(locale)
    key = f"entry.{entry.kind}"
    values = {
        "severity": say(f"severity.{entry.severity or case.severity}"),
        "verdict": _named(say, "verdict", entry.verdict or "done"),
    }
    line = say(key if key in say else "entry.other", **values)
    if entry.note and (entry.kind in _SAYS or key not in say):
        line = f"{line}\n{masked(entry.note, case.account_id) if mask else entry.note}"
    return Told(mark=mark_of(case.case_id, sequence), text=cut(line), case_id=case.case_id)


def cut(text: str) -> str:
    """The text, or its beginning."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _named(say: Wording, part: str, name: str) -> str:
    key = f"{part}.{name}"
    return say(key) if key in say else name
