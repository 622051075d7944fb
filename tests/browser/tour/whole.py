"""Every page in every state, one after the other, as one owner in one language meets them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.chromium import Browser
from tests.browser.owner import Owner
from tests.browser.served import Served
from tests.browser.tour import centre, codes, letters, telling
from tests.browser.ways import Language, Way

#: What the tour begins with, and goes on with after each place, whatever it was looked at with there.
PHONE_BY_DAY = {language: Way(language, "phone", "light", "mouse") for language in ("en", "zh-CN")}


def tour(browser: Browser, served: Served, language: Language) -> Iterator[str]:
    """Go from one place to the next, and say which."""
    owner = Owner(browser, served, PHONE_BY_DAY[language])
    served.stays = True
    parts = (
        codes.enrolment(owner),
        codes.challenge(owner),
        codes.approval(owner),
        letters.answers(owner),
        letters.news(owner),
        centre.nothing_yet(owner),
        centre.sections(owner),
        telling.messages(owner),
        telling.answers_of_the_help(owner),
        telling.reports(owner),
        telling.case(owner),
        centre.a_payment_waits(owner),
        centre.away(owner),
        centre.closed(owner),
    )
    for part in parts:
        yield from part
