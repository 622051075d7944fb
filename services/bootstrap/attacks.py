"""Builds what recognises attacks, and what tells the security team of them."""

from __future__ import annotations

import time

from notifier.attack_alerts import AttackAlerts, Carry, by_mail, by_webhook
from notifier.channels.registry import MAIL
from services.attacks.recogniser import Recogniser
from services.attacks.telling import Way
from services.platform.currency_files import read_rates
from services.platform.database import Database
from services.platform.progress import Progress
from services.platform.settings import Settings
from services.portal.portal import checked_url, public_url
from services.wallet.outside import check_url, outside


def ways_of(settings: Settings) -> tuple[Way, ...]:
    """By which ways the security team can be told."""
    ways: list[Way] = []
    if settings.security_address:
        ways.append("mail")
    if settings.security_webhook_url:
        ways.append("webhook")
    return tuple(ways)


def open_recogniser(settings: Settings, database: Database) -> Recogniser:
    """What recognises attacks. Raises InvalidCurrencyFile, FileNotFoundError for rates that cannot be read."""
    return Recogniser(database, time.time, read_rates(settings.rates), ways_of(settings))


async def tell_of_attacks_for_ever(settings: Settings, database: Database, progress: Progress) -> None:
    """Tell the security team until cancelled. Raises ValueError for a way to it that cannot be used."""
    desk_url = public_url(settings)
    if settings.desk_url:
        desk_url = checked_url("PAYGUARD_DESK_URL", settings.desk_url)
    private = settings.webhook_private_networks
    carriers: dict[Way, Carry] = {}
    async with outside(private) as pool:
        if settings.security_address:
            mail = MAIL.opened(settings, database)
            if mail is None:
                raise ValueError(f"security_address needs {MAIL.settings}")
            carriers["mail"] = by_mail(mail, settings.security_address, desk_url)
        if settings.security_webhook_url:
            check_url(settings.security_webhook_url, private)
            carriers["webhook"] = by_webhook(
                pool, settings.security_webhook_url, settings.security_webhook_secret, desk_url, time.time
            )
        await AttackAlerts(database, time.time, carriers).run(progress)
