"""Names of topics and record headers; what is keyed by what."""

from __future__ import annotations

#: Everything that changes what PayGuard believes about an account; key = account_id, value = one event as JSON.
ACCOUNT_EVENTS = "account-events"
#: Events that can never be processed: original key, value and headers, and why (headers `dead-*`).
ACCOUNT_EVENTS_DEAD = "account-events.dead"
#: One decision an event, its effects inside; key = account_id, same partition as the event.
DECISIONS = "decisions"
#: What the wallet must do beyond one answer (freeze, revoke); key = account_id; `action_id` in the value.
ACTIONS = "actions"
#: What the wallet did with an action, where it tells that by Kafka; key = account_id; `action_id` and `result` in the value.
ACTION_RESULTS = "action-results"
#: What an owner was told, for the wallet's own systems, where that is wanted; key = account_id; `message_id` in the value.
MESSAGES = "messages"

#: On a decision that has effects, or refuses (value b"1"): consumers that want only those need not parse the rest.
HEADER_EFFECTS = "effects"
#: On an event: the reply channel the decision is published to (Redis), set by our HTTP API.
HEADER_REPLY_TO = "reply-to"
#: On what PayGuard itself says about an account: its MAC, `VERSION:HEX`; without a right one the record is a dead letter.
HEADER_MAC = "payguard-mac"
#: W3C trace context, passed through from event to decision, action and dead letter.
HEADER_TRACEPARENT = "traceparent"
#: On an event that lay on a partition which its key does not belong to, and was moved: topic, partition, offset it came from.
HEADER_MOVED_FROM = "moved-from"

DEAD_REASON = "dead-reason"
DEAD_DETAIL = "dead-detail"
DEAD_TOPIC = "dead-topic"
DEAD_PARTITION = "dead-partition"
DEAD_OFFSET = "dead-offset"
DEAD_ATTEMPTS = "dead-attempts"
