"""The page of an attack in the reader's words: its title, sizes, accounts that gave way, log and acts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote

from msgspec import DecodeError, Struct, json

from services.attacks.listing import Attack
from services.cases.references import case_number
from services.desk.attack_fallen import Event, Fallen
from services.desk.attack_reading import LATELY, AttackFile, LogLine
from services.desk.story_parts import Telling
from services.desk.today_writer import Writer
from services.desk.words_of_changes import changed

Tone = Literal["", "good", "warn", "bad"]
_SLOWING = 0.75
_DAY_S = 86_400.0
_STAKE = ("held", "refused", "completed", "requested")


class Row(Struct, frozen=True):
    """An account that gave way, as a line."""

    level: int
    severity: str
    account_id: str
    at: str
    followed: str
    money: str
    state: str
    tone: Tone
    number: str
    path: str


def severity(attack: Attack) -> int:
    """From 2, over, to 4, under way with accounts that gave way."""
    if attack.state == "over":
        return 2
    return 4 if attack.gave_way else 3


def title(attack: Attack, tell: Telling, now: float, lately: float | None = None) -> str:
    """What it is, since when, and whether it goes on: "Credential stuffing W-118, since 02:40, slowing"."""
    t = tell.t
    kind, since = t(f"attack_kind.{attack.kind}"), when(attack.begun_at, tell, now)
    if attack.state == "over":
        ended = when(attack.ended_at or attack.last_at, tell, now)
        return t("attack.title_over", kind=kind, number=attack.attack_id, since=since, ended=ended)
    phase = "" if lately is None else t(f"attack.is_{_phase(attack, lately, now)}")
    return t("attack.title", kind=kind, number=attack.attack_id, since=since, phase=phase)


def when(at: float, tell: Telling, now: float) -> str:
    """The time of day, with its day where that is not of the last 24 hours."""
    return tell.clock(at) if now - at < _DAY_S else f"{tell.date(at)} {tell.clock(at)}"


def _phase(attack: Attack, lately: float, now: float) -> str:
    if lately == 0:
        return "quiet"
    if now - attack.peak_at < 60.0 * LATELY:
        return "growing"
    return "slowing" if lately < _SLOWING * attack.peak_per_minute else "steady"


def stake(attack: Attack, writer: Writer) -> tuple[tuple[str, str], str]:
    """The money that was asked to go out of accounts that gave way: its sum and unit, and what became of it."""
    sums = _stake_of(attack)
    total: dict[str, Decimal] = {}
    for by_currency in sums.values():
        for currency, amount in by_currency.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    parts = [
        writer.t(f"attack.stake_{state}", money=" ".join(each for each in writer.money(sums[state]) if each))
        for state in _STAKE
        if sums.get(state)
    ]
    return writer.money(total), writer.t("attack.and").join(parts) if parts else writer.t("attack.stake_none")


def _stake_of(attack: Attack) -> dict[str, dict[str, Decimal]]:
    return {
        state: {name: Decimal(each) for name, each in sums.items()} for state, sums in attack.at_stake.items()
    }


def currency_of(file: AttackFile) -> str | None:
    """The currency of all money asked for since; None where there are several, or none."""
    currencies = {name for each in file.fallen for name in each.stake}
    return currencies.pop() if len(currencies) == 1 else None


def rows(file: AttackFile, tell: Telling, writer: Writer, now: float) -> list[Row]:
    """The accounts that gave way, the gravest first; amounts of one currency go without its name."""
    t = tell.t
    levels = ("low", "medium", "high", "critical")
    found, one = [], currency_of(file) is not None
    for each in file.fallen:
        state, tone = state_of(each)
        found.append(
            Row(
                each.level,
                t(f"queue_severity.{levels[each.level - 1]}"),
                each.account_id,
                when(each.at, tell, now),
                followed(each.followed, tell),
                _money(each.stake, writer, one=one),
                t(f"attack.state_{state}"),
                tone,
                "–" if each.case_id is None else case_number(each.case_id),
                f"/desk/search?q={quote(each.account_id)}"
                if each.case_id is None
                else f"/desk/cases/{quote(each.case_id, safe='')}",
            )
        )
    return found


def _money(stake: Mapping[str, Decimal], writer: Writer, *, one: bool) -> str:
    if not stake:
        return "–"
    amount, unit = writer.money(stake)
    return amount if one else f"{amount} {unit}"


def state_of(account: Fallen) -> tuple[str, Tone]:
    """What is true of the account now, the strongest of it."""
    if account.frozen:
        return "frozen", "good"
    if account.asked:
        return "asked", "warn"
    if account.signed_out:
        return "signed_out", "good"
    return "can_pay", "bad"


def followed(event: Event | None, tell: Telling) -> str:
    """What followed, in a few words."""
    t = tell.t
    if event is None:
        return t("attack.f_nothing")
    if event.type == "transaction":
        how = event.held or event.outcome or "requested"
        key = f"attack.f_money_{how}"
        return t(
            key if key in t else "attack.f_money_requested", money=tell.money(event.amount, event.currency)
        )
    if event.type == "account_change":
        return changed(event.kind, tell)
    if event.type == "user_report":
        return t("attack.f_not_me" if event.kind == "not_me" else "attack.f_was_me")
    return t("attack.f_login_only")


def log_words(line: LogLine, tell: Telling) -> str:
    """A line of the log."""
    t = tell.t
    told = detail_of(line)
    key = f"attack_log.{line.what}"
    values = {
        "act": t(f"attack_act.{told['act']}") if "act" in told else "",
        "n": f"{told.get('accounts', 0):,}",
        "number": told.get("number", ""),
        "text": told.get("text", ""),
        "hours": told.get("hours", ""),
    }
    said = t(key, **values) if key in t else line.what
    if "act" in told and told.get("hours"):
        said += t("attack_log.for_hours", hours=told["hours"])
    why = told.get("why")
    return f"{said}{t('attack_log.why', why=why)}" if why and line.what == "act_asked" else said


def detail_of(line: LogLine) -> dict[str, Any]:
    """What the line says besides."""
    try:
        return json.decode(line.detail or "{}", type=dict[str, Any])
    except DecodeError:
        return {}


def parts_of(found: Sequence[Attack]) -> tuple[list[Attack], list[Attack]]:
    """Those under way, and those that are over."""
    return [each for each in found if each.state == "open"], [each for each in found if each.state == "over"]
