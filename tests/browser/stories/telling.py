"""Report a problem and follow its case; ask the help; ask whether a message is ours; choose how to be told."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from contracts.report_kinds import REPORTS
from services.cases.case_answers import Answer
from services.cases.case_service import CaseService
from services.cases.hold_tables import account_holds
from services.cases.preferences import preferences_of
from services.cases.references import reference
from services.cases.tables import cases, notices
from services.portal.centre_frame import CENTRE_PREFIX
from services.reports.fields import fields_of
from tests.browser.owner import Owner
from tests.browser.steps import paid
from tests.browser.stories.story import Story
from tests.services.reports.files import SVG, photo_with_a_place

WORDS = {"en": "It never came, and nobody answers.", "zh-CN": "一直没有收到，对方也不回复。"}
#: What is asked, what is found, and what nobody has an answer to.
ASKED = {"en": "topped up, money not there", "zh-CN": "充值没到账"}
FOUND = {"en": "My top-up has not arrived", "zh-CN": "充值后一直没到账怎么办"}
UNKNOWN = {"en": "gift card in euro", "zh-CN": "欧元礼品卡"}
PHRASE = {"en": "pomegranate on the balcony", "zh-CN": "外婆家的石榴树"}
_SEND = "form[action$='/report/send'] button.main"


def words(owner: Owner) -> str:
    """What the owner writes."""
    return WORDS[owner.language]


def answer_all(owner: Owner, kind: str) -> None:
    """Answer each question of the form of that kind by its first choice, and say what happened."""
    for field in fields_of(kind):
        if field.choices:
            owner.choose(field.name, field.choices[0])
    owner.write("#tell", words(owner))


def disputes_a_payment(owner: Owner) -> str:
    """From the kinds of problems to the new case; its path."""
    paid(owner.served)
    owner.arrive("report")
    owner.follow("a[href*='/report/dispute']")
    owner.choose("about", "pay-7")
    answer_all(owner, "dispute")
    owner.follow(_SEND)
    owner.sees(owner.says("case.news_new"), words(owner))
    return owner.browser.path


def follows_a_case(owner: Owner) -> None:
    """A picture that is none is refused, a true one is kept; a note is added, and the case is taken back."""
    paid(owner.served)
    owner.arrive("centre")
    owner.centre("/report/dispute?about=pay-7")
    answer_all(owner, "dispute")
    with TemporaryDirectory() as folder:
        for name, body in (("advert.png", SVG), ("advert.jpg", photo_with_a_place())):
            (Path(folder) / name).write_bytes(body)
            owner.attach("#files", str(Path(folder) / name))
            owner.follow(_SEND)
            if body is SVG:
                owner.sees(owner.says("report.file_kind"))
    owner.sees(owner.says("case.news_new"), "advert.jpg", "blue-lotus-rentals")
    case = owner.browser.path
    owner.write("#note", f"{words(owner)} 2")
    owner.follow("form[action$='/add'] button.main")
    owner.sees(owner.says("case.news_added"), f"{words(owner)} 2")
    owner.follow("a[href$='/withdraw']")
    owner.reads(owner.says("case.withdraw_title"))
    owner.follow("main form button.main")
    assert owner.browser.path == case
    owner.sees_not(owner.says("case.add_label"))


def appeals(owner: Owner) -> None:
    """Support refused; another person decides."""
    case = disputes_a_payment(owner)
    desk = CaseService(owner.served.world.database, owner.served.clock)
    case_id = case.rpartition("/")[2]
    owner.served.run(desk.assign(case_id, "mei", "key:desk", None))
    closed = Answer(outcome="for_other_side", message="Delivered on Monday.")
    owner.served.run(desk.answers.close(case_id, closed, "key:desk", None))
    owner.centre("/cases")
    owner.follow(".rows a.row")
    owner.sees("Delivered on Monday.")
    owner.follow("a[href$='/appeal']")
    owner.reads(owner.says("case.appeal_title"))
    owner.write("#why", words(owner))
    owner.follow("form[action$='/appeal'] button.main")
    owner.sees(words(owner))
    assert case == owner.browser.path


def reports_each_kind(owner: Owner) -> None:
    """One report of every kind; all of them stand in the list of cases."""
    owner.arrive("report")
    for kind in REPORTS:
        owner.centre("/report")
        owner.follow(f"a[href*='/report/{kind.name}']")
        owner.reads(owner.says(f"report.title_{kind.name}"))
        answer_all(owner, kind.name)
        owner.follow(_SEND)
        owner.sees(owner.says("case.news_new"))
    owner.centre("/cases")
    owner.sees(*(owner.says(f"report.title_{kind.name}") for kind in REPORTS))
    assert len(owner.served.run(owner.served.world.rows(cases))) == len(REPORTS)


def loses_the_phone(owner: Owner) -> None:
    """The report of a lost phone begins with the lock."""
    owner.served.enrolled()
    owner.arrive("report")
    owner.follow("a[href*='/report/lost_device']")
    owner.follow(".inline-alert a[href$='/lock']")
    owner.reads(owner.says("lock.title"))
    owner.follow("button.danger")
    owner.reads(owner.says("overview.stopping_title"))
    owner.centre("/report/lost_device")
    answer_all(owner, "lost_device")
    owner.follow(_SEND)
    owner.sees(owner.says("case.news_new"))
    assert len(owner.served.run(owner.served.world.rows(account_holds))) == 1


def doubts_a_message(owner: Owner) -> None:
    """The reference of a letter of ours, of one that is not, and what is no reference."""
    disputes_a_payment(owner)
    [notice] = owner.served.run(owner.served.world.rows(notices))
    ours = reference(notice["notice_id"])
    for typed, said in (
        ("hello", owner.says("messages.absent_form")),
        ("PG-9XXX-77", owner.says("messages.absent", ref="PG-9XXX-77")),
        (ours.lower(), owner.says("messages.found", ref=ours)),
    ):
        owner.centre("/messages")
        owner.write("#ref", typed)
        owner.follow("form[role=search] button")
        owner.sees(said)


def chooses_how_to_be_told(owner: Owner) -> None:
    """No letters at night nor by mail, and a phrase; one that looks like a password is refused."""
    owner.arrive("centre")
    owner.centre("/notifications")
    owner.tick("input[name=security-mail]")
    owner.tick("input[name=quiet]")
    owner.set_time("#from", "1115P")
    owner.set_time("#to", "0645A")
    owner.write("#phrase", "Qx7!pz20")
    owner.follow(".form-cards > button")
    owner.sees(owner.says("notifications.phrase_password"))
    owner.write("#phrase", PHRASE[owner.language])
    owner.follow(".form-cards > button")
    owner.sees(owner.says("notifications.saved", at="⋮").partition("⋮")[0].strip())

    async def chosen() -> object:
        async with owner.served.world.database.read() as connection:
            kept = await preferences_of(connection, "li")
        return kept.quiet_from, kept.quiet_to, kept.phrase, "mail" in kept.alerts["security"]

    assert owner.served.run(chosen()) == (1395, 405, PHRASE[owner.language], False)


def asks_the_help(owner: Owner) -> None:
    """In the owner's own words: the first answer is open, and it helped."""
    owner.served.run(owner.served.site.app.state.library.bring())
    owner.arrive("centre")
    owner.centre("/help")
    owner.write("input[type=search]", ASKED[owner.language])
    owner.follow(".search button")
    assert owner.browser.find("details.answer[open] summary").text == FOUND[owner.language]
    assert len(owner.browser.driver.find_elements("css selector", "summary mark")) >= 2
    owner.follow(".useful button[value=yes]")
    owner.sees(owner.says("help.thanks_yes"))


def asks_what_nobody_knows(owner: Owner) -> None:
    """No answer: the question goes along into a report."""
    owner.served.run(owner.served.site.app.state.library.bring())
    question = UNKNOWN[owner.language]
    owner.arrive("centre")
    owner.centre("/help")
    owner.write("input[type=search]", question)
    owner.follow(".search button")
    owner.sees(owner.says("help.none_title", q=question))
    assert owner.browser.find("input[type=search]").get_attribute("value") == question
    owner.follow(".empty a.button")
    assert owner.browser.path == f"{CENTRE_PREFIX}/report"


STORIES = (
    Story("a dispute with a picture is followed and taken back", follows_a_case, (400,)),
    Story("a refused dispute is appealed", appeals),
    Story("one report of each kind", reports_each_kind),
    Story("a lost phone: locked first, then reported", loses_the_phone),
    Story("is this message from you? one that is, one that is not", doubts_a_message),
    Story("no letters at night, and a phrase in each", chooses_how_to_be_told, (400,)),
    Story("the help finds an answer to plain words", asks_the_help),
    Story("what the help does not know becomes a report", asks_what_nobody_knows),
)
