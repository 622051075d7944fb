"""How the overview says what it found: what is stopped, what is asked, what was answered, and what protects the account. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from notifier import spelled
from notifier.facts import Reader
from services.cases.mail_addresses import masked
from services.centre.reading import clock
from services.centre.standing import KEPT_S, Answered, Frozen, Standing
from services.centre.todos import FEW_CODES
from services.mfa.factor_records import FactorStatus
from services.portal.figures import visible
from services.portal.wording import Wording


class Stopped(Struct, frozen=True, kw_only=True):
    """A freeze as the page says it. `way` is how it ends: unlock, undo, or support; `until` is when undoing is over.

    `steps` are what support waits for, each with whether it is done; `to` is the page below the centre's where the owner goes on
    with support.
    """

    state: str
    lead: str
    proof: str
    confirmed: bool
    way: str
    until: str | None
    steps: Sequence[tuple[str, bool]]
    to: str


class Mark(Struct, frozen=True, kw_only=True):
    """An answer that stays in sight: what it was about, what was said, and until when it is shown."""

    verdict: str
    about: str
    told: str
    until: str


class Protection(Struct, frozen=True):
    """A row of what protects the account: the section it leads to, its sign, tone and words."""

    section: str
    sign: str
    tone: str
    title: str
    sub: str


def stopped(
    standing: Standing, factor: FactorStatus, undo_until: float | None, t: Wording, reader: Reader
) -> Stopped | None:
    """The freeze, if one stands; `undo_until` is until when the report that it followed from can be taken back."""
    frozen = standing.frozen
    if frozen is None:
        return None
    has_code = factor.state == "active"
    way = "support"
    if frozen.unlockable and has_code:
        way = "unlock"
    elif undo_until is not None and has_code:
        way = "undo"
    placed = frozen.hold.placed_at
    confirmed = frozen.confirmed_at is not None
    said = "confirmed" if confirmed else "asked"
    return Stopped(
        state="locked" if confirmed else "stopping",
        lead=t(
            f"overview.locked_by_{frozen.by}",
            at=reader.moment(placed),
            until="" if frozen.until is None else reader.moment(frozen.until),
        ),
        proof=t(f"overview.proof_{said}", at=clock(frozen.confirmed_at or placed, reader)),
        confirmed=confirmed,
        way=way,
        until=None if undo_until is None else clock(undo_until, reader),
        steps=_steps(frozen, t) if way == "support" else (),
        to=_goes_on(standing, way),
    )


def _goes_on(standing: Standing, way: str) -> str:
    """Whoever cannot end it alone: to the case of what was stopped, else to what support is asked."""
    case_id = standing.besides.risk_case_id
    if way == "support" and case_id is not None:
        return f"cases/{case_id}"
    return "report/advice" if way == "support" else "report/lost_device"


def _steps(frozen: Frozen, t: Wording) -> list[tuple[str, bool]]:
    return [(t(f"overview.step_{each.step}"), each.done_at is not None) for each in frozen.steps]


def answers_shown(standing: Standing, reader: Reader, t: Wording) -> list[Mark]:
    """The answers of the last fortnight."""
    return [
        Mark(
            verdict=each.word.verdict,
            about=about(each, reader, t),
            told=reader.moment(each.word.told_at),
            until=reader.day(each.word.told_at + KEPT_S),
        )
        for each in standing.answered
    ]


def about(answered: Answered, reader: Reader, t: Wording) -> str:
    """What an answer was about, as far as that is known."""
    own = None if answered.known is None else answered.known.own
    if own is None or own.shown is None:
        return t("overview.answered_something")
    shown, words = own.shown, reader.words
    if shown.amount is not None and shown.currency is not None:
        money = spelled.money(shown.amount, shown.currency, words.locale)
        return (
            money
            if shown.payee_id is None
            else t("overview.money_to", money=money, payee=visible(shown.payee_id))
        )
    if own.type == "login" and shown.device:
        return t("event.login_on", device=spelled.device(shown.device, words))
    return words.find("event", own.type) or t("overview.answered_something")


def protected(standing: Standing, factor: FactorStatus, t: Wording) -> list[Protection]:
    """What protects the account, and what is missing."""
    point = next((each for each in standing.points if each.until is None), None)
    address = "" if point is None else masked(point.address)
    return [
        _of_factor(factor, t),
        _row(
            "devices",
            "phone",
            "good" if standing.devices else "",
            _counted(standing.devices),
            t,
            standing.devices,
        ),
        _row(
            "notifications",
            "mail",
            "good" if point else "wait",
            "contact" if point else "no_contact",
            t,
            address=address,
        ),
        _row(
            "notifications",
            "quote",
            "good" if standing.chosen.phrase else "",
            "phrase_set" if standing.chosen.phrase else "phrase_none",
            t,
        ),
    ]


def _of_factor(factor: FactorStatus, t: Wording) -> Protection:
    left = factor.recovery_codes_left
    if factor.state != "active":
        name = "factor_disabled" if factor.state == "disabled" else "factor_none"
    else:
        name = "codes_few" if left < FEW_CODES else "factor"
    return _row("authenticator", "key", "good" if name == "factor" else "wait", name, t, left)


def _counted(devices: int) -> str:
    return "devices_none" if devices == 0 else "devices_one" if devices == 1 else "devices_many"


def _row(
    section: str, sign: str, tone: str, name: str, t: Wording, count: int = 0, address: str = ""
) -> Protection:
    given = {"count": count, "address": address}
    return Protection(section, sign, tone, t(f"shield.{name}", **given), t(f"shield.{name}_sub", **given))
