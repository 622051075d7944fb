"""Whose word an offered event is: the scope it needs of the API key, and the source that a label carries."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from contracts.errors import Malformed
from contracts.events import Label, UserReport
from services.api.offered import Offered
from services.api.warnings import EventWarning
from services.http.api_keys import ApiKey, Scope

#: What sends events at all; any of them opens the route.
SENDING: tuple[Scope, ...] = ("ingest", "report", "label")
FORBIDDEN = "forbidden"
#: The word of PayGuard's own desk, which closes cases.
_DESK = "support"


def attributed(offer: Offered, key: ApiKey) -> Offered:
    """The event as this key may say it, or refused: reports and labels need scopes of their own.

    A label says which key told it, `key:NAME`, whatever its sender wrote there.
    """
    event = offer.event
    if event is None:
        return offer
    kind = event.__class__
    scope: Scope = "report" if kind is UserReport else "label" if kind is Label else "ingest"
    if not key.allows(scope):
        detail = f"a {event.__struct_config__.tag} needs the scope {scope}, which this key lacks"
        return refused(offer, FORBIDDEN, detail)
    if isinstance(event, UserReport) and event.undoes is not None:
        detail = "undoes: a report is taken back with a code, by POST /v1/accounts/{account_id}/reports/{event_id}/undo"
        return refused(offer, "not_offered", detail)
    return _sourced(offer, event, key) if isinstance(event, Label) else offer


def _sourced(offer: Offered, event: Label, key: ApiKey) -> Offered:
    members = msgspec.json.decode(offer.value, type=dict[str, Raw])
    given = event.source if "source" in members else None
    if given == _DESK:
        detail = "source: support labels by resolving cases, not over HTTP; leave the field out"
        return refused(offer, "not_offered", detail)
    members.pop("source", None)  # and behind the rest, wherever it stood: the same content has the same bytes
    value = msgspec.json.encode({**members, "source": key.actor})
    told = msgspec.structs.replace(event, source=key.actor)
    warnings = offer.warnings
    if given is not None and given != key.actor:
        detail = "a label's source is the key that sends it; leave the field out"
        warnings = (*warnings, EventWarning("source_replaced", "source", detail))
    return msgspec.structs.replace(offer, value=value, event=told, warnings=warnings)


def refused(offer: Offered, reason: str, detail: str) -> Offered:
    """The event as one that is not taken, and why."""
    error = Malformed(reason, detail)
    return Offered(offer.index, offer.value, offer.event_id, error=error, warnings=offer.warnings)
