"""The only place that builds real things out of settings."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime

from redis.asyncio import Redis

from detectors import discover
from notifier.service import Notifier
from services.api import ApiResources
from services.cases.desk import CaseDesk
from services.cases.service import CasesService
from services.challenges.repository import record_issued
from services.challenges.service import ChallengesService
from services.challenges.vault import Vault
from services.database import Database
from services.ingest.enrich import Enricher
from services.ingest.keys import ApiKeys
from services.ingest.producer import open_producer
from services.ingest.replies import Replies
from services.ingest.user_agents import UserAgents
from services.lab.offline import Collected, OfflineCore
from services.memory.accounts import LiveAccounts
from services.memory.in_process import (
    InProcessChallengeIntake,
    InProcessMailbox,
    InProcessProfileStore,
    InProcessTallyStore,
)
from services.memory.pseudonyms import Pseudonyms
from services.memory.redis_client import connect
from services.memory.redis_store import RedisChallengeIntake, RedisMailbox, RedisProfileStore
from services.memory.redis_tallies import RedisTallyStore
from services.policy_file import read_policy
from services.scoring.counting import TallyPlan
from services.scoring.explain import Reasons, reasons_of, sentences
from services.scoring.runner import Runner
from services.secrets import KEY_BYTES, decode_key
from services.settings import Settings
from services.stream.parts import InvalidCeiling, Parts
from services.stream.pipeline import Belt
from services.stream.producer import BatchProducer

#: Offline there is nothing to protect and answers must be the same on every machine.
OFFLINE_KEY = bytes(KEY_BYTES)


def clock_ms() -> int:
    """The wall clock in epoch milliseconds."""
    return int(time.time() * 1000)


def _scoring(settings: Settings, pseudonyms: Pseudonyms) -> tuple[Enricher, TallyPlan, Runner]:
    detectors = discover()
    policy = read_policy(settings.policy)
    enricher = Enricher(
        pseudonyms,
        settings.geo_city,
        settings.geo_asn,
        settings.network_lists,
        UserAgents(),
        as_of=datetime.now(UTC).date(),
    )
    plan = TallyPlan([found.spec.tally for found in detectors if found.spec.tally is not None])
    return enricher, plan, Runner(detectors, policy, settings.allowed_lateness_s)


async def open_belt(settings: Settings) -> Belt:
    """A worker's belt on Kafka and Redis. Raises ValueError for settings that are missing, Unavailable when Kafka is away."""
    pseudonyms = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key))
    enricher, plan, runner = _scoring(settings, pseudonyms)
    client = connect(settings.redis)
    producer = BatchProducer(settings.kafka, "payguard-worker")
    await producer.start()
    return Belt(
        Parts(
            settings=settings,
            enricher=enricher,
            pseudonyms=pseudonyms,
            memory=LiveAccounts(RedisProfileStore(client), settings.live_accounts),
            tallies=RedisTallyStore(client),
            tally_plan=plan,
            runner=runner,
            challenges=RedisChallengeIntake(client, time.time),
            producer=producer,
            mailbox=RedisMailbox(client),
            clock_ms=clock_ms,
            ceiling=InvalidCeiling(settings.invalid_ceiling),
            closers=(producer.stop, client.aclose),
        )
    )


def offline_core(settings: Settings, pseudonym_key: bytes = OFFLINE_KEY) -> OfflineCore:
    """The same core with everything in this process."""
    pseudonyms = Pseudonyms(pseudonym_key)
    enricher, plan, runner = _scoring(settings, pseudonyms)
    profiles, collected = InProcessProfileStore(), Collected()
    belt = Belt(
        Parts(
            settings=settings,
            enricher=enricher,
            pseudonyms=pseudonyms,
            memory=LiveAccounts(profiles, settings.live_accounts),
            tallies=InProcessTallyStore(),
            tally_plan=plan,
            runner=runner,
            challenges=InProcessChallengeIntake(time.time),
            producer=collected,
            mailbox=InProcessMailbox(time.time),
            clock_ms=clock_ms,
        )
    )
    return OfflineCore(belt, collected, profiles)


def open_challenges(settings: Settings, database: Database, client: Redis) -> ChallengesService:
    """The second factor. Raises ValueError for a missing or unusable key."""
    intake = RedisChallengeIntake(client, time.time)
    vault = Vault.from_setting(settings.factor_key)
    return ChallengesService(database, intake, vault, time.time, settings.totp_issuer)


def open_reasons() -> Reasons:
    """The sentences of every detector's reasons."""
    return reasons_of([found.spec for found in discover()])


async def open_api(settings: Settings, database: Database) -> ApiResources:
    """What the HTTP API needs. Raises ValueError for settings that are missing, VaultClosed for the wrong factor key."""
    client = connect(settings.redis)
    mailbox = RedisMailbox(client)
    challenges = open_challenges(settings, database, client)
    await challenges.check_key()
    return ApiResources(
        settings=settings,
        database=database,
        redis=client,
        producer=await open_producer(settings),
        mailbox=mailbox,
        replies=Replies(mailbox, uuid.uuid4().hex),
        keys=ApiKeys(database),
        challenges=challenges,
        cases=CaseDesk(database, time.time),
        reasons=open_reasons(),
    )


def open_cases(settings: Settings, database: Database) -> CasesService:
    """The consumer of decisions and the outbox relay."""
    return CasesService(settings, database, record_issued, time.time)


def open_notifier(settings: Settings, database: Database) -> Notifier:
    """The deliverer of notices. Raises ValueError when no channel is configured."""
    reasons = open_reasons()
    return Notifier(settings, database, lambda decision, locale: sentences(decision, locale, reasons), time.time)
