"""The figures of a finding as a table shows them: what it saw, what is usual, and from where it speaks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite

from contracts.currencies import COUNTED_BY_ONE, shown_places
from contracts.decisions import Contribution
from contracts.findings import Value
from services.desk.story_parts import Telling, one_line
from services.risk.learned_pattern import ASPECT_WORDS
from services.scoring.explain import number
from services.scoring.wording import WORDS

#: What a cell says where a finding names no figure.
NOTHING = "—"
Unit = Callable[[Value, Contribution, Telling], str]


def amount(value: float, currency: str) -> str:
    """An amount without its currency: "18,000.00", "0.0125"."""
    if currency in COUNTED_BY_ONE:
        return f"{value:,.{shown_places(currency)}f}"
    return f"{value:,.8f}".rstrip("0").rstrip(".")


def _plain(value: Value, _finding: Contribution, tell: Telling) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        words = WORDS[tell.locale]
        return words.get(value) or ASPECT_WORDS[tell.locale].get(value) or one_line(value)
    return number(value, tell.locale) if isfinite(value) else NOTHING


def _unit(name: str) -> Unit:
    """A number with its unit, in words of the table `unit`."""

    def told(value: Value, finding: Contribution, tell: Telling) -> str:
        if value is None or isinstance(value, str):
            return _plain(value, finding, tell)
        return tell.t(f"unit.{name}", n=_plain(value, finding, tell))

    return told


def _money(value: Value, finding: Contribution, tell: Telling) -> str:
    currency = (finding.facts or {}).get("currency")
    if isinstance(value, int | float) and isinstance(currency, str) and isfinite(value):
        return amount(float(value), currency)
    return _plain(value, finding, tell)


def _spent(per_unit_s: float) -> Unit:
    """A time span that a finding gives in units of so many seconds."""

    def told(value: Value, finding: Contribution, tell: Telling) -> str:
        if isinstance(value, int | float) and isfinite(value):
            return tell.span(max(0.0, float(value) * per_unit_s)) or NOTHING
        return _plain(value, finding, tell)

    return told


def _percent(value: Value, finding: Contribution, tell: Telling) -> str:
    if isinstance(value, int | float) and isfinite(value):
        return f"{number(round(100.0 * value, 1), tell.locale)}%"
    return _plain(value, finding, tell)


_SPEED, _HOURS, _DAYS, _SECONDS = _unit("kmh"), _spent(3600.0), _spent(86_400.0), _spent(1.0)
_TIMES, _ACCOUNTS, _MANY = _unit("times"), _unit("accounts"), _unit("many")
#: By reason code: the units of its value, baseline and threshold; figures of others are shown as they are.
UNITS: Mapping[str, tuple[Unit, Unit, Unit]] = {
    **dict.fromkeys(("impossible_travel", "travel_by_network"), (_SPEED, _SPEED, _SPEED)),
    **dict.fromkeys(
        ("unusual_amount", "unusual_amount_in_a_new_way", "limit_raise_then_money", "velocity_amount"),
        (_money, _money, _money),
    ),
    **dict.fromkeys(("amount_split", "top_up_then_cash_out"), (_money, _money, _money)),
    **dict.fromkeys(("large_first_amount", "amount_of_unknown_worth"), (_money, _MANY, _money)),
    **dict.fromkeys(
        ("change_device_payee_money", "change_device_money", "change_payee_money"), (_HOURS, _HOURS, _HOURS)
    ),
    **dict.fromkeys(
        ("factor_removed_then_money", "recovery_code_then_money", "factor_enrolled_then_money"),
        (_HOURS, _HOURS, _HOURS),
    ),
    **dict.fromkeys(("takeover_in_three_steps", "takeover_in_four_steps"), (_HOURS, _HOURS, _HOURS)),
    **dict.fromkeys(("account_frozen", "paid_while_frozen"), (_SECONDS, _SECONDS, _SECONDS)),
    **dict.fromkeys(("learned_pattern", "learned_patterns"), (_percent, _percent, _percent)),
    **dict.fromkeys(("unfamiliar_login", "unfamiliar_place", "unfamiliar_device"), (_TIMES, _TIMES, _TIMES)),
    **dict.fromkeys(("stuffing_attempt", "stuffing_success"), (_ACCOUNTS, _ACCOUNTS, _ACCOUNTS)),
    **dict.fromkeys(("spray_attempt", "spray_success"), (_ACCOUNTS, _ACCOUNTS, _ACCOUNTS)),
    **dict.fromkeys(("payee_fan_in", "shared_device"), (_ACCOUNTS, _ACCOUNTS, _ACCOUNTS)),
    **dict.fromkeys(("failed_login_burst", "success_after_failures"), (_MANY, _MANY, _MANY)),
    **dict.fromkeys(("challenge_fatigue", "otp_bruteforce", "failed_challenge"), (_MANY, _MANY, _MANY)),
    **dict.fromkeys(("payment_failures", "card_testing"), (_MANY, _MANY, _MANY)),
    "success_after_payment_failures": (_MANY, _MANY, _MANY),
    "dormant_account": (_DAYS, _DAYS, _DAYS),
    "inhuman_pace": (_SECONDS, _SECONDS, _SECONDS),
}
_AS_THEY_ARE = (_plain, _plain, _plain)
#: Reasons whose value only says that it is so: what is told instead is what is shown of the event.
_SHOWN = {
    "new_device": "device",
    "new_network": "network_kind",
    "new_payee": "payee_id",
    "session_on_other_device": "device",
    "device_under_other_system": "device",
}
#: And what the account knew: a fact, and the sentence that counts it.
_KNOWN = {
    "new_device": "known_devices",
    "new_network": "known_networks",
    "new_payee": "known_payees",
    "new_country": "known_countries",
}


def figures(finding: Contribution, shown: Mapping[str, str | None], tell: Telling) -> tuple[str, str, str]:
    """Now, usual and limit of a finding; `shown` is what people recognise the event by."""
    units = UNITS.get(finding.reason, _AS_THEY_ARE)
    given = (finding.value, finding.baseline, finding.threshold)
    now, usual, limit = (unit(value, finding, tell) for unit, value in zip(units, given, strict=True))
    if finding.reason in _SHOWN:
        now = _seen(_SHOWN[finding.reason], shown, tell) or NOTHING
    if (known := (finding.facts or {}).get(_KNOWN.get(finding.reason, ""))) is not None:
        usual = tell.t("unit.known", n=_plain(known, finding, tell))
    return now, usual, limit


def _seen(name: str, shown: Mapping[str, str | None], tell: Telling) -> str | None:
    value = shown.get(name)
    if value is None:
        return None
    if name == "device":
        return tell.device(value)
    return tell.network(value) if name == "network_kind" else one_line(value)
