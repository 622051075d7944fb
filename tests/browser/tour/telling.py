"""Messages, notifications, the help, reports and cases, in each of their states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from contracts.report_kinds import REPORTS
from services.cases.case_answers import Answer
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.references import reference
from services.cases.tables import notices
from services.help.notices import Wanted
from tests.browser.owner import Owner
from tests.browser.stories.telling import ASKED, PHRASE, UNKNOWN, answer_all, words
from tests.services.reports.files import SVG, picture
from tests.services.reports.test_browsers import subscribed

_SEND = "form[action$='/report/send'] button.main"


def messages(owner: Owner) -> Iterator[str]:
    """Whether a message is ours, and how the owner is told; a phrase that is none."""
    served = owner.served
    told = served.run(served.world.rows(notices))
    ours = next(row["notice_id"] for row in told if row["account_id"] == "li")
    for ref, name in ((reference(ours), "found"), ("PG-9XXX-77", "absent"), ("hello", "unclear")):
        owner.centre(f"/messages?ref={ref}")
        yield f"messages-{name}"
    desk = CaseService(served.world.database, served.clock)
    for host in ("fcm.googleapis.com", "web.push.apple.com"):
        browser = Contact(subscribed(host), owner.language, "Asia/Shanghai", "web_push")
        served.run(desk.set_contact("li", browser))
    owner.centre("/notifications")
    owner.write("#phrase", "Qx7!pz20")
    owner.follow(".form-cards > button")
    yield "notifications-refused"
    owner.write("#phrase", PHRASE[owner.language])
    owner.follow(".form-cards > button")
    yield "notifications-saved"


def answers_of_the_help(owner: Owner) -> Iterator[str]:
    """What is found, what is not, one answer by itself, and what it says when it helped."""
    served, now = owner.served, owner.served.clock()
    notice = Wanted(
        title_en="Callers pretend to be us",
        title_zh="有人冒充我们来电",
        text_en="We never call about codes.",
        text_zh="我们从不致电索要验证码。",
        starts_at=now - 60.0,
        until=now + 5 * 86_400.0,
    )
    served.run(served.site.app.state.library.bring())
    served.run(served.site.app.state.library.notices.write(notice, "key:security"))
    owner.centre("/help")
    yield "help-topics"
    owner.centre(f"/help?q={ASKED[owner.language]}")
    yield "help-found"
    owner.centre(f"/help?q={UNKNOWN[owner.language]}")
    yield "help-none"
    owner.centre(f"/help/account-frozen?q={ASKED[owner.language]}")
    yield "help-answer"
    owner.follow(".useful button[value=no]")
    yield "help-answer-thanked"


def reports(owner: Owner) -> Iterator[str]:
    """Every form, what is wrong with one, and the case that comes of it."""
    owner.arrive("centre", device_id="li-phone")
    owner.centre("/report?about=pay-7")
    yield "report-about"
    for kind in REPORTS:
        owner.centre(f"/report/{kind.name}")
        yield f"report-{kind.name.replace('_', '-')}"
    owner.centre("/report/unauthorised?about=pay-7")
    yield "report-unauthorised-about"
    owner.centre("/report/dispute?about=pay-7")
    owner.browser.script("document.querySelectorAll('[required]').forEach((e) => { e.required = false; })")
    owner.follow(_SEND)
    yield "report-dispute-missing"
    owner.centre("/report/dispute?about=pay-7")
    answer_all(owner, "dispute")
    yield "report-dispute-filled"
    yield from _with_a_file(owner)


def _with_a_file(owner: Owner) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "advert.png"
        file.write_bytes(SVG)
        owner.attach("#files", str(file))
        owner.follow(_SEND)
        yield "report-dispute-file-refused"
        file.write_bytes(picture(size=(300, 200)))
        owner.attach("#files", str(file))
        owner.follow(_SEND)
    yield "case-new"


def case(owner: Owner) -> Iterator[str]:
    """A case that is answered, closed and appealed; another that is taken back."""
    served, path = owner.served, owner.browser.path
    desk = CaseService(served.world.database, served.clock)
    case_id = path.rpartition("/")[2]
    owner.open(f"{path}/withdraw")
    yield "case-withdraw"
    owner.open(path)
    owner.follow("form[action$='/add'] button.main")
    yield "case-nothing-added"
    served.run(desk.assign(case_id, "mei", "key:desk", None))
    served.run(desk.answers.write(case_id, _SAID[owner.language], "key:desk", None))
    owner.open(path)
    yield "case"
    closed = Answer(outcome="for_other_side", message=_DECIDED[owner.language])
    served.run(desk.answers.close(case_id, closed, "key:desk", None))
    owner.open(path)
    yield "case-closed"
    owner.follow("a[href$='/appeal']")
    yield "case-appeal"
    owner.browser.script("document.querySelector('#why').required = false")
    owner.follow("form[action$='/appeal'] button.main")
    yield "case-appeal-refused"
    owner.write("#why", words(owner))
    owner.follow("form[action$='/appeal'] button.main")
    yield "case-appealed"
    yield from _taken_back(owner)


def _taken_back(owner: Owner) -> Iterator[str]:
    owner.centre("/report/advice")
    owner.write("#tell", words(owner))
    owner.follow(_SEND)
    owner.follow("a[href$='/withdraw']")
    owner.follow("main form button.main")
    yield "case-taken-back"
    owner.centre("/cases")
    yield "cases-two"


_SAID = {
    "en": "I have read it all. I ask the payee for proof first, and write to you by Tuesday.",
    "zh-CN": "材料已收到。我会先请收款方提供凭证，周二前回复您。",
}
_DECIDED = {
    "en": "The payee has shown that the keys were handed over on Monday.",
    "zh-CN": "收款方已提供周一交付钥匙的凭证。",
}
