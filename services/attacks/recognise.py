"""Waves among attempts that failed. Pure: the order of what is given, and how it was put together, change nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from services.attacks.joining import small_members
from services.attacks.judging import HOUR_S, Member, Pair, in_minutes, network_kinds, pairs_of, suspicious
from services.attacks.kinds import AttackKind, Tried
from services.attacks.sizes import size
from services.attacks.waves import Known, Tries, Wave

#: A wave touches at least so many accounts, and so much of what fails in the same time otherwise.
LEAST_ACCOUNTS, LEAST_OF_USUAL = 30, 0.1
#: It is over when nothing was tried for so long.
QUIET_S = HOUR_S
#: A patient address goes on for so long, and tries at most so often in an hour.
PATIENT_S, PATIENT_PER_HOUR = HOUR_S, 30.0
#: Many together in a minute are a fast wave, however little each of them does; so near one looks for them.
FAST_PER_MINUTE, NEAR_S = 10.0, 300.0
#: What may turn out to be patient is waited for so long.
UNDECIDED_S = 2 * HOUR_S
_TRIED: tuple[Tried, ...] = ("password", "code", "card")


def recognise(tries: Sequence[Tries], known: Known, since: float, now: float) -> list[Wave]:
    """The waves among all attempts that failed from `since` until `now` (epoch seconds), by kind and beginning.

    `known` is what accounts were used from and on, at least of those that `judging.worth_asking` names.
    """
    found: list[Wave] = []
    for tried in _TRIED:
        of_kind = in_minutes(each for each in tries if each.tried == tried)
        if of_kind:
            found += _of_kind(tried, of_kind, known, since, now)
    return sorted(found, key=lambda wave: (wave.kind, wave.begun_at, wave.sources[0].source))


def _of_kind(tried: Tried, tries: Sequence[Tries], known: Known, since: float, now: float) -> list[Wave]:
    kinds = network_kinds(tries)
    by_source = pairs_of(tries, known)
    bad = {source for source, pairs in by_source.items() if suspicious(pairs, kinds[source][0])}
    if not bad:
        return []
    members = [
        Member(source, tuple(pair for pair in by_source[source] if not pair.familiar))
        for source in sorted(bad)
    ]
    groups: list[tuple[AttackKind, list[Member]]] = []
    for stretch in stretches(members):
        if tried == "password":
            groups += by_pace(stretch, now)
        else:
            groups.append(("code_guessing" if tried == "code" else "card_testing", stretch))
    groups = [(kind, part) for kind, group in groups for part in stretches(group)]
    groups = [(kind, group) for kind, group in groups if len(_accounts(group)) >= LEAST_ACCOUNTS]
    small = {
        source: [pair for pair in pairs if pair.strange]
        for source, pairs in by_source.items()
        if source not in bad
    }
    whole = small_members([group for _, group in groups], small)
    waves = [
        size(kind, [pair for each in group for pair in each.pairs], kinds, now - QUIET_S)
        for (kind, _), group in zip(groups, whole, strict=True)
    ]
    return _above_the_usual(waves, tries, since, now)


def _above_the_usual(waves: list[Wave], tries: Sequence[Tries], since: float, now: float) -> list[Wave]:
    """Those that are more than what fails anyway, each with how much that is."""
    others = sum(each.count for each in tries) - sum(wave.attempts for wave in waves)
    usual = max(0, others) / max(60.0, (now - since) / 60.0)
    found = []
    for wave in waves:
        minutes = max(60.0, (wave.last_at - wave.begun_at) / 60.0)
        if len(wave.accounts) >= LEAST_OF_USUAL * usual * minutes:
            found.append(_with_usual(wave, usual))
    return found


def _with_usual(wave: Wave, usual: float) -> Wave:
    return Wave(
        wave.kind, wave.begun_at, wave.last_at, wave.over, usual, wave.sources, wave.accounts, wave.minutes
    )


def stretches(members: Sequence[Member]) -> list[list[Member]]:
    """The addresses by stretches of time between which all of them were quiet."""
    times = sorted(at for member in members for at in member.times)
    cuts = [later for earlier, later in pairwise(times) if later - earlier > QUIET_S]
    if not cuts:
        return [list(members)] if times else []
    found: list[list[Member]] = [[] for _ in range(len(cuts) + 1)]
    for member in members:
        parts: dict[int, list[Pair]] = {}
        for pair in member.pairs:
            for index, some in _cut(pair, cuts):
                parts.setdefault(index, []).append(some)
        for index, pairs in parts.items():
            found[index].append(Member(member.source, tuple(pairs)))
    return found


def _cut(pair: Pair, cuts: Sequence[float]) -> Iterable[tuple[int, Pair]]:
    parts: dict[int, list[Tries]] = {}
    for each in pair.tries:
        parts.setdefault(bisect_right(cuts, each.first_at), []).append(each)
    for index, some in sorted(parts.items()):
        yield index, Pair(pair.account_id, tuple(some), pair.familiar, pair.resolved)


def by_pace(members: Sequence[Member], now: float) -> list[tuple[AttackKind, list[Member]]]:
    """Fast ones, which is stuffing, and patient ones, which is spraying; neither of those that cannot be told apart yet."""
    patient: list[Member] = []
    fast: list[Member] = []
    young: list[Member] = []
    for member in members:
        times = member.times
        lasted_s = times[-1] - times[0]
        often = len(times) > 1 and (len(times) - 1) * HOUR_S > PATIENT_PER_HOUR * lasted_s
        (fast if often else patient if lasted_s >= PATIENT_S else young).append(member)
    together = sorted(at for member in (*fast, *young) for at in member.times)
    slow: list[Member] = []
    for member in young:
        (fast if _is_crowded(member, together) else slow).append(member)
    if len(_accounts(patient)) + len(_accounts(slow)) >= LEAST_ACCOUNTS and patient:
        patient += slow
    elif len(_accounts(fast)) >= LEAST_ACCOUNTS or _is_decided(slow, now):
        fast += slow
    found: list[tuple[AttackKind, list[Member]]] = []
    if fast:
        found.append(("credential_stuffing", fast))
    if patient:
        found.append(("password_spraying", patient))
    return found


def _is_crowded(member: Member, together: Sequence[float]) -> bool:
    """Whether there were many others of its pace at the time."""
    times = member.times
    first, last = times[0] - NEAR_S, times[-1] + NEAR_S
    many = bisect_right(together, last) - bisect_left(together, first)
    return many * 60.0 >= FAST_PER_MINUTE * (last - first)


def _is_decided(members: Sequence[Member], now: float) -> bool:
    times = [at for member in members for at in member.times]
    return bool(times) and (now - min(times) >= UNDECIDED_S or now - max(times) > QUIET_S)


def _accounts(members: Iterable[Member]) -> set[str]:
    return {pair.account_id for member in members for pair in member.pairs}
