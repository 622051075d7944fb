"""Results that wallets tell by Kafka, noted like those that they tell over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aiokafka import ConsumerRecord

from contracts.errors import Malformed, Unavailable
from services.platform.metrics import ACTION_RESULTS_REFUSED
from services.platform.progress import Progress
from services.platform.settings import Settings
from services.platform.topic_consumer import Source, TopicConsumer
from services.wallet.actions import ActionResult, read_result
from services.wallet.feed import ActionFeed

#: Who said it, where the topic did.
BY_TOPIC = "topic"
#: Each result is a transaction of its own.
_MOST_RECORDS = 200


def result_consumer(
    settings: Settings, feed: ActionFeed, untold: Callable[[str], Awaitable[bool]], progress: Progress
) -> TopicConsumer[ActionResult]:
    """Whoever notes what wallets say they did.

    A record that is no result, or that names no action, is counted and passed over. An action is in the feed before any
    wallet hears of it, unless the database took nothing at that moment: one that `untold` knows is waited for.
    """

    async def note(results: Sequence[ActionResult]) -> None:
        for told in results:
            if await _noted(feed, told):
                continue
            # It may have entered the feed between the two looks.
            if await untold(told.action_id):
                raise Unavailable("the action is not in the feed yet", "action_untold")
            if not await _noted(feed, told):
                ACTION_RESULTS_REFUSED.labels("unknown_action").inc()

    most = min(_MOST_RECORDS, settings.batch_records)
    source = Source(settings.topic_results, settings.results_group, "payguard-results", most)
    return TopicConsumer(settings, source, results_in, note, progress)


async def _noted(feed: ActionFeed, told: ActionResult) -> bool:
    return await feed.acknowledge(told.action_id, told.result, BY_TOPIC, told.detail) is not None


def results_in(records: Sequence[ConsumerRecord]) -> list[ActionResult]:
    """The results among these records, in their order; the others are counted."""
    found = []
    for record in records:
        try:
            found.append(read_result(record.value or b""))
        except Malformed:
            ACTION_RESULTS_REFUSED.labels("malformed").inc()
    return found
