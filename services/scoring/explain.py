"""A decision in words: a headline, a sentence for each reason that acted, what was not known, and what would have passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from contracts.amounts import grouped
from contracts.currencies import COUNTED_BY_ONE, shown_places
from contracts.decisions import AnyEffect, Contribution, Decision, HoldPayment
from contracts.findings import Reason, Spec
from services.risk.learned_pattern import ASPECT_WORDS
from services.risk.learned_pattern import SPEC as LEARNED
from services.scoring.frozen import SPEC as FROZEN
from services.scoring.wording import (
    CHANGES,
    CURRENCIES_ZH,
    DEGRADED,
    DURATIONS,
    FOLLOWED,
    HEADLINES,
    INSTEAD,
    LOCALES,
    NOTED,
    OR,
    STATES,
    WORDS,
    WOULD_HAVE_BEEN_QUIET,
    WOULD_HAVE_PASSED,
)

#: Reasons by (detector, reason code).
Reasons = Mapping[tuple[str, str], Reason]


def reasons_of(specs: Iterable[Spec]) -> dict[tuple[str, str], Reason]:
    """The reasons that `sentences` looks up, from the specs of the detectors, of the trained model and of freezes."""
    return {(spec.name, reason.code): reason for spec in (*specs, LEARNED, FROZEN) for reason in spec.reasons}


def headline(decision: Decision, locale: str) -> str:
    """What was done, in a few words, by the effects that the decision has. Raises ValueError for a locale without texts."""
    texts = HEADLINES[_known(locale)]
    done = {str(effect.__struct_config__.tag): effect for effect in decision.effects}
    instead = INSTEAD[locale].get((decision.type, _waits_for(decision, done)))
    if instead is not None:
        return instead
    said = texts.get((decision.type, decision.action), f"{decision.type}: {decision.action}")
    more = {"allow": FOLLOWED, "notify": NOTED}.get(decision.action)
    if more is not None:
        said += next((words for effect, words in more[locale].items() if effect in done), "")
    return said


def _waits_for(decision: Decision, done: Mapping[str, AnyEffect]) -> str:
    """What a stopped event waits for, or came too late for, where that is not what its action alone says."""
    if decision.action == "hold":
        if "open_case" in done:
            return "code_or_support" if "issue_challenge" in done else ""
        held = done.get("hold_payment")
        if isinstance(held, HoldPayment) and held.joins is not None:
            return "again"
        if decision.waits_for == "owner":
            return "owner"
    if decision.action == "deny" and decision.findings and decision.findings[0].detector == FROZEN.name:
        return "paid" if "raise_alert" in done else "frozen"
    return ""


def sentences(decision: Decision, locale: str, reasons: Reasons, counterfactual: bool = True) -> list[str]:
    """A sentence for each acting finding, weightiest first, then one for each state, one for skipped checks, and one, if
    `counterfactual`, for the changes with which the event would have passed.

    Leave the last one out of what the account's owner reads: whoever reads that mail would learn how much goes unseen.

    A reason without a text, or whose text asks for a fact that the finding lacks, is given as its code. Shadow findings
    are left out. Raises ValueError for a locale without texts.
    """
    texts = STATES[_known(locale)]
    said = [sentence(finding, locale, reasons) for finding in decision.findings if finding.mode == "on"]
    said += [texts.get(state, state) for state in decision.states]
    if decision.degraded:
        names = ("、" if locale == "zh-CN" else ", ").join(decision.degraded)
        said.append(DEGRADED[locale].format(names=names))
    if counterfactual and decision.counterfactuals:
        said.append(would_have_passed(decision, locale))
    return said


def would_have_passed(decision: Decision, locale: str) -> str:
    """The changes with which the event would have passed, in one sentence; empty when none is known."""
    texts = CHANGES[_known(locale)]
    said = [
        texts[each.change].format(
            amount=money(each.amount or "0", each.currency or "", locale), hours=each.hours
        )
        for each in decision.counterfactuals
    ]
    whole = WOULD_HAVE_BEEN_QUIET if decision.action == "notify" else WOULD_HAVE_PASSED
    return whole[locale].format(changes=OR[locale].join(said)) if said else ""


def sentence(finding: Contribution, locale: str, reasons: Reasons) -> str:
    """One finding in words, or its reason code when words fail."""
    reason = reasons.get((finding.detector, finding.reason))
    if reason is None:
        return finding.reason
    facts: dict[str, Any] = {
        **(finding.facts or {}),
        "value": finding.value,
        "baseline": finding.baseline,
        "threshold": finding.threshold,
    }
    try:
        return filled(reason, locale, facts)
    except (KeyError, ValueError, TypeError):
        return finding.reason


def filled(reason: Reason, locale: str, facts: Mapping[str, Any]) -> str:
    """The reason's text with the facts in it. Raises KeyError, ValueError or TypeError when a fact is missing or unfit."""
    template = reason.zh_cn if _known(locale) == "zh-CN" else reason.en
    return _Reader(locale, facts).vformat(template, (), facts)


def money(amount: float | str, currency: str, locale: str) -> str:
    """An amount in major units as the reader writes it: "CNY 4,120.00", "4,120.00 元". Canonical text is shown digit by digit."""
    figure = _figure(amount, currency)
    return (
        f"{figure} {CURRENCIES_ZH.get(currency, currency)}" if locale == "zh-CN" else f"{currency} {figure}"
    )


def _figure(amount: float | str, currency: str) -> str:
    if isinstance(amount, str):
        return grouped(amount)
    if currency in COUNTED_BY_ONE:
        return f"{amount:,.{shown_places(currency)}f}"
    return f"{amount:,.8f}".rstrip("0").rstrip(".")


def duration(seconds: float, locale: str) -> str:
    """The two largest units of a time span: "1 day 3 hours", "2 分钟"."""
    left = round(abs(seconds))
    parts: list[str] = []
    for unit_s, one, many in DURATIONS[locale]:
        count, below = divmod(left, unit_s)
        if count and len(parts) < 2:
            parts.append((one if count == 1 else many).format(n=count))
            left = below
        elif parts:
            break
    return " ".join(parts) or DURATIONS[locale][-1][2].format(n=0)


def number(value: float, locale: str) -> str:
    """A figure with grouped thousands and at most two decimals; below one, three digits that count."""
    if isinstance(value, int):
        return f"{value:,}"
    figure = (
        f"{value:,.2f}" if abs(value) >= 1.0 or value == round(value, 2) else f"{float(f'{value:.3g}'):.12f}"
    )
    return figure.rstrip("0").rstrip(".")


class _Reader(Formatter):
    """`str.format` for a reader: plain fields by their kind; `money`, `hours` (to the minute), `duration` (of seconds)
    and `percent` on request."""

    def __init__(self, locale: str, facts: Mapping[str, Any]) -> None:
        self._locale = locale
        self._facts = facts

    def format_field(self, value: Any, format_spec: str) -> Any:
        if value is None:
            raise ValueError("not known")
        if format_spec == "money":
            return money(float(value), str(self._facts["currency"]), self._locale)
        if format_spec == "hours":
            return duration(60.0 * max(1, round(60.0 * float(value))), self._locale)
        if format_spec == "duration":
            return duration(float(value), self._locale)
        if format_spec == "percent":
            return f"{number(round(100 * float(value), 1), self._locale)}%"
        if format_spec:
            return super().format_field(value, format_spec)
        if isinstance(value, str):
            words = WORDS[self._locale]
            return words[value] if value in words else ASPECT_WORDS[self._locale].get(value, value)
        return number(value, self._locale)


def _known(locale: str) -> str:
    if locale not in LOCALES:
        raise ValueError(f"no texts for locale {locale!r}; known: {', '.join(LOCALES)}")
    return locale
