"""Builds the pipeline: for a worker on Kafka and Redis, and offline in one process."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from redis.asyncio import Redis

from contracts.findings import PAYEE
from contracts.ports import TallyStore
from detectors import discover
from services.enrichment.enrich import Enricher
from services.enrichment.user_agents import UserAgents
from services.events.decode import InvalidCeiling
from services.events.own_events import event_macs
from services.memory.accounts import LiveAccounts
from services.memory.in_process import (
    InProcessChallengeIntake,
    InProcessProfileStore,
    InProcessReplies,
    InProcessTallyStore,
)
from services.memory.memory_watch import MemoryWatch
from services.memory.pseudonyms import Pseudonyms
from services.memory.redis_client import connect
from services.memory.redis_facts import store_time
from services.memory.redis_store import RedisChallengeIntake, RedisProfileStore, RedisReplies
from services.memory.redis_tallies import RedisTallyStore
from services.platform.clocks import SharedClock
from services.platform.currency_files import read_rates, tell_age
from services.platform.kafka_access import kafka_access
from services.platform.secrets import KEY_BYTES, decode_key
from services.platform.settings import Settings
from services.policy.file import read_policy
from services.replay.offline import Collected, Discarded, OfflineCore
from services.risk.model import Reader
from services.risk.model_loading import load_model
from services.scoring.counting import TallyPlan
from services.scoring.explain import reasons_of
from services.scoring.runner import Runner
from services.stream.batch_result import expect
from services.stream.components import Components
from services.stream.pipeline import Pipeline
from services.stream.placement import Placement
from services.stream.policy_watch import PolicyWatch
from services.stream.producer import BatchProducer
from services.stream.topic_watch import TopicWatch

#: Offline there is nothing to protect and answers must be the same on every machine.
OFFLINE_KEY = bytes(KEY_BYTES)


def open_enricher(settings: Settings, pseudonyms: Pseudonyms) -> Enricher:
    """Enrichment from the sources that the settings name."""
    return Enricher(
        pseudonyms,
        settings.geo_city,
        settings.geo_asn,
        settings.network_lists,
        UserAgents(),
        as_of=datetime.now(UTC).date(),
    )


def _scoring(
    settings: Settings, pseudonyms: Pseudonyms, model: Reader | None = None, freezes_stand: bool = True
) -> tuple[Enricher, TallyPlan, Runner]:
    detectors = discover()
    policy = read_policy(settings.policy)
    enricher = open_enricher(settings, pseudonyms)
    model = model or load_model(settings.model)
    wanted = [found.spec.tally for found in detectors if found.spec.tally is not None]
    plan = TallyPlan([*wanted, PAYEE] if model is not None and PAYEE not in wanted else wanted)
    rates = read_rates(settings.rates)
    runner = Runner(detectors, policy, settings.allowed_lateness_s, model, rates, freezes_stand)
    return enricher, plan, runner


async def open_pipeline(settings: Settings) -> Pipeline:
    """A worker's pipeline on Kafka and Redis. Raises ValueError for settings that are missing, Unavailable when Kafka is away."""
    pseudonyms = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key))
    enricher, plan, runner = _scoring(settings, pseudonyms)
    tell_age(runner.rates, datetime.now(UTC).date(), shipped=settings.rates is None)
    client = connect(settings.redis)
    producer = BatchProducer(settings.kafka, "payguard-worker", kafka_access(settings))
    await producer.start()
    policy_watch = PolicyWatch(settings.policy, runner.stated)
    clock = SharedClock("store", lambda: store_time(client))
    await clock.start(settings.memory_check_s)
    memory_watch = MemoryWatch(client, settings.topic_epoch, clock.now_ms)
    topic = TopicWatch(settings, lambda: producer.facts(settings.topic_events), client)
    users = (policy_watch, clock, memory_watch, topic, producer)
    pipeline = Pipeline(
        Components(
            settings=settings,
            enricher=enricher,
            pseudonyms=pseudonyms,
            memory=LiveAccounts(RedisProfileStore(client, watch=memory_watch), settings.live_accounts),
            tallies=RedisTallyStore(client),
            tally_plan=plan,
            runner=runner,
            challenges=RedisChallengeIntake(client, clock.now),
            producer=producer,
            stored_replies=RedisReplies(client),
            clock=clock.now,
            believed_ms=clock.now_ms,
            check_own=event_macs(settings).check,
            topic=topic,
            placement=Placement(settings.topic_events, settings.partitions),
            ceiling=InvalidCeiling(settings.invalid_ceiling),
            watch=memory_watch,
            closers=(*(each.stop for each in users), client.aclose),
        )
    )
    expect(code for _, code in reasons_of(found.spec for found in discover()))
    policy_watch.start(pipeline.use, settings.policy_reread_s)
    memory_watch.start(settings.memory_check_s)
    topic.start(settings.topic_check_s)
    return pipeline


def rebuilding_pipeline(settings: Settings, client: Redis) -> Pipeline:
    """A pipeline that learns into the store and tells nobody what it decides. Raises ValueError for settings that are missing."""
    pseudonyms = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key))
    enricher, plan, runner = _scoring(settings, pseudonyms)
    return Pipeline(
        Components(
            settings=settings,
            enricher=enricher,
            pseudonyms=pseudonyms,
            memory=LiveAccounts(RedisProfileStore(client), settings.live_accounts),
            tallies=RedisTallyStore(client),
            tally_plan=plan,
            runner=runner,
            challenges=InProcessChallengeIntake(time.time),
            producer=Discarded(),
            stored_replies=InProcessReplies(time.time),
            clock=time.time,
            check_own=event_macs(settings).check,
            placement=Placement(settings.topic_events, settings.partitions),
        )
    )


def offline_core(
    settings: Settings,
    pseudonym_key: bytes = OFFLINE_KEY,
    tallies: TallyStore | None = None,
    model: Reader | None = None,
    freezes_stand: bool = True,
) -> OfflineCore:
    """The same core with everything in this process; `tallies` may bring the counts that another run saw.

    `model` takes the place of the settings' one. Unless `freezes_stand`, as in a worker, each event is judged on its own.
    """
    pseudonyms = Pseudonyms(pseudonym_key)
    enricher, plan, runner = _scoring(settings, pseudonyms, model, freezes_stand)
    profiles, collected = InProcessProfileStore(), Collected()
    pipeline = Pipeline(
        Components(
            settings=settings,
            enricher=enricher,
            pseudonyms=pseudonyms,
            memory=LiveAccounts(profiles, settings.live_accounts),
            tallies=tallies or InProcessTallyStore(),
            tally_plan=plan,
            runner=runner,
            challenges=InProcessChallengeIntake(time.time),
            producer=collected,
            stored_replies=InProcessReplies(time.time),
            clock=time.time,
        )
    )
    return OfflineCore(pipeline, collected, profiles)
