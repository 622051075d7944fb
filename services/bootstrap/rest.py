"""Builds what stands around the pipeline: the HTTP API, cases and the notifier."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import uvicorn
from redis.asyncio import Redis

from detectors import discover
from notifier.service import Notifier
from services.activity.repository import ActivityStore
from services.activity.service import kept_days
from services.answers.answers import Answers
from services.api.application import ApiResources, create_app, server
from services.api.producer import open_producer
from services.api.replies import Replies
from services.attacks import asking
from services.attacks.carrying import AttackActs
from services.bootstrap.centre import open_centre, open_portal, open_sign_in
from services.bootstrap.desk import open_desk, open_ground, staff_of
from services.bootstrap.help_desks import open_arrivals
from services.bootstrap.helping import open_library
from services.bootstrap.packing import open_packs
from services.bootstrap.supporting import open_case_service
from services.cases import verdicts
from services.cases.answer_links import AnswerLinks
from services.cases.approvals import Act, ActRule
from services.cases.business_days import deadline_set
from services.cases.forgotten_devices import ACT
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, OwnerWords
from services.cases.service import CasesService
from services.cases.stops import measure_stop
from services.cases.unfreezing import Unfreezing
from services.desk import bulk_messages, packs
from services.desk.limits import PolicyLimits
from services.events.own_events import event_keys, event_macs
from services.http.api_keys import ApiKeys
from services.http.connections import Patience, most_connections
from services.memory.redis_client import connect
from services.memory.redis_facts import store_time
from services.memory.redis_store import RedisChallengeIntake, RedisReplies
from services.mfa import sealed
from services.mfa.factor_check import CodeChecker
from services.mfa.factor_facts import factor_proved
from services.mfa.grants import Grants
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.limit_records import Rates
from services.mfa.limits import Limits
from services.mfa.recovery import Cost
from services.mfa.report_undo import ReportUndo
from services.mfa.repository import passed, record_issued
from services.mfa.service import ChallengesService
from services.mfa.vault import Vault
from services.mfa.with_code import WithCode
from services.platform.clocks import SharedClock, measure_if_there
from services.platform.currency_files import read_rates
from services.platform.database import Database
from services.platform.keyring import read_keyring
from services.platform.progress import Consumers
from services.platform.secrets import decode_key
from services.platform.settings import Settings
from services.policy.acts import Acts
from services.policy.file import read_policy
from services.portal.letter_links import letter_links
from services.reports.service import ReportService
from services.rights.erasing import forget_decided
from services.rights.erasure import AccountRights
from services.risk.learned_pattern import NAME as LEARNED
from services.scoring.explain import Reasons, reasons_of
from services.staff import administration, members
from services.staff.staff import Staff
from services.wallet.feed import ActionFeed
from services.wallet.webhooks import Webhooks, WebhookSecrets


def open_challenges(
    settings: Settings,
    database: Database,
    client: Redis,
    grants: Grants,
    clock: Callable[[], float] = time.time,
    acts: Acts | None = None,
) -> tuple[ChallengesService, FactorLifecycle, ReportUndo, WithCode]:
    """Challenges, factors, reports taken back and other acts with a code over one vault; a pass is worth a grant.

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
        stand=members.stand,
    )
    undo = ReportUndo(database, checker, clock, acts.undo_s)
    service = ChallengesService(database, intake, checker, clock, grants)
    return service, lifecycle, undo, WithCode(database, checker, clock)


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


def open_reasons() -> Reasons:
    """The sentences of every detector's reasons."""
    return reasons_of([found.spec for found in discover()])


async def open_api(
    settings: Settings, database: Database, consumers: Consumers | None = None
) -> ApiResources:
    """What the HTTP API needs; `consumers` are its process's. Raises ValueError for missing settings, UnusableKeys."""
    # long because it names each part of the API once
    client, clock = connect(settings.redis), SharedClock("database", database.time)
    stored_replies = RedisReplies(client)
    await measure_if_there(clock)
    policy = read_policy(settings.policy)
    grants, macs, acts = open_grants(settings), event_macs(settings), policy.acts
    opened = open_challenges(settings, database, client, grants, clock.now, acts)
    challenges, lifecycle, undo, with_code = opened
    first_answer_s = acts.clocks["unauthorised"].first_answer_s
    following = Following(acts.not_me, acts.was_me, policy.severity["report"], first_answer_s)
    links = AnswerLinks(event_keys(settings))
    unfreezing = Unfreezing(acts.unfreeze_steps, {"factor": factor_proved}, acts.second_person)
    vault = open_vault(settings)
    await sealed.require_keys(database, vault)
    words = OwnerWords(database, clock.now, following, factor_proved)
    rights = AccountRights(settings, database, client, clock.now, acts.second_person)
    verdicts.expect([*(found.spec.name for found in discover()), LEARNED])
    cases = open_case_service(settings, database, unfreezing, acts, clock.now)
    activity = ActivityStore(database, kept_days(settings), clock.now, settings.erase_keeps_money_days)
    staff = staff_of(settings, database, clock.now)
    holds = HoldService(database, clock.now, unfreezing, second_person_acts(lifecycle, rights, staff))
    centre = open_centre(settings, database, client, with_code, words, unfreezing, acts, clock.now)
    reasons = open_reasons()
    reports = ReportService(database, clock.now, acts.clocks, vault, deadline_set(settings.deadlines))
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
        cases=cases,
        activity=activity,
        holds=holds,
        words=words,
        centre=centre,
        report_undo=undo,
        answers=Answers(database, links, clock.now, following, challenges, with_code),
        reports=reports,
        rights=rights,
        packs=open_packs(settings, database, clock.now, open_vault(settings), reasons),
        arrivals=open_arrivals(settings, database, clock.now),
        library=await open_library(settings, database, clock.now),
        actions=ActionFeed(database, clock.now, done=measure_stop),
        webhooks=open_webhooks(settings, database, clock.now),
        portal=open_portal(settings, database, clock.now),
        desk=open_desk(
            settings,
            staff,
            database,
            clock.now,
            cases,
            holds,
            activity,
            centre.known,
            reasons,
            PolicyLimits(policy),
            acts,
            reports.files,
        ),
        sign_in=open_sign_in(settings, clock.now),
        reasons=reasons,
        macs=macs,
        consumers=consumers or Consumers(),
        clocks=(clock, SharedClock("store", lambda: store_time(client))),
    )


def open_webhooks(settings: Settings, database: Database, clock: Callable[[], float]) -> Webhooks:
    """Where actions are sent to over HTTP. Raises UnusableKeys."""
    secrets = WebhookSecrets(event_keys(settings))
    return Webhooks(database, secrets, clock, settings.webhook_private_networks)


def second_person_acts(lifecycle: FactorLifecycle, rights: AccountRights, staff: Staff) -> dict[Act, ActRule]:
    """What follows when a second person has decided, besides unfreezing; an act of another room has a row here."""
    resets = lifecycle.resets
    return {
        "factor_reset": ActRule(resets.allowed, resets.refused, scope="admin"),
        "erasure": rights.act,
        packs.UNMASKED: packs.RULE,
        administration.RESET: administration.reset_rule(staff),
        bulk_messages.ACT: bulk_messages.RULE,
        asking.ACT: asking.RULE,
    }


def open_cases(settings: Settings, database: Database, consumers: Consumers) -> CasesService:
    """The consumer of decisions and the outbox relay. Raises UnusableKeys without the key that signs our events."""
    acts = read_policy(settings.policy).acts
    return CasesService(
        settings,
        database,
        record_issued,
        time.time,
        consumers,
        forget_decided,
        acts.incident_s,
        forgets_devices=ACT in acts.not_me,
        ground=open_ground(acts),
        rates=read_rates(settings.rates),
    )


def open_attack_acts(settings: Settings, database: Database) -> AttackActs:
    """What carries out acts on all accounts of an attack."""
    return AttackActs(database, time.time, open_ground(read_policy(settings.policy).acts))


def open_notifier(settings: Settings, database: Database, consumers: Consumers) -> Notifier:
    """The deliverer of notices. Raises ValueError when no channel is configured."""
    link_of = letter_links(settings)
    progress = consumers.add("notifier")
    return Notifier(settings, database, time.time, progress=progress, passed=passed, link_of=link_of)


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
