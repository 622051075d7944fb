"""The links in letters: under the address that owners reach the pages by, and none where that would be no safe one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from services.cases.answer_links import AnswerLinks
from services.events.own_events import event_keys
from services.platform.secrets import UnusableKeys
from services.platform.settings import Settings
from services.portal.pages import PREFIX
from services.portal.portal import public_url

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_log = logging.getLogger(__name__)


def letters_url(settings: Settings) -> str | None:
    """The address that links in letters begin with; None for no links.

    A letter is read anywhere, and its link goes over the open net: https, or this machine alone. Without the setting, links lead
    to the API only where letters stay on this machine too, in a folder. Raises ValueError as `public_url`.
    """
    url = urlsplit(public_url(settings))
    here = url.hostname in _LOOPBACK
    if settings.portal_url:
        return url.geturl() if url.scheme == "https" or here else None
    stays = settings.outbox_dir is not None and not settings.smtp
    return url.geturl() if here and stays and settings.http_port else None


def letter_links(settings: Settings) -> Callable[[str, str], str | None]:
    """The link of a notice, by its id and account, while there may be links; why there are none is logged once."""
    url, why = letters_url(settings), "PAYGUARD_PORTAL_URL is no https address that owners reach"
    try:
        links = AnswerLinks(event_keys(settings))
    except UnusableKeys:
        url, why = None, "PAYGUARD_EVENT_KEY is not set"
    if url is None:
        _log.warning("letters carry no links to answer by: %s", why)
        return lambda _notice_id, _account_id: None

    def link_of(notice_id: str, account_id: str) -> str | None:
        text = links.text(notice_id, account_id)
        return None if text is None else f"{url}{PREFIX}/answer/{text}"

    return link_of
