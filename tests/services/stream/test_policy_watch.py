"""A running worker takes a good policy file between batches, and keeps what it has when the file is not good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts.events import AnyEvent
from services.bootstrap.pipelines import offline_core
from services.memory.in_process import InProcessTallyStore
from services.platform import metrics
from services.platform.settings import Settings
from services.policy.file import read_policy
from services.policy.policy import Policy
from services.replay.offline import OfflineCore, offline_records
from services.stream.policy_watch import PolicyWatch
from tests.services.scoring.events import login

FIRST = 'version = "first"\n'
SECOND = 'version = "second"\n[lists]\ndeny = ["acct-1"]\n'
BAD = 'version = "third"\nprior = 2\n[lists]\ndeny = 7\n'


class Watched:
    """A file, its watch, and the names of the policies that came into use."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "policy.toml"
        self.write(FIRST)
        self.watch = PolicyWatch(self.path, read_policy(self.path))
        self.applied: list[str] = []

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    async def change(self, *texts: str) -> None:
        """Look at what is there, and at each text that takes its place."""
        await self.look()
        for text in texts:
            self.write(text)
            await self.look()

    def apply(self, policy: Policy) -> None:
        self.applied.append(policy.version.partition("+")[0])

    async def look(self, times: int = 3) -> None:
        for _ in range(times):
            await self.watch.look(self.apply)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def refused() -> float:
    return float(metrics.POLICY_REFUSED._value.get())


def told() -> dict[str, float]:
    [family] = metrics.POLICY_INFO.collect()
    return {sample.labels["version"].partition("+")[0]: sample.value for sample in family.samples}


async def test_the_policy_in_use_is_told_and_no_other(watched: Watched) -> None:
    metrics.POLICY_INFO.clear()
    watched.watch.start(watched.apply, 3600.0)
    await watched.watch.stop()
    assert {"first": 1.0} == told()

    await watched.change(SECOND)
    assert {"second": 1.0} == told()

    await watched.change(BAD)
    assert {"second": 1.0} == told()


async def test_a_worker_without_a_file_tells_the_policy_it_was_built_with() -> None:
    metrics.POLICY_INFO.clear()
    policy = read_policy(None)
    PolicyWatch(None, policy).start(lambda other: None, 1.0)

    assert [policy.version.partition("+")[0]] == list(told())


async def test_a_changed_file_comes_into_use_once(watched: Watched) -> None:
    await watched.change(SECOND)

    assert watched.applied == ["second"]


async def test_a_file_that_is_still_being_written_is_not_read(watched: Watched) -> None:
    await watched.look()
    for end in range(20, len(SECOND)):
        watched.write(SECOND[:end])
        await watched.look(1)
    assert watched.applied == []

    watched.write(SECOND)
    await watched.look()

    assert watched.applied == ["second"]


async def test_a_comment_and_a_touch_change_nothing(watched: Watched) -> None:
    await watched.change("# reviewed\n" + FIRST)
    watched.path.touch()
    await watched.look()

    assert watched.applied == []


async def test_a_refused_file_changes_nothing_and_is_told_once_with_every_wrong_key(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.change(BAD, BAD)
    watched.path.touch()
    await watched.look(6)

    assert (watched.applied, refused()) == ([], 1.0)
    assert len(caplog.records) == 1
    assert "prior: expected" in caplog.text
    assert "lists.deny: expected" in caplog.text


async def test_a_mended_file_comes_into_use_and_clears_the_metric(watched: Watched) -> None:
    await watched.change(BAD, SECOND)

    assert (watched.applied, refused()) == (["second"], 0.0)


async def test_a_file_that_is_put_back_clears_the_metric_and_applies_nothing(watched: Watched) -> None:
    await watched.change(BAD, FIRST)

    assert (watched.applied, refused()) == ([], 0.0)


async def test_a_file_that_is_gone_is_refused_until_it_is_back(watched: Watched) -> None:
    await watched.look()
    watched.path.unlink()
    await watched.look()
    gone = refused()
    watched.write(FIRST)
    await watched.look()

    assert (watched.applied, gone, refused()) == ([], 1.0, 0.0)


async def test_a_detector_that_does_not_exist_is_refused_like_any_wrong_key(watched: Watched) -> None:
    await watched.change('version = "second"\n[detectors.no_such]\nmode = "off"\n')

    assert (watched.applied, refused()) == ([], 1.0)


class GatedTallies:
    """Counts that are answered when the gate opens."""

    def __init__(self) -> None:
        self.asked, self.gate = asyncio.Event(), asyncio.Event()
        self._store = InProcessTallyStore()

    async def observe(self, asked: Any) -> Any:
        """The counts, later."""
        self.asked.set()
        await self.gate.wait()
        return await self._store.observe(asked)


def names(decisions: list[Any]) -> set[str]:
    return {decision.policy_version.partition("+")[0] for decision in decisions}


async def decided(core: OfflineCore, first: int, count: int) -> list[Any]:
    events: list[AnyEvent] = [
        login(event_id=f"e{number}", account_id=f"acct-{number % 7}")
        for number in range(first, first + count)
    ]
    return (await core.decide(offline_records(events, first))).decisions


async def test_a_batch_that_is_under_way_is_decided_under_the_policy_it_began_with(watched: Watched) -> None:
    """The file changes while a batch of several chunks waits for its counts; the next batch has the new one."""
    tallies = GatedTallies()
    core = offline_core(Settings(policy=watched.path), tallies=tallies)
    await watched.watch.look(core._pipeline.use)
    batch = asyncio.create_task(decided(core, 0, 600))
    await tallies.asked.wait()
    watched.write(SECOND)
    for _ in range(3):
        await watched.watch.look(core._pipeline.use)
    tallies.gate.set()

    assert names(await batch) == {"first"}
    later = await decided(core, 600, 50)
    assert names(later) == {"second"}
    assert {each.action for each in later if each.account_id == "acct-1"} == {"deny"}


async def test_what_an_account_learned_stays_when_the_policy_changes(watched: Watched) -> None:
    core = offline_core(Settings(policy=watched.path))
    await decided(core, 0, 70)
    watched.write(SECOND)
    core._pipeline.use(read_policy(watched.path))
    later = await decided(core, 70, 7)

    assert all("learning" not in each.states for each in later)


async def test_a_started_watch_looks_by_itself_until_it_is_stopped(watched: Watched) -> None:
    watched.watch.start(watched.apply, 0.01)
    watched.write(SECOND)
    async with asyncio.timeout(60):
        while watched.applied != ["second"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await watched.watch.stop()
    watched.write(FIRST + "fade = 0.4\n")
    await asyncio.sleep(0)

    assert watched.applied == ["second"]


async def test_without_a_file_there_is_nothing_to_watch() -> None:
    watch = PolicyWatch(None, read_policy())
    watch.start(lambda policy: pytest.fail("no policy can come"), 0.01)
    await watch.stop()
