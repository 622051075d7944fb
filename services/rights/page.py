"""The page docs/retention.md: `python -m services.rights.page` prints it."""

from __future__ import annotations

import sys

from msgspec import structs

from contracts import topics
from services.platform.settings import PREFIX, Settings
from services.platform.topics import TOPIC_DAYS
from services.rights.rule import Rule, identity_days
from services.rights.rules import RULES

_HEAD = """\
# How long everything is kept

<!-- Written by `make docs` from services/rights/rules.py and services/platform/topics.py. -->

Times are those of the default settings. The task `retention` of the process `cases` takes rows out once an hour, a few hundred a
transaction (`payguard_rows_forgotten_total`); a table without a rule here fails a test.

| setting | days | of |
|---|---|---|
"""
_TABLES = """
## Tables

| table | kept | taken by | at an erasure of the account |
|---|---|---|---|
"""
_TOPICS = """
## Topics

`payguard admin topics create` sets `retention.ms` of topics that it makes, and leaves topics that are there as they are;
`payguard admin topics describe` says how long the broker keeps each. To change one:
`kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config retention.ms=MILLISECONDS`.

| topic | setting of its days | days |
|---|---|---|
"""
_TAIL = """
## Elsewhere

- The account's memory in Redis or Valkey is kept as long as the account is used; old facts fade and rows are bounded
  (`contracts/profile.py`). What it holds of devices, networks and payees are keyed hashes. Counts across accounts end with
  their windows, records of payees 90 to 180 days after they last changed, decisions for HTTP callers after an hour.
- The audit is append-only and has no end: who did what must be provable. It holds no secret, address or device. An erasure
  takes the networks (keyed hashes) and reasons of the account's rows out, which the database allows, and its own row
  vouches for what is left of them, so `payguard admin audit verify` still tells of every other change. See
  [decisions/ERASED](decisions/ERASED.md).
- Backups and the mail server's own log are the operator's.

## Rights of an account's owner

`GET /v1/accounts/{account_id}/export` and `payguard admin export` tell all that is kept.
`POST /v1/accounts/{account_id}/erase` and `payguard admin erase` take it out, with a second person where the policy's
`[second_person]` says `erasure`. A freeze, a held payment, an unresolved case or an open factor reset must end first: the
answer, 409, names each. The answer of an erasure, and `GET /v1/accounts/{account_id}/erasure` later, list what stays and
until when.

- SQL at once, in one transaction; SQLite overwrites what it deletes, PostgreSQL when it vacuums.
- The event `erasure` goes to `account-events`. Behind it workers begin a new memory of the account, the activity store and
  the cases process take out what came in late, and a replay does the same. What the account does later is a new account's.
- Where a law asks for transactions, `PAYGUARD_ERASE_KEEPS_MONEY_DAYS` leaves those of so many days, without device, place,
  network and session.
- The wallet is not told: it asked.

## What a replay rebuilds

`account-events` is kept for `PAYGUARD_EVENTS_DAYS`, not for ever, so a replay of it rebuilds what the last so many days
taught (`payguard admin memory rebuild`), and no more. What is older is in the store alone: back it up (snapshot and
append-only file) as often as you can bear to lose; a store restored from a backup goes on from the offset that it had
reached, and the topic has what followed, if the backup is younger than the topic is long. See
[decisions/NUMBER](decisions/NUMBER.md).
"""
_MEANINGS = {
    "events_days": "`account-events`, and so how far back memory can be learned anew",
    "topic_days": "all other topics",
    "records_days": "what was decided and done: decisions with effects, alerts, cases, holds, actions",
    "letters_days": "what was written to owners: notices, messages, addresses that were replaced, challenges",
    "activity_money_days": "transactions in the store of activity",
    "activity_access_days": "all else there",
}
ERASURE = "0039-an-erasure-deletes"
DECISION = "0033-how-long-a-replay-reaches-back"


def page() -> str:
    """The page."""
    defaults = Settings()
    rows = "".join(
        f"| `{PREFIX}{name.upper()}` | {getattr(defaults, name)} | {meaning} |\n"
        for name, meaning in _MEANINGS.items()
    )
    tables = "".join(
        f"| `{rule.table}` | {_kept(rule, defaults)} | {rule.by} | {rule.erased} |\n"
        for rule in sorted(RULES, key=lambda rule: rule.table)
    )
    told = {field.default: field.name for field in structs.fields(Settings)}
    kept = "".join(
        f"| `{topic}` | `{PREFIX}{TOPIC_DAYS[told[topic]].upper()}` | {getattr(defaults, TOPIC_DAYS[told[topic]])} |\n"
        for topic in (
            topics.ACCOUNT_EVENTS,
            topics.ACCOUNT_EVENTS_DEAD,
            topics.DECISIONS,
            topics.ACTIONS,
            topics.ACTION_RESULTS,
            topics.MESSAGES,
        )
    )
    least = (
        f"\nWhat keeps an effect from happening twice outlives every topic: {identity_days(defaults)} days at least, whatever the"
        " settings say of records and letters.\n"
    )
    return (
        _HEAD
        + rows
        + least
        + _TABLES
        + tables
        + _TOPICS
        + kept
        + _TAIL.replace("NUMBER", DECISION).replace("ERASED", ERASURE)
    )


def _kept(rule: Rule, settings: Settings) -> str:
    if rule.days is None:
        return rule.since
    return f"{rule.days(settings)} days after {rule.since}"


if __name__ == "__main__":
    sys.stdout.write(page())
