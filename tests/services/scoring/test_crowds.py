"""A device id that a crowd of accounts presents is no device: not new, not known, never learned."""

from __future__ import annotations

from typing import Any

from contracts.decisions import Decision
from contracts.events import AnyEvent, Login
from contracts.ports import Shard
from detectors.shared_device import TALLY
from services.bootstrap.pipelines import OFFLINE_KEY, offline_core
from services.memory.codec import unpack
from services.memory.pseudonyms import Pseudonyms
from services.platform.settings import Settings
from services.replay.offline import offline_records
from services.scoring.crowds import CROWD_COUNT, DEVICE_OF_A_CROWD
from tests.services.scoring import events

START_MS = 1_790_000_000_000
DAY_MS = 86_400_000
CROWD = 60


def login(account: int, at_ms: int, **fields: Any) -> Login:
    return events.login(event_id=f"l{account}-{at_ms}", account_id=f"a{account}", occurred_at=at_ms, **fields)


def a_tale() -> list[AnyEvent]:
    """Accounts that each keep a phone of their own, until an update of the app sends one id from all of them."""
    logins = [
        login(
            account,
            START_MS + day * DAY_MS + account * 60_000,
            device_id=f"d{account}" if day < 5 else "broken",
        )
        for day in range(8)
        for account in range(CROWD)
    ]
    at_ms = START_MS + 8 * DAY_MS
    paid = {"amount": "5.00", "device_id": "broken"}
    payments = [
        events.transaction(event_id=f"t{n}", account_id=f"a{n}", occurred_at=at_ms + n, **paid)
        for n in range(CROWD)
    ]
    return [*logins, *payments]


async def decided(cut: int) -> tuple[list[Decision], list[bytes], list[bytes]]:
    """Decisions, their bytes, and the memory of each account."""
    settings, records = Settings(), offline_records(a_tale())
    core, answers = offline_core(settings), []
    for start in range(0, len(records), cut):
        answers.append(await core.decide(records[start : start + cut]))
    names = [f"a{number}" for number in range(CROWD)]
    (stored,) = await core.profiles.load([(Shard(settings.topic_epoch, 0), names)])
    memory = [each[1] for each in stored if each is not None]
    return (
        [d for each in answers for d in each.decisions],
        [e for each in answers for e in each.encoded],
        memory,
    )


async def test_from_a_crowd_on_the_id_is_no_device() -> None:
    decisions, _, memory = await decided(500)
    first_day = decisions[5 * CROWD : 6 * CROWD]
    later = decisions[6 * CROWD : 8 * CROWD]

    assert [DEVICE_OF_A_CROWD in each.states for each in first_day] == [
        number >= CROWD_COUNT - 1 for number in range(CROWD)
    ]
    assert all(DEVICE_OF_A_CROWD in each.states for each in later)
    assert {finding.detector for each in later for finding in each.findings}.isdisjoint(
        {"shared_device", "new_device"}
    )
    assert {each.action for each in later} == {"allow"}
    broken = Pseudonyms(OFFLINE_KEY).key_of("device", "broken")
    assert all(broken not in unpack(packed).devices for packed in memory[CROWD_COUNT:])


async def test_money_that_no_count_is_asked_of_is_spared_by_the_accounts_memory() -> None:
    decisions, _, _ = await decided(500)
    payments = decisions[8 * CROWD :]
    assert {each.type for each in payments} == {"transaction"}
    assert all(DEVICE_OF_A_CROWD in each.states for each in payments)
    assert not any(finding.detector == "new_device" for each in payments for finding in each.findings)


async def test_the_count_that_decided_is_recorded() -> None:
    decisions, _, _ = await decided(500)
    counted = [each for each in decisions[: 8 * CROWD] if DEVICE_OF_A_CROWD in each.states]
    assert all((each.tallies or {})[TALLY] >= CROWD_COUNT for each in counted)


async def test_decisions_and_memory_are_the_same_however_batches_are_cut() -> None:
    assert (await decided(500))[1:] == (await decided(37))[1:]


async def test_a_family_shares_a_device_as_ever() -> None:
    core = offline_core(Settings())
    family = [
        login(account, START_MS + account * 60_000, device_id="tablet") for account in range(CROWD_COUNT - 1)
    ]
    answered = await core.decide(offline_records(family))
    assert not any(DEVICE_OF_A_CROWD in each.states for each in answered.decisions)
