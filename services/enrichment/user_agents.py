"""User agent text to device kind, operating system and browser, by the uap-core rules that `ua-parser` ships.

The native resolver (`ua-parser-rs`) answers a new text in about 15 us, the pure Python one in 2 to 7 ms: a stream of
made-up user agents slows a worker without it, so `status` says which one is in use. Answers are the same.
"""

from __future__ import annotations

from typing import Literal

from ua_parser import BestAvailableResolver, Domain, load_builtins

from contracts.events import Device

Kind = Literal["unknown", "phone", "tablet", "computer", "bot", "other"]

_COMPUTERS = frozenset(
    {
        "Windows",
        "Mac OS X",
        "Linux",
        "Ubuntu",
        "Fedora",
        "Debian",
        "Chrome OS",
        "FreeBSD",
        "OpenBSD",
        "Red Hat",
    }
)
_PHONES = frozenset(
    {"Windows Phone", "KaiOS", "BlackBerry OS", "Symbian OS", "HarmonyOS", "OpenHarmony", "Tizen"}
)
#: Programs that fetch pages for scripts; uap-core names them as browsers, not as spiders.
_PROGRAMS = frozenset(
    {
        "curl", "Wget", "Python Requests", "Python-urllib", "Python aiohttp", "aiohttp", "Go-http-client", "Scrapy",
        "HeadlessChrome", "PhantomJS", "okhttp-bot", "libwww-perl", "HTTPie", "Java", "Apache-HttpClient",
    }
)  # fmt: skip
UNKNOWN = Device()


class UserAgents:
    """Parses user agent texts; builds its matchers once (about 0.3 s), holds no cache."""

    def __init__(self) -> None:
        self._resolve = BestAvailableResolver(load_builtins())

    def device(self, text: str) -> Device:
        """What the text says; `kind` is `unknown` when it says nothing, `other` for television sets and the like."""
        found = self._resolve(text, Domain.ALL)
        os = found.os.family if found.os else None
        browser = found.user_agent.family if found.user_agent else None
        model = found.device.family if found.device else None
        if os is None and browser is None and model is None:
            return UNKNOWN
        return Device(kind=_kind(text, os, browser, model), os=os, browser=browser)

    def status(self) -> str:
        """Which resolver answers, for health pages."""
        native = type(self._resolve).__module__.endswith("regex")
        return "native" if native else "pure Python: slow for new user agents; install ua-parser-rs"


def _kind(text: str, os: str | None, browser: str | None, model: str | None) -> Kind:
    if model == "Spider" or browser in _PROGRAMS:
        return "bot"
    if os == "iOS" or model in ("iPad", "iPhone", "iPod"):
        return "tablet" if model == "iPad" else "phone"
    if os == "Android":
        # Android's own rule: a browser on a phone says Mobile, one on a tablet does not.
        native_app = "Mozilla/" not in text
        return "phone" if native_app or "Mobile" in text else "tablet"
    if os in _PHONES:
        return "phone"
    if os in _COMPUTERS:
        return "computer"
    return "other"
