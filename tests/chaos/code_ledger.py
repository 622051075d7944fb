"""The books that SQL kept of offered codes against each other, and against what clients were answered.

Attempts are counted in four places that one transaction writes: the challenge, the factor, the fleet's minutes and the audit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec import json
from sqlalchemy import Table, select

from contracts.events import AnyEvent, ChallengeOutcome
from services.audit.tables import audit
from services.cases.tables import outbox
from services.mfa import totp
from services.mfa.limit_tables import code_minutes, factor_devices
from services.mfa.limits import DEVICE_FAILURES
from services.mfa.records import ATTEMPTS
from services.mfa.tables import challenges, factors
from services.platform.database import Database
from tests.chaos.code_traffic import NOBODY_S, Holder, Offers

_EXAMPLES = 5
#: Results that cost a challenge an attempt, and those that count against a factor.
_SPENT = frozenset({"wrong", "replayed", "skewed", "locked", "no_factor"})
_FAILURES = frozenset({"wrong", "replayed"})
_NOT_REFUSED = frozenset({"passed", "repeated", "skewed"})

Rows = list[dict[str, Any]]


class Ledger:
    """Everything that was written, read once after the run."""

    def __init__(self, tables: dict[str, Rows]) -> None:
        self.challenges = {row["challenge_id"]: row for row in tables["challenges"]}
        self.factors = {row["account_id"]: row for row in tables["factors"]}
        #: failures that each factor's one known device counts; those who guess have none
        self.device_failures = {row["factor_id"]: row["failures"] for row in tables["factor_devices"]}
        self.minutes = tables["code_minutes"]
        self.entries = [row for row in tables["audit"] if row["action"] == "verify"]
        self.outcomes: dict[str, list[str]] = defaultdict(list)
        for row in tables["outbox"]:
            event = json.decode(row["payload"], type=AnyEvent)
            if isinstance(event, ChallengeOutcome):
                self.outcomes[event.challenge_id].append(event.outcome)
        self.results: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.entries:
            self.results[row["challenge_id"]][row["result"]] += 1

    def faults(self, offers: dict[str, Offers], holders: list[Holder]) -> list[str]:
        """What does not add up; empty when everything does."""
        secrets = {holder.account_id: holder.secret for holder in holders}
        found = [
            *self._codes_accepted_twice(),
            *self._answers_without_their_entry(offers),
            *self._passes_that_are_not_in_sql(offers, secrets),
            *self._challenges_that_miscount(),
            *self._factors_that_miscount(),
            *self._outcomes_that_are_not_one(),
        ]
        refused = sum(row["result"] not in _NOT_REFUSED for row in self.entries)
        counted = sum(row["refused"] for row in self.minutes)
        if refused != counted:
            found.append(f"the audit has {refused} refused codes and the fleet's minutes {counted}")
        return found

    def counts(self) -> Counter[str]:
        """How often each result stands in the audit."""
        return Counter(row["result"] for row in self.entries)

    def _codes_accepted_twice(self) -> Iterator[str]:
        burnt = Counter(
            (row["account_id"], row["passed_step"])
            for row in self.challenges.values()
            if row["passed_step"] is not None
        )
        yield from (f"{key} was accepted {times} times" for key, times in burnt.items() if times > 1)

    def _answers_without_their_entry(self, offers: dict[str, Offers]) -> Iterator[str]:
        """Each answer has one entry; beyond them there is at most one for each answer that was lost."""
        for challenge_id, told in offers.items():
            results = self.results[challenge_id]
            passed = results["passed"] + results["repeated"]
            refused = results.total() - passed
            spare = results.total() - told.passed - told.refused
            if told.passed > passed or told.refused > refused or not 0 <= spare <= told.lost:
                yield f"{challenge_id}: answered {told}, entries {dict(results)}"
        if unknown := self.results.keys() - offers.keys():
            yield f"entries of challenges that nobody answered for: {sorted(unknown)[:_EXAMPLES]}"

    def _passes_that_are_not_in_sql(
        self, offers: dict[str, Offers], secrets: dict[str, str]
    ) -> Iterator[str]:
        for challenge_id, told in offers.items():
            if not told.passed:
                continue
            row = self.challenges[challenge_id]
            if row["state"] != "passed" or len(told.grants) != 1:
                yield f"{challenge_id}: answered as passed, but it is {row['state']}; {len(told.grants)} grants"
            elif told.codes_that_passed != {totp.code_of(secrets[told.account_id], row["passed_step"])}:
                yield f"{challenge_id}: passed by another code than that of its burnt step"

    def _challenges_that_miscount(self) -> Iterator[str]:
        for challenge_id, row in self.challenges.items():
            results = self.results[challenge_id]
            spent = sum(count for result, count in results.items() if result in _SPENT)
            if row["state"] == "passed":
                spent += results["closed"]
            if row["attempts_left"] != max(0, ATTEMPTS - spent):
                yield f"{challenge_id}: {row['attempts_left']} attempts left after {dict(results)}"
            if results["passed"] != (row["state"] == "passed"):
                yield f"{challenge_id}: {row['state']} with {results['passed']} entries of a pass"
            if spent and challenge_id.startswith(NOBODY_S):
                yield f"{challenge_id}: nobody issued it, but it was compared"

    def _factors_that_miscount(self) -> Iterator[str]:
        since: Counter[str] = Counter()
        for entry in sorted(self.entries, key=lambda row: (row["lane"], row["seq"])):
            if entry["result"] == "passed":
                since[entry["account_id"]] = 0
            elif entry["result"] in _FAILURES:
                since[entry["account_id"]] += 1
        for account_id, row in self.factors.items():
            strangers, by_device = row["failures_total"], self.device_failures.get(row["id"], 0)
            counted = by_device or strangers
            if counted != since[account_id] or (0 < by_device < DEVICE_FAILURES and strangers):
                yield f"{account_id}: {strangers} and {by_device} failures, {since[account_id]} by the audit"

    def _outcomes_that_are_not_one(self) -> Iterator[str]:
        for challenge_id, row in self.challenges.items():
            expected = [] if row["state"] == "open" else [row["state"]]
            if self.outcomes[challenge_id] != expected:
                yield f"{challenge_id}: {row['state']}, but its outcomes are {self.outcomes[challenge_id]}"


async def read_ledger(database: Database) -> Ledger:
    """Every row that counts, in one snapshot."""
    wanted: tuple[Table, ...] = (challenges, factors, factor_devices, code_minutes, audit, outbox)
    async with database.read() as connection:
        return Ledger(
            {
                table.name: [dict(row) for row in (await connection.execute(select(table))).mappings()]
                for table in wanted
            }
        )
