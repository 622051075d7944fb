"""Builds what stands around the pipeline: the HTTP API, cases, activity and the notifier."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import uvicorn
from redis.asyncio import Redis

from detectors import discover
from notifier.service import Notifier
from services.activity.repository import ActivityStore
from services.activity.service import ActivityService, kept_days
from services.api.application import ApiResources, create_app, server
from services.api.producer import open_producer
from services.api.replies import Replies
from services.bootstrap.pipelines import open_enricher
from services.cases import verdicts
from services.cases.approvals import Act, ActRule
from services.cases.case_acts import CaseActs
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, OwnerWords
from services.cases.service import CasesService
from services.cases.unfreezing import Unfreezing
from services.events.own_events import event_keys, event_macs
from services.http.api_keys import ApiKeys
from services.http.connections import Patience, most_connections
from services.memory.pseudonyms import Pseudonyms
from services.memory.redis_client import connect
from services.memory.redis_facts import store_time
from services.memory.redis_store import RedisChallengeIntake, RedisReplies
from services.mfa import sealed
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_facts import factor_proved, has_factor
from services.mfa.grants import Grants
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.limit_records import Rates
from services.mfa.limits import Limits
from services.mfa.recovery import Cost
from services.mfa.report_undo import ReportUndo
from services.mfa.repository import passed, record_issued
from services.mfa.service import ChallengesService
from services.mfa.vault import Vault
from services.platform.clocks import SharedClock, measure_if_there
from services.platform.database import Database
from services.platform.keyring import read_keyring
from services.platform.progress import Consumers
from services.platform.secrets import decode_key
from services.platform.settings import Settings
from services.policy.acts import Acts
from services.policy.file import read_policy
from services.portal.portal import Portal, public_url
from services.portal.visits import Visits
from services.rights.erasing import forget_decided
from services.rights.erasure import AccountRights
from services.risk.learned_pattern import NAME as LEARNED
from services.scoring.explain import Reasons, reasons_of
from services.wallet.feed import ActionFeed
from services.wallet.webhooks import Webhooks, WebhookSecrets


def open_challenges(
    settings: Settings,
    database: Database,
    client: Redis,
    grants: Grants,
    clock: Callable[[], float] = time.time,
    acts: Acts | None = None,
) -> tuple[ChallengesService, FactorLifecycle, ReportUndo]:
    """Challenges, factors and reports taken back over one vault; a pass is worth a grant.

    `clock` must be the same for all who judge challenges: the database's. `acts` are the policy's, by default the default one's.
    Raises ValueError for a missing or unusable key.
    """
    acts = acts or read_policy().acts
    intake = RedisChallengeIntake(client, clock)
    vault = open_vault(settings)
    checker = CodeChecker(vault, open_limits(settings))
    lifecycle = FactorLifecycle(
        database,
        vault,
        checker,
        clock,
        settings.totp_issuer,
        Cost(memory_kib=settings.recovery_code_memory_kib),
        settings.factor_reset_delay_s,
        two_reset="factor_reset" in acts.second_person,
    )
    undo = ReportUndo(database, checker, clock, acts.undo_s)
    return ChallengesService(database, intake, checker, clock, grants), lifecycle, undo


def open_limits(settings: Settings) -> Limits:
    """The limits of refused codes. Raises UnusableKeys without a key to name networks and devices by."""
    rates = Rates(
        network_codes=settings.refused_codes_network,
        network_refill_s=settings.refused_codes_refill_s,
        fleet_codes=settings.refused_codes_fleet,
    )
    return Limits(decode_key("pseudonym_key", settings.pseudonym_key), rates)


def open_vault(settings: Settings) -> Vault:
    """The vault over the factor keys. Raises UnusableKeys."""
    return Vault.of(read_keyring("factor_key", settings.factor_key, settings.factor_key_file))


def open_grants(settings: Settings) -> Grants:
    """The signer of grants. Raises UnusableKeys."""
    return Grants(read_keyring("grant_key", settings.grant_key, settings.grant_key_file))


def open_portal(settings: Settings, database: Database, clock: Callable[[], float] = time.time) -> Portal:
    """The pages for users. Raises UnusableKeys."""
    keys = read_keyring("factor_key", settings.factor_key, settings.factor_key_file)
    visits = Visits(database, keys, clock)
    return Portal(visits, database, settings.totp_issuer, public_url(settings))


def open_reasons() -> Reasons:
    """The sentences of every detector's reasons."""
    return reasons_of([found.spec for found in discover()])


async def open_api(
    settings: Settings, database: Database, consumers: Consumers | None = None
) -> ApiResources:
    """What the HTTP API needs; `consumers` are those of its process.

    Raises ValueError for settings that are missing, UnusableKeys for keys that do not fit.
    """
    client = connect(settings.redis)
    stored_replies = RedisReplies(client)
    clock = SharedClock("database", database.time)
    await measure_if_there(clock)
    grants, macs, policy = open_grants(settings), event_macs(settings), read_policy(settings.policy)
    acts = policy.acts
    challenges, lifecycle, undo = open_challenges(settings, database, client, grants, clock.now, acts)
    unfreezing = Unfreezing(acts.unfreeze_steps, {"factor": factor_proved}, acts.second_person)
    await sealed.require_keys(database, open_vault(settings))
    rights = AccountRights(settings, database, client, clock.now, policy.acts.second_person)
    verdicts.expect([*(found.spec.name for found in discover()), LEARNED])
    return ApiResources(
        settings=settings,
        database=database,
        redis=client,
        producer=await open_producer(settings),
        stored_replies=stored_replies,
        replies=Replies(stored_replies, uuid.uuid4().hex),
        keys=ApiKeys(database),
        challenges=challenges,
        lifecycle=lifecycle,
        grants=grants,
        cases=CaseService(database, clock.now, CaseActs(unfreezing, acts.second_person, has_factor)),
        activity=ActivityStore(database, kept_days(settings), clock.now, settings.erase_keeps_money_days),
        holds=HoldService(database, clock.now, unfreezing, second_person_acts(lifecycle, rights)),
        words=OwnerWords(database, clock.now, Following(acts.not_me, acts.was_me), factor_proved),
        report_undo=undo,
        rights=rights,
        actions=ActionFeed(database, clock.now),
        webhooks=Webhooks(
            database, WebhookSecrets(event_keys(settings)), clock.now, settings.webhook_private_networks
        ),
        portal=open_portal(settings, database, clock.now),
        reasons=open_reasons(),
        macs=macs,
        consumers=consumers or Consumers(),
        clocks=(clock, SharedClock("store", lambda: store_time(client))),
    )


def second_person_acts(lifecycle: FactorLifecycle, rights: AccountRights) -> dict[Act, ActRule]:
    """What follows when a second person has decided, besides unfreezing; an act of another room has a row here."""
    resets = lifecycle.resets
    return {"factor_reset": ActRule(resets.allowed, resets.refused, scope="admin"), "erasure": rights.act}


def open_cases(settings: Settings, database: Database, consumers: Consumers) -> CasesService:
    """The consumer of decisions and the outbox relay. Raises UnusableKeys without the key that signs our events."""
    return CasesService(settings, database, record_issued, time.time, consumers, forget_decided)


def open_activity(settings: Settings, database: Database, consumers: Consumers) -> ActivityService:
    """The keeper of activity. Raises ValueError for settings that are missing."""
    pseudonyms = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key))
    enricher = open_enricher(settings, pseudonyms)
    return ActivityService(settings, database, enricher, event_macs(settings).check, time.time, consumers)


def open_notifier(settings: Settings, database: Database, consumers: Consumers) -> Notifier:
    """The deliverer of notices. Raises ValueError when no channel is configured."""
    return Notifier(settings, database, time.time, progress=consumers.add("notifier"), passed=passed)


def open_server(resources: ApiResources) -> uvicorn.Server:
    """The HTTP server over these resources: it listens once `serve` runs, and leaves signals to the process."""
    settings = resources.settings
    patience = Patience(
        headers=settings.http_headers_timeout_s,
        body=settings.http_body_timeout_s,
        idle=settings.http_idle_timeout_s,
        connections=most_connections(settings.http_max_connections),
    )
    app = create_app(resources)
    return server(app, settings.http_host, settings.http_port, own_signals=False, patience=patience)


def leave(serving: uvicorn.Server) -> None:
    """Ask `serve` to return after the requests in hand."""
    serving.should_exit = True
