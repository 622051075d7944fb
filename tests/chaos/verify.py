"""The end of every chaos test: let the run settle, gather what it left, judge it, print the figures."""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos.evidence import gather_evidence
from tests.chaos.feed import Feeder
from tests.chaos.oracle import Verdict, judge, replay
from tests.chaos.stack import Stack
from tests.chaos.watch import Watch

SETTLE_S = 90.0


async def verified(
    stack: Stack, feeder: Feeder, watch: Watch, kills: int, tend: Callable[[], object] | None = None
) -> Verdict:
    """Wait for lag 0 and an empty outbox, then compare everything with a replay; fails when a promise was broken."""
    tend = tend or stack.revive
    await watch.until_settled(feeder.ends, SETTLE_S, tend)
    if stack.cases is not None:
        await watch.until_cases_settled(SETTLE_S, tend)
    evidence = await gather_evidence(
        stack.settings, dict(watch.committed), watch.samples, stack.cases is not None
    )
    verdict = judge(evidence, await replay(evidence, stack.settings))
    print(verdict.line(kills, watch.recoveries_s))
    print("recoveries:", ", ".join(f"{what} {seconds:.1f} s" for what, seconds in watch.recoveries))
    assert verdict.clean, verdict.line(kills, watch.recoveries_s) + "\n" + "\n".join(verdict.examples)
    return verdict
