"""What an event teaches the profile: the one place that writes it, after the verdict.

A failed login teaches nothing but failure counts. A held event teaches nothing until its challenge is passed: its facts
wait in `profile.pending`. Nothing is held that the policy lets through without a word. Late events merge as if they
had come in time, as far as decayed counts allow. Pure: no clock, no randomness, no I/O.
"""

from __future__ import annotations

from math import exp, log1p, sqrt

from contracts.events import (
    AccountChange,
    Activity,
    AnyEvent,
    ChallengeOutcome,
    Event,
    Label,
    Login,
    Transaction,
    UserReport,
)
from contracts.profile import (
    DAY_S,
    EVENT_ID_BYTES,
    HOUR_S,
    MAX_COUNTRIES,
    MAX_DEVICES,
    MAX_EVENT_IDS,
    MAX_FAILURES,
    MAX_FIXES,
    MAX_NETWORKS,
    MAX_PAYEES,
    MAX_PENDING,
    AmountStatistics,
    Facts,
    Fix,
    Key,
    Pending,
    Profile,
    Seen,
    Velocity,
)

PENDING_LIFETIME_S = 7 * DAY_S
MATURE_S = 3 * DAY_S
FAILURE_WINDOW_S = DAY_S
_LEARNING_RATE = 0.05
_WINSOR_DEVIATIONS = 3.0
_DEVIATION_FLOOR = 0.15
_WEEK_S, _MONTH_S = 7 * DAY_S, 30 * DAY_S
_EVENT_ID_TAIL = MAX_EVENT_IDS * EVENT_ID_BYTES


def knows_event(profile: Profile, event_key: Key) -> bool:
    """Whether the event id is among the last MAX_EVENT_IDS of the account."""
    known = profile.event_ids
    found = known.find(event_key)
    while found > 0 and found % EVENT_ID_BYTES:
        found = known.find(event_key, found + 1)
    return found >= 0


def note_event(profile: Profile, event_key: Key, at: float) -> None:
    """Remember that the event happened at all: its id and the time span of the account."""
    known = profile.event_ids + event_key
    profile.event_ids = known[-_EVENT_ID_TAIL:] if len(known) > _EVENT_ID_TAIL else known
    profile.events += 1
    if at > profile.last_at:
        profile.last_at = at
    if profile.first_at == 0.0 or at < profile.first_at:
        profile.first_at = at


def learn(
    profile: Profile, event: AnyEvent, event_key: Key, held: bool = False, challenged: bool = True
) -> None:
    """Teach the profile one decided event; `held` keeps its facts pending.

    Held facts wait for their challenge, a report or a label. Where nobody was `challenged` (the owner was only told) they
    also mature, see `mature`.
    """
    kind = event.__class__
    if kind is Login:
        if event.outcome == "failure":  # type: ignore[union-attr]
            _learn_failure(profile, event.at)
            return
    elif kind is Transaction:
        if event.status == "failed":  # type: ignore[union-attr]
            return
    elif kind is AccountChange:
        change = event.change  # type: ignore[union-attr]
        if change == "totp_enrolled":
            profile.has_factor = True
        elif change == "totp_removed":
            profile.has_factor = False
    if held:
        _hold(profile, event_key, facts_of(event), challenged)
        return
    _teach_where(profile, event)  # type: ignore[arg-type]
    if kind is Login:
        profile.logins += 1
        profile.failures_in_row = 0
    elif kind is Transaction and event.kind != "refund":  # type: ignore[union-attr]
        _learn_money(profile, event.at, event.kind, event.currency, event.value, event.payee_key)  # type: ignore[union-attr]


def _teach_where(profile: Profile, event: Activity) -> None:
    """What `apply_facts` of the event's facts would teach of device, network and place."""
    at = event.at
    device, network, place = event.device_key, event.network_key, event.place
    if device is not None:
        profile.devices.see(device, at, MAX_DEVICES)
    if network is not None:
        profile.networks.see(network, at, MAX_NETWORKS)
    if place is None:
        return
    country, latitude, longitude, ip_key = place.country, place.latitude, place.longitude, event.ip_key
    if country is not None:
        _see(profile.countries, country, at, MAX_COUNTRIES)
    if latitude is not None and longitude is not None and ip_key is not None:
        profile.fixes.add(at, ip_key, latitude, longitude, place.accuracy_km, country, MAX_FIXES)


def conclude(profile: Profile, event: Event, about_key: Key) -> None:
    """A challenge's outcome, a user's report or a label about the event `about_key`: release or drop its facts."""
    if isinstance(event, ChallengeOutcome):
        good, bad = event.outcome == "passed", event.outcome == "failed"
        if good:
            profile.passed_challenge_at = max(profile.passed_challenge_at, event.at)
            profile.failed_challenges = []
        elif bad:
            profile.failed_challenges = [*profile.failed_challenges, event.at][-MAX_FAILURES:]
    elif isinstance(event, UserReport | Label):
        good = event.verdict in ("was_me", "legitimate")
        bad = not good
        if bad:
            profile.reported_at = max(profile.reported_at, event.at)
    else:
        return
    kept = []
    for pending in profile.pending:
        if pending.event_key != about_key:
            kept.append(pending)
        elif good:
            apply_facts(profile, pending.facts)
    profile.pending = kept


def facts_of(event: AnyEvent) -> Facts:
    """What the event would teach."""
    assert isinstance(event, Activity)
    place, fix, country = event.place, None, None
    if place is not None:
        country = place.country
        if place.latitude is not None and place.longitude is not None and event.ip_key is not None:
            fix = Fix(event.at, place.latitude, place.longitude, place.accuracy_km, event.ip_key, country)
    if event.__class__ is Transaction:
        return Facts(
            "transaction", event.at, event.device_key, event.network_key, country, fix,
            event.payee_key, event.kind, event.currency, event.value,
        )  # fmt: skip
    if event.__class__ is Login:
        return Facts("login", event.at, event.device_key, event.network_key, country, fix)
    change = event.change if event.__class__ is AccountChange else None
    return Facts("account_change", event.at, event.device_key, event.network_key, country, fix, None, change)


def apply_facts(profile: Profile, facts: Facts) -> None:
    """Teach the profile what a trusted event showed."""
    at = facts.at
    if facts.device is not None:
        profile.devices.see(facts.device, at, MAX_DEVICES)
    if facts.network is not None:
        profile.networks.see(facts.network, at, MAX_NETWORKS)
    if facts.country is not None:
        _see(profile.countries, facts.country, at, MAX_COUNTRIES)
    if facts.fix is not None:
        fix = facts.fix
        profile.fixes.add(
            fix.at, fix.ip_key, fix.latitude, fix.longitude, fix.accuracy_km, fix.country, MAX_FIXES
        )
    if facts.type == "login":
        profile.logins += 1
        profile.failures_in_row = 0
    elif facts.type == "transaction" and facts.kind != "refund":
        _learn_money(profile, at, facts.kind or "", facts.currency or "", facts.value, facts.payee)


def _learn_failure(profile: Profile, at: float) -> None:
    profile.failures_in_row += 1
    recent = [when for when in profile.failures if when > at - FAILURE_WINDOW_S]
    recent.append(at)
    if len(recent) > 1 and at < recent[-2]:
        recent.sort()
    profile.failures = recent[-MAX_FAILURES:]


def mature(profile: Profile, at: float) -> None:
    """Teach the facts that waited MATURE_S without a challenge and without an objection: the owner was told of them."""
    due = [
        each
        for each in profile.pending
        if 0.0 < each.matures_at <= at and profile.reported_at < each.facts.at
    ]
    if due:
        profile.pending = [each for each in profile.pending if each not in due]
        for pending in due:
            apply_facts(profile, pending.facts)


def _hold(profile: Profile, event_key: Key, facts: Facts, challenged: bool) -> None:
    kept = [pending for pending in profile.pending if pending.expires_at > facts.at]
    matures_at = 0.0 if challenged else facts.at + MATURE_S
    kept.append(Pending(event_key, facts.at + PENDING_LIFETIME_S, facts, matures_at))
    profile.pending = kept[-MAX_PENDING:]


def _see(seen: dict[str, Seen], key: str, at: float, limit: int) -> None:
    when = int(at)
    known = seen.get(key)
    if known is None:
        if len(seen) >= limit:
            del seen[min(seen, key=lambda name: seen[name].last_at)]
        seen[key] = Seen(when, when)
        return
    known.count += 1
    if when > known.last_at:
        known.last_at = when
    elif when < known.first_at:
        known.first_at = when


def _learn_money(
    profile: Profile, at: float, kind: str, currency: str, value: float, payee: Key | None
) -> None:
    statistics_key = f"{kind}:{currency}"
    statistics = profile.amounts.get(statistics_key)
    if statistics is None:
        statistics = profile.amounts[statistics_key] = AmountStatistics()
    _learn_amount(statistics, log1p(value))
    velocity = profile.velocity.get(currency)
    if velocity is None:
        velocity = profile.velocity[currency] = Velocity(at)
    _learn_velocity(velocity, at, value)
    profile.transactions += 1
    if payee is not None:
        rate = max(_LEARNING_RATE, 1.0 / profile.transactions)
        is_new = 1.0 if profile.payees.see(payee, at, MAX_PAYEES) else 0.0
        profile.new_payee_rate += rate * (is_new - profile.new_payee_rate)


def _learn_amount(statistics: AmountStatistics, y: float) -> None:
    # Finch (2009), incremental exponentially weighted mean and variance; d is winsorised against outliers.
    n = statistics.n
    d = y - statistics.mean
    if n >= 3:
        limit = _WINSOR_DEVIATIONS * (sqrt(statistics.variance) + _DEVIATION_FLOOR)
        d = max(-limit, min(limit, d))
    a = max(_LEARNING_RATE, 1.0 / (n + 1))
    statistics.mean += a * d
    statistics.variance = (1.0 - a) * (statistics.variance + a * d * d)
    statistics.n = n + 1


def _learn_velocity(v: Velocity, at: float, value: float) -> None:
    since = at - v.at
    if since >= 0.0:
        h, d, w, m = exp(-since / HOUR_S), exp(-since / DAY_S), exp(-since / _WEEK_S), exp(-since / _MONTH_S)
        v.at = at
        v.count_1h = v.count_1h * h + 1.0
        v.count_1d = v.count_1d * d + 1.0
        v.count_7d = v.count_7d * w + 1.0
        v.count_30d = v.count_30d * m + 1.0
        v.sum_1h = v.sum_1h * h + value
        v.sum_1d = v.sum_1d * d + value
        v.sum_7d = v.sum_7d * w + value
        v.sum_30d = v.sum_30d * m + value
        return
    h, d, w, m = exp(since / HOUR_S), exp(since / DAY_S), exp(since / _WEEK_S), exp(since / _MONTH_S)
    v.count_1h += h
    v.count_1d += d
    v.count_7d += w
    v.count_30d += m
    v.sum_1h += value * h
    v.sum_1d += value * d
    v.sum_7d += value * w
    v.sum_30d += value * m
