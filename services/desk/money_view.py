"""What the page of a case about money shows beside its steps and evidence: a channel's charts, the other side, offers. Pure."""

from __future__ import annotations

from typing import Any

from services.desk.channel_charts import charts_of, refused_words
from services.desk.counterparty import counterparty_facts
from services.desk.kind_reading import Around
from services.desk.offers import contacts_of, offers_of
from services.desk.story_parts import Telling


def money_values(around: Around, service: str, tell: Telling) -> dict[str, Any]:
    """`charts` with `refused`, `counterparty`, `contacts` and `offers`; `service` is the wallet's name.

    `bulk` is the case from which everybody at the channel is written to, nothing where nobody is.
    """
    disputed, past, other = around.file.case.kind == "dispute", around.past, around.counterparty
    contact = around.work.value("counterparty_asked")
    return {
        "charts": [] if past is None else charts_of(past, tell),
        "refused": "" if past is None else refused_words(past, tell),
        "counterparty": []
        if other is None
        else counterparty_facts(other, around.work.value("counterparty"), contact, tell),
        "contacts": contacts_of(around, tell) if disputed else [],
        "bulk": around.file.case.case_id if past is not None else "",
        "offers": offers_of(around, service, tell) if disputed else [],
    }
