"""Text messages, pushes and chat through Apprise, which knows the services of many providers by a URL of theirs.

The URL is the operator's. Of an owner it takes the address alone, behind the host, so that no owner's word leads it elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from contracts.errors import Unavailable
from notifier.channels import Letter, Sent

_TO, _KEY = "{to}", "{key}"
_PROBE = "+8613800138000"
_THREADS = 32
_log = logging.getLogger("apprise")


def template(setting: str, url: str) -> str:
    """The same URL.

    Raises ValueError, without quoting it, when Apprise knows no such service or `{to}` is not behind its host.
    """
    authority, _, rest = url.partition("://")[2].partition("/")
    place = rest or url.partition("?")[2]
    if _TO not in place or "{" in authority.partition("?")[0]:
        raise ValueError(
            f"{setting} must be an Apprise URL with {{to}} behind the host, such as json://HOST/PATH?:to={{to}}"
        )
    if _plugin(_filled(url, _PROBE, "probe")) is None:
        raise ValueError(f"{setting} is no URL that Apprise knows; see its list of services")
    return url


class AppriseChannel:
    """Sends by the service of a URL in which `{to}` is the address and `{key}` the idempotency key of a message.

    At least once: Apprise says whether it was taken and no more, so all else is tried again. Its calls block, and have
    threads of their own.
    """

    def __init__(self, name: str, url: str, *, texts: bool) -> None:
        """`texts`: text messages, which have no title."""
        self.name = name
        self._url = template(f"{name}_url", url)
        self._texts = texts
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"notifier-{name}")

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        """Send the short form; raises Unavailable when the service did not take it."""
        plugin = _plugin(_filled(self._url, letter.to, key))
        short = letter.short
        if self._texts:
            said = {"body": short.text}
        else:
            said = {"title": short.title, "body": f"{short.body}\n{short.link}" if short.link else short.body}
        taken = await asyncio.get_running_loop().run_in_executor(self._threads, lambda: plugin.notify(**said))
        if not taken:
            raise Unavailable(f"the service of {self.name} did not take it", f"{self.name}_refused")
        return Sent()


@contextmanager
def overheard() -> Iterator[list[str]]:
    """What Apprise says of services that take nothing, meanwhile: it names hosts and addresses."""
    _quieten()
    heard: list[str] = []
    ear = _Ear(heard)
    _log.addHandler(ear)
    try:
        yield heard
    finally:
        _log.removeHandler(ear)


def _quieten() -> None:
    """What Apprise logs names hosts and addresses: nobody hears it but who has asked to."""
    _log.propagate = False
    if not _log.handlers:
        _log.addHandler(logging.NullHandler())


class _Ear(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.append(record.getMessage())


def _filled(url: str, to: str, key: str) -> str:
    return url.replace(_TO, quote(to, safe="")).replace(_KEY, quote(key, safe=""))


def _plugin(url: str) -> Any:
    """Apprise's own object for the URL; None where there is none."""
    with warnings.catch_warnings():
        # It imports what later versions of Python leave out.
        warnings.simplefilter("ignore")
        # Imported where it is used: it reads 180 services, which takes two seconds.
        from apprise import Apprise, AppriseAsset

        _quieten()
        return Apprise.instantiate(url, asset=AppriseAsset(app_id="PayGuard", secure_logging=True))
