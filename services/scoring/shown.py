"""What a person needs to recognise an event that had effects, and what was usual for its account before it. Pure."""

from __future__ import annotations

from math import expm1, floor, log10

from msgspec.structs import replace

from contracts.amounts import canonical_amount
from contracts.currencies import COUNTED_BY_ONE, DECIMALS, MOST_DECIMALS, units_counted
from contracts.decisions import Decision
from contracts.events import (
    AccountChange,
    Activity,
    AnyEvent,
    ChallengeOutcome,
    Erasure,
    Label,
    Login,
    OwnerAct,
    Settlement,
    Transaction,
    UserReport,
)
from contracts.profile import MAX_PAYEES, Profile
from contracts.shown import MOST_METHOD, MOST_REASON, MOST_TEXT, Shown, Usual, device_text, short
from contracts.traits import AT, nothing
from services.memory.glance import traits_of

Spoken = ChallengeOutcome | UserReport | Label | Settlement
#: Fewer transactions than this tell nobody what is usual.
LEAST_AMOUNTS = 3
_DIGITS = 2
_NO_COUNTRY = nothing("country")
_DEVICE_LEVELS = AT["browser"], AT["system"]
_NO_DEVICE = (nothing("browser"), nothing("system"))


def recognisable(decision: Decision, event: AnyEvent, profile: Profile) -> Decision:
    """The decision with what a person needs to recognise its event, or the one that this speaks of, if it has effects."""
    if not decision.effects:
        return decision
    if isinstance(event, Activity):
        return replace(decision, shown=shown_of(event, profile))
    return (
        decision
        if isinstance(event, Erasure | OwnerAct)
        else replace(decision, about_event_id=about_of(event))
    )


def about_of(event: Spoken) -> str:
    """The id of the event that this one speaks of."""
    return event.challenged_event_id if isinstance(event, ChallengeOutcome) else event.about_event_id


def shown_of(event: Activity, profile: Profile) -> Shown:
    """The event as people are shown it; `profile` is the account as it was before the event."""
    place, network = event.place, event.network
    kind: str | None = None
    status: str | None = None
    failure = amount = currency = payee_id = None
    if isinstance(event, Transaction):
        kind, status, payee_id, currency = event.kind, event.status, event.payee_id, event.currency
        amount = canonical_amount(event.amount, currency)
    elif isinstance(event, Login):
        kind, status = short(event.method, MOST_METHOD), event.outcome
        failure = short(event.reason, MOST_REASON)
    elif isinstance(event, AccountChange):
        kind = event.change
    return Shown(
        device=device_text(event.device),
        country=None if place is None else place.country,
        city=None if place is None else short(place.city, MOST_TEXT),
        accuracy_km=None if place is None or place.latitude is None else place.accuracy_km,
        network_kind=None if network is None or network.kind == "unknown" else network.kind,
        amount=amount,
        currency=currency,
        payee_id=payee_id,
        kind=kind,
        status=status,
        failure=failure,
        session_id=event.session_id,
        usual=_usual(event, profile),
    )


def _usual(event: Activity, profile: Profile) -> Usual | None:
    country, city, at = _latest_place(event, profile)
    amount = currency = payee_known = None
    if isinstance(event, Transaction):
        amount = usual_amount(profile, event.kind, event.currency)
        currency = None if amount is None else event.currency
        payee_known = _knows_payee(event, profile)
    usual = Usual(
        device=_latest_device(event, profile),
        country=country,
        city=city,
        at=at,
        amount=amount,
        currency=currency,
        payee_known=payee_known,
    )
    return None if usual == Usual() else usual


def _latest_place(event: Activity, profile: Profile) -> tuple[str | None, str | None, float | None]:
    """Country, city and time of the latest place; that of a network which hides places is none while another is known.

    Memory keeps coordinates and no names of cities: the city is known when the event comes from the very address.
    """
    fixes = list(profile.fixes)
    if fixes and fixes[-1].country is not None:
        fix = fixes[-1]
        same = event.place is not None and event.ip_key == fix.ip_key and event.place.country == fix.country
        return fix.country, short(event.place.city, MOST_TEXT) if same and event.place else None, fix.at
    latest = profile.traits.latest()[AT["country"]]
    if not latest or latest == _NO_COUNTRY:
        return None, None, None
    country = latest.rstrip(b"-").decode("ascii", "replace")
    seen = dict(profile.countries.items()).get(country)
    return country, None, None if seen is None else float(seen.last_at)


def _latest_device(event: Activity, profile: Profile) -> str | None:
    """What the account came from last, where memory can tell: it keeps hashes, so only that it was the same as now."""
    latest, now = profile.traits.latest(), traits_of(event)
    known = tuple(latest[level] for level in _DEVICE_LEVELS)
    same = latest and known != _NO_DEVICE and known == tuple(now[level] for level in _DEVICE_LEVELS)
    return device_text(event.device) if same else None


def usual_amount(profile: Profile, kind: str, currency: str) -> str | None:
    """What transactions of the kind in the currency usually come to; None when too few are known."""
    known = profile.amounts.get(kind, currency)
    if known is None or known.n < LEAST_AMOUNTS:
        return None
    value = expm1(known.mean) / units_counted(currency)
    if value <= 0.0:
        return None
    finest = DECIMALS.get(currency, MOST_DECIMALS) if currency in COUNTED_BY_ONE else MOST_DECIMALS
    places = min(_DIGITS - 1 - floor(log10(value)), finest)
    text = canonical_amount(f"{round(value, places):.{max(places, 0)}f}", currency)
    return text if text.strip("0.") else None


def _knows_payee(event: Transaction, profile: Profile) -> bool | None:
    """Whether the payee is known; None when the event names none, or the account has more payees than are kept."""
    payees = profile.payees
    if event.payee_key is None:
        return None
    if event.payee_key in payees:
        return True
    return None if len(payees) >= MAX_PAYEES else False
