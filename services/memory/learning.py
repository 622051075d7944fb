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
from contracts.money import (
    AMOUNT_BYTES,
    VELOCITY_BYTES,
    amount_key,
    currency_key,
    read_amount,
    read_velocity,
    write_amount,
    write_velocity,
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
    Facts,
    Fix,
    Key,
    Pending,
    Profile,
)
from contracts.sightings import add_fix, country_key, row_of, see, see_again
from services.memory.glance import Glance, look

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
    return row_of(profile.event_ids, event_key, EVENT_ID_BYTES) >= 0


def note_event(profile: Profile, event_key: Key, at: float) -> None:
    """Remember that the event happened at all: its id and the time span of the account."""
    known = profile.event_ids
    known += event_key
    if len(known) > _EVENT_ID_TAIL:
        del known[:EVENT_ID_BYTES]
    profile.events += 1
    if at > profile.last_at:
        profile.last_at = at
    if profile.first_at == 0.0 or at < profile.first_at:
        profile.first_at = at


def learn(
    profile: Profile,
    event: AnyEvent,
    event_key: Key,
    held: bool = False,
    challenged: bool = True,
    glance: Glance | None = None,
) -> None:
    """Teach the profile one decided event; `held` keeps its facts pending.

    Held facts wait for their challenge, a report or a label. Where nobody was `challenged` (the owner was only told) they
    also mature, see `mature`. `glance` is what `look` said of the same event and profile, when that is known already.
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
    if glance is None:
        glance = look(event, profile, {})
    _teach_where(profile, event, glance)  # type: ignore[arg-type]
    if kind is Login:
        profile.logins += 1
        profile.failures_in_row = 0
    elif kind is Transaction and event.kind != "refund":  # type: ignore[union-attr]
        _teach_money(profile, event, glance)  # type: ignore[arg-type]


def _teach_where(profile: Profile, event: Activity, glance: Glance) -> None:
    """What `apply_facts` of the event's facts would teach of device, network and place."""
    at = event.at
    row = glance.device_row
    if row >= 0:
        see_again(profile.device_rows, row, at)
    elif event.device_key is not None:
        see(profile.device_rows, event.device_key, at, MAX_DEVICES)
    row = glance.network_row
    if row >= 0:
        see_again(profile.network_rows, row, at)
    elif event.network_key is not None:
        see(profile.network_rows, event.network_key, at, MAX_NETWORKS)
    place = event.place
    if place is None:
        return
    country, latitude, longitude, ip_key = place.country, place.latitude, place.longitude, event.ip_key
    row = glance.country_row
    if row >= 0:
        see_again(profile.country_rows, row, at)
    elif country is not None:
        see(profile.country_rows, country_key(country), at, MAX_COUNTRIES)
    if latitude is not None and longitude is not None and ip_key is not None:
        add_fix(profile.fix_rows, at, ip_key, latitude, longitude, place.accuracy_km, country, MAX_FIXES)


def _teach_money(profile: Profile, event: Transaction, glance: Glance) -> None:
    """What `apply_facts` of the event's facts would teach of money."""
    currency, value, at = event.currency, event.value, event.at
    _learn_amount(profile.amount_rows, glance.amount_row, amount_key(event.kind, currency), log1p(value))
    key = currency_key(currency)
    if glance.faded is None:
        _learn_velocity(profile.velocity_rows, glance.velocity_row, key, at, value)
    else:
        _, c1, c2, c3, c4, s1, s2, s3, s4 = glance.faded
        write_velocity(
            profile.velocity_rows, glance.velocity_row, key, at,
            c1 + 1.0, c2 + 1.0, c3 + 1.0, c4 + 1.0, s1 + value, s2 + value, s3 + value, s4 + value,
        )  # fmt: skip
    transactions = profile.transactions = profile.transactions + 1
    payee, row = event.payee_key, glance.payee_row
    if payee is None:
        return
    if row >= 0:
        see_again(profile.payee_rows, row, at)
    else:
        see(profile.payee_rows, payee, at, MAX_PAYEES)
    _learn_payee_rate(profile, transactions, row < 0)


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
        see(profile.device_rows, facts.device, at, MAX_DEVICES)
    if facts.network is not None:
        see(profile.network_rows, facts.network, at, MAX_NETWORKS)
    if facts.country is not None:
        see(profile.country_rows, country_key(facts.country), at, MAX_COUNTRIES)
    if facts.fix is not None:
        fix = facts.fix
        add_fix(
            profile.fix_rows,
            fix.at,
            fix.ip_key,
            fix.latitude,
            fix.longitude,
            fix.accuracy_km,
            fix.country,
            MAX_FIXES,
        )
    if facts.type == "login":
        profile.logins += 1
        profile.failures_in_row = 0
    elif facts.type == "transaction" and facts.kind != "refund":
        _apply_money(profile, facts)


def _apply_money(profile: Profile, facts: Facts) -> None:
    assert facts.kind is not None
    assert facts.currency is not None
    key = amount_key(facts.kind, facts.currency)
    rows = profile.amount_rows
    _learn_amount(rows, row_of(rows, key, AMOUNT_BYTES), key, log1p(facts.value))
    key, rows = currency_key(facts.currency), profile.velocity_rows
    _learn_velocity(rows, row_of(rows, key, VELOCITY_BYTES), key, facts.at, facts.value)
    profile.transactions += 1
    if facts.payee is not None:
        is_new = see(profile.payee_rows, facts.payee, facts.at, MAX_PAYEES)
        _learn_payee_rate(profile, profile.transactions, is_new)


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


def _learn_payee_rate(profile: Profile, transactions: int, is_new: bool) -> None:
    rate = max(_LEARNING_RATE, 1.0 / transactions)
    profile.new_payee_rate += rate * ((1.0 if is_new else 0.0) - profile.new_payee_rate)


def _learn_amount(rows: bytearray, row: int, key: bytes, y: float) -> None:
    # Finch (2009), incremental exponentially weighted mean and variance; d is winsorised against outliers.
    n, mean, variance = read_amount(rows, row) if row >= 0 else (0, 0.0, 0.0)
    d = y - mean
    if n >= 3:
        limit = _WINSOR_DEVIATIONS * (sqrt(variance) + _DEVIATION_FLOOR)
        if d > limit:
            d = limit
        elif d < -limit:
            d = -limit
    a = 1.0 / (n + 1)
    if a < _LEARNING_RATE:
        a = _LEARNING_RATE
    write_amount(rows, row, key, n + 1, mean + a * d, (1.0 - a) * (variance + a * d * d))


def _learn_velocity(rows: bytearray, row: int, key: bytes, at: float, value: float) -> None:
    if row < 0:
        write_velocity(rows, row, key, at, 1.0, 1.0, 1.0, 1.0, value, value, value, value)
        return
    since_at, c1, c2, c3, c4, s1, s2, s3, s4 = read_velocity(rows, row)
    since = at - since_at
    if since >= 0.0:
        h, d, w, m = exp(-since / HOUR_S), exp(-since / DAY_S), exp(-since / _WEEK_S), exp(-since / _MONTH_S)
        write_velocity(
            rows, row, key, at,
            c1 * h + 1.0, c2 * d + 1.0, c3 * w + 1.0, c4 * m + 1.0,
            s1 * h + value, s2 * d + value, s3 * w + value, s4 * m + value,
        )  # fmt: skip
        return
    h, d, w, m = exp(since / HOUR_S), exp(since / DAY_S), exp(since / _WEEK_S), exp(since / _MONTH_S)
    write_velocity(
        rows, row, key, since_at,
        c1 + h, c2 + d, c3 + w, c4 + m,
        s1 + value * h, s2 + value * d, s3 + value * w, s4 + value * m,
    )  # fmt: skip
