"""Builds the keeper of activity, and whoever hears of what it has kept."""

from __future__ import annotations

import time

from services.activity.service import ActivityService, Tell
from services.bootstrap.pipelines import open_enricher
from services.cases.business_days import deadline_set
from services.cases.case_deadlines import promises
from services.cases.expected import ExpectedLetters
from services.cases.repeated_failures import RepeatedFailures
from services.events.own_events import event_macs
from services.memory.pseudonyms import Pseudonyms
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.secrets import decode_key
from services.platform.settings import Settings
from services.policy.file import read_policy


def open_activity(
    settings: Settings, database: Database, consumers: Consumers, *more: Tell
) -> ActivityService:
    """The keeper of activity, of which `more` hear too. Raises ValueError for settings that are missing."""
    pseudonyms = Pseudonyms(decode_key("pseudonym_key", settings.pseudonym_key))
    enricher = open_enricher(settings, pseudonyms)
    acts, check = read_policy(settings.policy).acts, event_macs(settings).check
    expected = ExpectedLetters(database, time.time, acts.incident_s)
    promised = promises(acts.clocks, deadline_set(settings.deadlines))
    failures = RepeatedFailures(database, time.time, promised)
    tells = (expected.tell, failures.tell, *more)
    return ActivityService(settings, database, enricher, check, time.time, consumers, *tells)
