"""The account as the right column tells it: ways to its owner, factor, devices, links, notes and earlier cases. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from notifier import spelled
from services.cases.case_records import FileKept
from services.cases.mail_addresses import masked
from services.cases.references import case_number
from services.centre.devices import DeviceUsed
from services.desk.case_file import CaseFile, PointKept
from services.desk.linked import Linked
from services.desk.story_parts import Telling, one_line
from services.desk.surroundings import Earlier, Surroundings
from services.portal.figures import visible

#: What can be shown in clear for a minute: the key beside it, and the channel of the contact point that it is.
FIELDS: Mapping[str, tuple[str, str]] = {
    "phone": ("p", "sms"),
    "mail": ("m", "mail"),
    "mail_before": ("b", "mail"),
}
_OWNER = "owner"
_NEW_S = 7 * 86_400.0
_NOTES = ("note", "internal_note")
_MOST_NOTES, _MOST_DEVICES = 6, 6
_DAY_S, _YEAR_DAYS, _MONTH_DAYS = 86_400.0, 365, 30


class Fact(Struct, frozen=True, kw_only=True):
    """A row: `field` names what can be shown in clear, `key` the second key for that; `clear`: it is."""

    name: str
    value: str
    field: str | None = None
    key: str | None = None
    clear: bool = False
    tone: str = ""


class Item(Struct, frozen=True, kw_only=True):
    """A row of a list: `to` is where it leads, `more` the rows behind it, each with where it leads and its own tone."""

    left: str
    right: str
    tone: str = ""
    to: str | None = None
    more: Sequence[tuple[str, str, str]] = ()
    hover: str | None = None


class AccountView(Struct, frozen=True, kw_only=True):
    """The right column. `locale` and `zone` are the owner's, as far as they are known."""

    account_id: str
    facts: Sequence[Fact]
    devices: Sequence[Item]
    linked: Sequence[Item]
    notes: Sequence[Item]
    files: Sequence[Item]
    earlier: Sequence[Item]


def account_view(
    file: CaseFile, around: Surroundings, clear: Mapping[str, str], now: float, tell: Telling
) -> AccountView:
    """The column; `clear` are fields shown in clear, with what they are."""
    return AccountView(
        account_id=file.case.account_id,
        facts=_facts(file, clear, now, tell),
        devices=_devices(around.devices[:_MOST_DEVICES], file, now, tell),
        linked=[_linked(each, tell) for each in around.linked],
        notes=_notes(file, tell),
        files=[_file(each, file.case.case_id, tell) for each in file.files],
        earlier=[_earlier(each, tell) for each in around.earlier],
    )


def addresses(points: Sequence[PointKept]) -> dict[str, PointKept]:
    """The contact point behind each field that can be shown in clear."""
    found: dict[str, PointKept] = {}
    for point in points:
        if point.channel == "mail":
            if point.until is None:
                found["mail"] = point
            else:
                found["mail_before"] = point
        elif point.channel == "sms" and point.until is None:
            found["phone"] = point
    return found


def _facts(file: CaseFile, clear: Mapping[str, str], now: float, tell: Telling) -> list[Fact]:
    t, known = tell.t, addresses(file.points)
    rows = []
    for field in ("phone", "mail", "mail_before"):
        point = known.get(field)
        if point is None:
            if field != "mail_before":
                rows.append(Fact(name=t(f"account.{field}"), value=t("account.none")))
            continue
        shown = field in clear
        value = clear[field] if shown else masked(point.address)
        tone = "bad" if point.bouncing_since is not None and point.until is None else ""
        if tone:
            value = tell.join(value, t("account.bouncing"))
        if field == "mail_before":
            value = tell.join(
                value, t("account.told" if _told(file, known.get("mail")) else "account.untold")
            )
        key = FIELDS[field][0]
        rows.append(
            Fact(name=t(f"account.{field}"), value=value, field=field, key=key, clear=shown, tone=tone)
        )
    return [*rows, *_of_factor(file, now, tell), *_of_account(file, now, tell)]


def _told(file: CaseFile, mail: PointKept | None) -> bool:
    """Whether the address before heard of the one in use."""
    if mail is None or mail.told_by is None:
        return False
    return any(each.notice_id == mail.told_by and each.state == "delivered" for each in file.owner.told)


def _of_factor(file: CaseFile, now: float, tell: Telling) -> list[Fact]:
    t, factor = tell.t, file.factor
    value = t("account.factor_none")
    if factor is not None:
        key = "account.factor" if factor.state == "active" else "account.factor_disabled"
        since = "—" if factor.confirmed_at is None else tell.date(factor.confirmed_at)
        value = t(key, since=since)
    rows = [Fact(name=t("account.factor_name"), value=value)]
    passed = [each for each in file.challenges if each.state == "passed" and each.closed_at is not None]
    last = max(passed, key=lambda each: each.closed_at or 0.0, default=None)
    if last is not None and last.closed_at is not None:
        device = next((row.device for row in file.rows if row.event_id == last.event_id), None)
        said = t("account.from", device=tell.device(device)) if device else None
        same_day = tell.day(last.closed_at) == tell.day(now)
        when = tell.clock(last.closed_at) if same_day else tell.date(last.closed_at)
        rows.append(Fact(name=t("account.last_code"), value=tell.join(when, said)))
    return rows


def _of_account(file: CaseFile, now: float, tell: Telling) -> list[Fact]:
    t = tell.t
    rows = []
    if file.first_at is not None:
        days = max(0, round((now - file.first_at) / _DAY_S))
        rows.append(Fact(name=t("account.known_for"), value=_age(days, tell)))
    point = next((each for each in reversed(file.points) if each.until is None), None)
    if point is not None:
        language = (
            t(f"account.language_{point.locale}") if f"account.language_{point.locale}" in t else point.locale
        )
        comma = tell.reader.words.frame["comma"]
        zone = spelled.zone(now, tell.reader.words, point.time_zone).partition(comma)[0]
        rows.append(Fact(name=t("account.language"), value=tell.join(language, zone)))
    return rows


def _age(days: int, tell: Telling) -> str:
    years, left = divmod(days, _YEAR_DAYS)
    if years:
        return tell.t("account.years", years=years, months=left // _MONTH_DAYS)
    return tell.t("account.days", days=days)


def _devices(devices: Sequence[DeviceUsed], file: CaseFile, now: float, tell: Telling) -> list[Item]:
    names = file.event_ids
    own = {row.device_key for row in file.rows if row.event_id in names}
    return [_device(each, own, file, now, tell) for each in devices]


def _device(
    used: DeviceUsed, own: Collection[bytes | None], file: CaseFile, now: float, tell: Telling
) -> Item:
    t = tell.t
    new = used.key in own and now - used.first_at < _NEW_S and used.trusted_until is None
    name = tell.device(used.device) or t("account.device_unnamed", name=used.key.hex()[:4])
    sessions = {row.session_id for row in file.rows if row.device_key == used.key and row.session_id}
    if used.gone is not None:
        said = t("account.device_gone")
    elif used.trusted_until is not None:
        said = t("account.device_trusted", since=tell.date(used.first_at))
    elif new:
        said = t("account.device_new", at=tell.clock(used.first_at))
    else:
        said = t("account.device_known", since=tell.date(used.first_at))
    if used.signed_out:
        ended = used.out is None or used.out.confirmed_at is not None
        ended = ended and _sessions_ended(file, used.last_at)
        said = tell.join(said, t("account.signed_out" if ended else "account.to_sign_out"))
    elif new and len(sessions) > 1:
        said = tell.join(said, t("account.sessions", count=len(sessions)))
    return Item(
        left=name,
        right=said,
        tone="bad" if new else "",
        hover=tell.join(tell.whole_device(used.device), tell.hover(used.last_at)),
    )


def _sessions_ended(file: CaseFile, since: float) -> bool:
    """Whether the wallet has ended what it was last asked to end since then."""
    asked = [
        each
        for each in file.asked
        if each.kind in ("revoke_sessions", "revoke_device") and each.asked_at >= since
    ]
    return not asked or asked[0].confirmed


def _linked(linked: Linked, tell: Telling) -> Item:
    t, key = tell.t, linked.key
    count = t("linked.at_least", count=f"{linked.count:,}") if linked.more else f"{linked.count:,}"
    if key.by == "network":
        left = t("linked.network", name=key.key.hex()[:4], kind=tell.network(key.kind) or "").strip()
        right = t("linked.shared", count=count) if linked.shared else _counted(linked, count, tell)
        return _row(linked, left, right, tell)
    if key.by == "payee":
        payee = one_line(key.name) or key.key.hex()[:4]
        right = tell.join(_counted(linked, count, tell), t("linked.lately", count=linked.lately))
        return _row(linked, t("linked.payee", name=payee), right, tell)
    return _row(linked, t("linked.device", name=key.key.hex()[:4]), _counted(linked, count, tell), tell)


def _counted(linked: Linked, count: str, tell: Telling) -> str:
    key = "linked.frauds" if linked.frauds else "linked.count"
    return tell.t(key, count=count, frauds=linked.frauds)


def _row(linked: Linked, left: str, right: str, tell: Telling) -> Item:
    more = [
        (name, tell.t("verdict.fraud") if fraud else "", "bad" if fraud else "")
        for name, fraud in linked.accounts
    ]
    tone = "q" if linked.shared else "bad" if linked.frauds else ""
    return Item(left=left, right=right, tone=tone, more=more)


def _notes(file: CaseFile, tell: Telling) -> list[Item]:
    noted = [entry for entry in file.entries if entry.kind in _NOTES and entry.note]
    return [
        Item(
            left=visible(" ".join((entry.note or "").split())),
            right=f"{tell.who(entry.actor)} {tell.clock(entry.at)}",
            hover=tell.hover(entry.at),
        )
        for entry in reversed(noted[-_MOST_NOTES:])
    ]


def _file(kept: FileKept, case_id: str, tell: Telling) -> Item:
    return Item(
        left=one_line(kept.name),
        right=tell.join(tell.who(kept.added_by), tell.clock(kept.added_at)),
        to=f"/desk/cases/{quote(case_id, safe='')}/files/{kept.number}",
        hover=tell.hover(kept.added_at),
    )


def _earlier(case: Earlier, tell: Telling) -> Item:
    t = tell.t
    kind = f"kind.{case.kind}"
    ended = case.verdict or case.state
    key = f"verdict.{ended}" if case.verdict else f"state.{case.state}"
    what = t(kind) if kind in t else case.kind
    return Item(
        left=case_number(case.case_id),
        right=t(key) if key in t else ended,
        to=f"/desk/cases/{case.case_id}",
        more=[(f"{tell.date(case.opened_at)} · {what}", "", "")],
    )
