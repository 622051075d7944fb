"""A frozen account: money stays in, nobody is told again at each try, and its end comes as an event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.decisions import Freeze, OpenCase, RaiseAlert, ReleasePayment, RevokeSessions, effect_id
from contracts.events import AccountChange, ChallengeOutcome, Label, Login, Settlement
from contracts.findings import Spec
from services.platform.settings import Settings
from services.scoring.explain import reasons_of, sentences
from services.scoring.frozen import SPEC
from tests.services.scoring.accounts import Account, freezes, frozen_account

_SPECS: list[Spec] = []


@pytest.fixture
async def frozen() -> Account:
    return await frozen_account()


async def test_not_me_freezes_ends_sessions_and_opens_a_case() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    said = await account.says_not_me()

    assert {Freeze, RevokeSessions, OpenCase} < {type(effect) for effect in said.effects}
    assert account.profile.frozen


@pytest.mark.parametrize("kind", ["payment", "transfer", "withdrawal", "cash_out"])
async def test_outgoing_money_is_denied_and_nothing_follows_from_it(frozen: Account, kind: str) -> None:
    decision = await frozen.pay(kind=kind)

    assert (decision.action, [each.reason for each in decision.findings]) == ("deny", ["account_frozen"])
    assert decision.effects == ()
    assert decision.waits_for is None
    assert decision.score == sum(each.share for each in decision.findings)


@pytest.mark.parametrize("given", [{"kind": "top_up"}, {"kind": "refund"}, {"status": "failed"}])
async def test_money_may_come_in_and_what_failed_is_judged_as_usual(
    frozen: Account, given: dict[str, Any]
) -> None:
    decision = await frozen.pay(**given)

    assert decision.action != "deny"
    assert "account_frozen" not in [each.reason for each in decision.findings]


async def test_logins_and_changes_are_judged_as_usual(frozen: Account) -> None:
    login = await frozen.tell(Login, outcome="success", device_id="own")
    change = await frozen.tell(AccountChange, change="password_change", device_id="own")

    for decision in (login, change):
        assert decision.action != "deny"


async def test_a_second_not_me_does_not_freeze_again_but_ends_sessions_and_is_heard(frozen: Account) -> None:
    said = await frozen.says_not_me()

    assert not freezes(said)
    assert {RevokeSessions, OpenCase, RaiseAlert} <= {type(effect) for effect in said.effects}


async def test_after_the_release_money_goes_out_again_and_a_new_freeze_is_possible(frozen: Account) -> None:
    await frozen.is_released("e2")

    assert (await frozen.pay()).action != "deny"
    assert freezes(await frozen.says_not_me())
    assert (await frozen.pay()).action == "deny"


async def test_the_end_of_a_held_payment_leaves_the_freeze(frozen: Account) -> None:
    await frozen.tell(Settlement, settles="payment", outcome="released", about_event_id="e2")

    assert (await frozen.pay()).action == "deny"


@pytest.mark.parametrize("verdict", ["legitimate", "fraud"])
async def test_a_verdict_about_an_event_does_not_end_the_freeze(frozen: Account, verdict: str) -> None:
    await frozen.tell(Label, about_event_id="e1", verdict=verdict, source="support")

    assert (await frozen.pay()).action == "deny"


async def test_what_was_tried_while_frozen_teaches_nothing_and_pushes_out_nothing(frozen: Account) -> None:
    before = frozen.profile
    for number in range(20):
        await frozen.pay(payee_id=f"stranger-{number}", amount="900.00")
    after = frozen.profile

    assert (after.transactions, after.payee_rows, after.slots) == (0, before.payee_rows, before.slots)
    assert after.quarantined == before.quarantined


async def test_money_that_is_gone_all_the_same_is_an_alert_and_joins_the_case(frozen: Account) -> None:
    decision = await frozen.pay(status="completed")

    assert (decision.action, decision.findings[0].reason) == ("deny", "paid_while_frozen")
    assert [type(effect) for effect in decision.effects] == [RaiseAlert, OpenCase]
    assert {effect.severity for effect in decision.effects} == {"critical"}  # type: ignore[union-attr]


async def test_money_that_went_before_the_freeze_and_is_told_after_it_is_no_fault_of_the_wallet(
    frozen: Account,
) -> None:
    decision = await frozen.pay(status="completed", minute=1.5)

    assert "paid_while_frozen" not in [each.reason for each in decision.findings]


async def test_money_that_was_gone_is_learned_when_it_turns_out_to_be_the_owners(frozen: Account) -> None:
    await frozen.pay(status="completed", payee_id="grocer")
    assert frozen.profile.transactions == 0
    await frozen.tell(Label, about_event_id="e3", verdict="legitimate", source="support")

    assert frozen.profile.transactions == 1


async def test_a_repeat_of_a_denied_try_is_one_event(frozen: Account) -> None:
    await frozen.pay(event_id="try")
    with pytest.raises(ValueError, match="not enough values"):
        await frozen.pay(event_id="try", minute=3)


async def test_without_standing_freezes_each_event_is_judged_on_its_own() -> None:
    account = Account(freezes_stand=False)
    await account.tell(Login, outcome="success", device_id="own")
    for _ in range(2):
        assert freezes(await account.says_not_me())

    assert (await account.pay()).action != "deny"
    assert account.profile.frozen is None


@pytest.mark.parametrize(("locale", "word"), [("en", "frozen for 1 minute:"), ("zh-CN", "账户已冻结 1 分钟")])
async def test_both_reasons_are_sentences_in_each_language(frozen: Account, locale: str, word: str) -> None:
    reasons = reasons_of(_SPECS)
    denied, gone = await frozen.pay(), await frozen.pay(status="completed")

    assert word in sentences(denied, locale, reasons)[0]
    assert "{" not in sentences(gone, locale, reasons)[0]
    assert {reason for _, reason in reasons} >= {reason.code for reason in SPEC.reasons}


def policy(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "policy.toml"
    path.write_text(f'version = "own-1"\n{text}')
    return Settings(policy=path)


async def test_an_account_that_the_policy_allows_is_frozen_all_the_same(tmp_path: Path) -> None:
    account = await frozen_account(policy(tmp_path, '[lists]\nallow = ["li"]'))

    assert (await account.pay()).findings[0].reason == "account_frozen"


async def test_an_account_that_the_policy_denies_is_frozen_once_and_again_after_its_release(
    tmp_path: Path,
) -> None:
    account = Account(policy(tmp_path, '[lists]\ndeny = ["li"]'))
    first = await account.tell(Login, outcome="success", device_id="own")
    second = await account.tell(Login, outcome="success", device_id="own")
    tried = await account.pay()
    await account.is_released("e1")
    again = await account.pay()

    assert [freezes(each) for each in (first, second, tried, again)] == [True, False, False, True]
    assert {each.action for each in (first, second, tried, again)} == {"deny"}
    assert tried.effects == ()


async def test_a_snooze_of_every_finding_does_not_lift_the_freeze(tmp_path: Path) -> None:
    asleep = '[[snoozes]]\naccount = "li"\nuntil = 2100-01-01T00:00:00Z\nholds = true\nreason = "noise"'
    account = await frozen_account(policy(tmp_path, asleep))

    assert (await account.pay()).action == "deny"


async def test_the_owners_word_freezes_only_where_the_policy_says_so(tmp_path: Path) -> None:
    account = Account(policy(tmp_path, '[report]\nnot_me = ["case"]'))
    await account.tell(Login, outcome="success", device_id="own")
    await account.says_not_me()

    assert (await account.pay()).action != "deny"


async def test_the_freeze_has_the_id_that_the_api_gave_it_when_it_acted_at_once() -> None:
    account = Account()
    await account.tell(Login, outcome="success", device_id="own")
    said = await account.says_not_me()

    (freeze,) = [each for each in said.effects if isinstance(each, Freeze)]
    assert freeze.effect_id == effect_id("li", "e2", "freeze")


async def test_a_code_does_not_let_a_held_payment_go_while_the_account_is_frozen() -> None:
    seen = []
    for is_frozen in (False, True):
        account = Account()
        for _ in range(4):
            await account.tell(Login, outcome="success", device_id="own")
            await account.pay(device_id="own", payee_id="shop")
        held = await account.pay(event_id="held", device_id="own", payee_id="far", amount="60000.00")
        assert held.action == "hold"
        if is_frozen:
            assert freezes(await account.says_not_me())
        passed = await account.tell(
            ChallengeOutcome,
            challenge_id="c",
            challenged_event_id="held",
            purpose="transaction",
            outcome="passed",
        )
        seen.append([type(effect) for effect in passed.effects])

    assert seen == [[ReleasePayment], []]


async def test_a_repeat_of_a_held_payment_on_a_frozen_account_is_refused() -> None:
    account = Account()
    for _ in range(4):
        await account.tell(Login, outcome="success", device_id="own")
        await account.pay(device_id="own", payee_id="shop")
    far = {"device_id": "own", "payee_id": "far", "amount": "60000.00"}
    assert (await account.pay(**far)).action == "hold"
    await account.says_not_me()
    again = await account.pay(**far)

    assert (again.action, again.findings[0].reason, again.effects) == ("deny", "account_frozen", ())
