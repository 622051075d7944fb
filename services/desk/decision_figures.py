"""The figures of a decision with their words: its score among the limits, its journey, its amount among others. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from contracts.decisions import Contribution, Decision
from contracts.events import PLACELESS
from services.desk import figures
from services.desk.figures import Amounts, Scale, Spread, Stop, Travel
from services.desk.limits import Limit
from services.desk.reason_figures import amount
from services.desk.story_parts import Telling
from services.portal.figures import money

_FAR_KM = 50.0
#: A finding's minutes are of the place that is shown when they differ from its time by no more than this.
_SAME_S = 120.0
_OF_AMOUNTS = (
    "unusual_amount",
    "unusual_amount_in_a_new_way",
    "large_first_amount",
    "limit_raise_then_money",
)
_OF_PLACES = ("impossible_travel", "travel_by_network")


class Drawn(Struct, frozen=True):
    """The figures that a decision has; `payments` counts the dots."""

    scale: Scale
    travel: Travel | None
    spread: Spread | None
    currency: str | None
    payments: int


def drawn(decision: Decision, limits: Sequence[Limit], past: Sequence[float], tell: Telling) -> Drawn:
    """All figures of the decision; `past` are the account's earlier payments in its currency, in major units."""
    spread = _spread(decision, past, tell)
    currency = None if decision.shown is None else decision.shown.currency
    return Drawn(_scale(decision, limits, tell), _travel(decision, tell), spread, currency, len(past))


def _scale(decision: Decision, limits: Sequence[Limit], tell: Telling) -> Scale:
    t = tell.t
    named = [(each.score, t(f"limit.{each.action}")) for each in limits]
    said = t("story.and").join(t("scale.from", name=name, score=score) for score, name in named)
    desc = t("scale.desc", limits=said) if said else t("scale.none")
    return figures.scale(decision.score, named, t("scale.title", score=decision.score), desc)


def _finding(decision: Decision, reasons: Sequence[str]) -> Contribution | None:
    return next((each for each in decision.findings if each.reason in reasons), None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _travel(decision: Decision, tell: Telling) -> Travel | None:
    """The journey from the account's last place, where one lies far enough off."""
    shown = decision.shown
    if shown is None or (shown.city is None and shown.country is None):
        return None
    found, usual = _finding(decision, _OF_PLACES), shown.usual
    facts = {} if found is None else found.facts or {}
    km, minutes = _number(facts.get("distance_km")), _number(facts.get("minutes"))
    apart_s = None if usual is None or usual.at is None else abs(decision.at - usual.at)
    known = usual is not None and apart_s is not None
    if known and minutes is not None and abs(apart_s - 60.0 * minutes) > _SAME_S:  # type: ignore[operator]
        known = False
    if km is None and known and usual is not None:
        km = usual.distance_km
    if minutes is None and apart_s is not None:
        minutes = apart_s / 60.0
    if km is None or minutes is None or km < _FAR_KM:
        return None
    speed = _number(found.value) if found is not None else None
    if speed is None:
        speed = km * 60.0 / max(minutes, 1.0)
    limit = None if found is None else _number(found.threshold)
    start = Stop(tell.t("travel.elsewhere"), "", None)
    if known and usual is not None and usual.at is not None:
        place = tell.city(usual.city, usual.country) or tell.t("travel.elsewhere")
        start = Stop(f"{place} {tell.clock(usual.at)}", tell.device(usual.device) or "", None)
    return _journey(decision, start, (km, minutes, speed, limit), found is not None, tell)


def _journey(
    decision: Decision,
    start: Stop,
    moved: tuple[float, float, float, float | None],
    hot: bool,
    tell: Telling,
) -> Travel:
    t, shown = tell.t, decision.shown
    km, minutes, speed, limit = moved
    assert shown is not None
    hidden = shown.network_kind in PLACELESS
    network = tell.network(shown.network_kind) if shown.network_kind else None
    unsure = t("travel.unsure", network=network) if hidden else network
    off = None
    if shown.accuracy_km is not None:
        off = t("travel.accuracy", km=f"{max(1, round(shown.accuracy_km)):,}")
    place = tell.city(shown.city, shown.country) or t("travel.elsewhere")
    end = Stop(
        f"{place} {tell.clock(decision.at)}",
        tell.join(tell.device(shown.device), unsure, off),
        shown.accuracy_km,
    )
    line = t("travel.line", km=f"{round(km):,}", span=tell.span(minutes * 60.0), speed=f"{round(speed):,}")
    note = ""
    if limit:
        flight = tell.span(km / limit * 3600.0)
        key = "travel.airliner_unsure" if hidden else "travel.airliner"
        note = t(key, limit=f"{round(limit):,}", span=flight, network=network)
    title = t("travel.title", start=start.name, end=end.name)
    return Travel(start=start, end=end, line=line, note=note, title=title, desc=f"{line}. {note}", hot=hot)


def _spread(decision: Decision, past: Sequence[float], tell: Telling) -> Spread | None:
    shown = decision.shown
    if shown is None or shown.amount is None or shown.currency is None:
        return None
    try:
        now = float(shown.amount)
    except ValueError:
        return None
    found = _finding(decision, _OF_AMOUNTS)
    usual = None if found is None or found.reason == "large_first_amount" else _number(found.baseline)
    if usual is None and shown.usual is not None and shown.usual.amount is not None:
        usual = _text_number(shown.usual.amount) if shown.usual.currency == shown.currency else None
    limit = None if found is None else _number(found.threshold)
    if limit is None:
        below = (each.amount for each in decision.counterfactuals if each.change == "amount_below")
        limit = _text_number(next(below, None))
    amounts = Amounts(past=past, now=now, usual=usual, limit=limit)
    t, currency = tell.t, shown.currency
    said = money(shown.amount, currency, tell.locale)
    ratio = None if not usual or usual <= 0.0 else now / usual
    now_words = t("amounts.times", amount=said, times=_times(ratio)) if ratio and ratio >= 2.0 else said
    names = (
        t("amounts.usual", amount="" if usual is None else amount(usual, currency)),
        t("amounts.limit", amount="" if limit is None else amount(limit, currency)),
        now_words,
    )
    ticks = [f"{value:,.8f}".rstrip("0").rstrip(".") for value in figures.decades(amounts)]
    desc = tell.join(*(name for name, there in zip(names, (usual, limit, now), strict=True) if there))
    title = t("amounts.title", amount=said, count=len(past))
    return figures.spread(amounts, names, ticks, title, desc)


def _times(ratio: float) -> str:
    return f"{round(ratio):,}" if ratio >= 10.0 else f"{ratio:.1f}"


def _text_number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
