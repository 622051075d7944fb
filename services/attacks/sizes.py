"""How large a wave is: what each address did, what befell each account, and when. Always counted anew. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from services.attacks.judging import Pair, is_owners
from services.attacks.kinds import AttackKind, tried_in
from services.attacks.waves import AccountSize, Known, Minute, Passed, Source, SourceSize, Tries, Wave

#: What went through so long before the first attempt that failed is the wave's, and so long after the last.
EDGE_S = 900.0


def size(
    kind: AttackKind,
    pairs: Iterable[Pair],
    networks: Mapping[Source, tuple[str, str | None]],
    quiet_before: float,
) -> Wave:
    """The wave of these attempts; it is over when the last was before `quiet_before`. None has given way yet."""
    tries = [each for pair in pairs for each in pair.tries]
    by_source: defaultdict[Source, list[Tries]] = defaultdict(list)
    by_account: defaultdict[str, list[Tries]] = defaultdict(list)
    minutes: Counter[int] = Counter()
    for each in tries:
        by_source[each.source].append(each)
        by_account[each.account_id].append(each)
        minutes[int(each.first_at // 60)] += each.count
    last_at = max(each.last_at for each in tries)
    return Wave(
        kind=kind,
        begun_at=min(each.first_at for each in tries),
        last_at=last_at,
        over=last_at < quiet_before,
        usual_per_minute=0.0,
        sources=tuple(
            SourceSize(
                source,
                *networks[source],
                attempts=sum(each.count for each in theirs),
                accounts=len({each.account_id for each in theirs}),
                first_at=min(each.first_at for each in theirs),
                last_at=max(each.last_at for each in theirs),
            )
            for source, theirs in sorted(by_source.items())
        ),
        accounts=tuple(
            AccountSize(
                account_id,
                attempts=sum(each.count for each in theirs),
                first_at=min(each.first_at for each in theirs),
                last_at=max(each.last_at for each in theirs),
            )
            for account_id, theirs in sorted(by_account.items())
        ),
        minutes=tuple(Minute(minute, count, 0) for minute, count in sorted(minutes.items())),
    )


def with_gave_way(wave: Wave, passed: Sequence[Passed], known: Known) -> Wave:
    """The wave with the accounts that gave way to it: that let somebody in from one of its addresses, from which and on whose
    device they were never used before.

    `passed` are attempts that went through at its addresses; `known` must name the accounts of all of them.
    """
    tried = tried_in(wave.kind)
    sources = {each.source: each for each in wave.sources}
    first: dict[str, Passed] = {}
    for each in sorted(passed, key=lambda one: (one.at, one.account_id, one.event_id)):
        if (
            each.tried == tried
            and each.source in sources
            and each.account_id not in first
            and wave.begun_at - EDGE_S <= each.at <= wave.last_at + EDGE_S
            and not _is_owners(each, wave, known)
        ):
            first[each.account_id] = each
    if not first:
        return wave
    return _counted(wave, list(first.values()))


def _is_owners(passed: Passed, wave: Wave, known: Known) -> bool:
    uses = known.get(passed.account_id, ())
    return is_owners(uses, passed.source, passed.device, wave.begun_at - EDGE_S, passed.tried)


def _counted(wave: Wave, passed: Sequence[Passed]) -> Wave:
    """The wave in which these went through: each is an attempt more."""
    accounts = {each.account_id: each for each in wave.accounts}
    sources = {each.source: each for each in wave.sources}
    minutes = {each.minute: each for each in wave.minutes}
    touched: defaultdict[Source, set[str]] = defaultdict(set)
    for each in passed:
        account = accounts.get(each.account_id) or AccountSize(each.account_id, 0, each.at, each.at)
        if account.attempts == 0:
            touched[each.source].add(each.account_id)
        accounts[each.account_id] = replace(
            account,
            attempts=account.attempts + 1,
            first_at=min(account.first_at, each.at),
            last_at=max(account.last_at, each.at),
            gave_way_at=each.at,
            gave_way_event_id=each.event_id,
        )
        source = sources[each.source]
        sources[each.source] = replace(
            source,
            attempts=source.attempts + 1,
            first_at=min(source.first_at, each.at),
            last_at=max(source.last_at, each.at),
        )
        number = int(each.at // 60)
        minute = minutes.get(number, Minute(number, 0, 0))
        minutes[number] = Minute(number, minute.attempts + 1, minute.gave_way + 1)
    for source_key, names in touched.items():
        sources[source_key] = replace(sources[source_key], accounts=sources[source_key].accounts + len(names))
    return replace(
        wave,
        begun_at=min(wave.begun_at, *(each.at for each in passed)),
        last_at=max(wave.last_at, *(each.at for each in passed)),
        sources=tuple(each for _, each in sorted(sources.items())),
        accounts=tuple(each for _, each in sorted(accounts.items())),
        minutes=tuple(each for _, each in sorted(minutes.items())),
    )
