"""A card makes its detector's findings."""

from __future__ import annotations

import pytest

from contracts.events import Login
from contracts.findings import Finding, Reason, Spec


def card(*codes: str) -> Spec:
    reasons = tuple(Reason(code=code, en="Strange.", zh_cn="异常。") for code in codes)
    return Spec(name="strange_login", version=1, event_types=(Login,), family="familiarity", reasons=reasons)


def test_a_finding_has_the_name_and_the_family_of_its_card() -> None:
    found = card("strange", "stranger").finding(
        reason="stranger", weight=1.5, value=3, baseline=1, threshold=2, quarantine=True, facts={"hours": 4}
    )

    assert found == Finding(
        detector="strange_login",
        reason="stranger",
        family="familiarity",
        weight=1.5,
        value=3,
        baseline=1,
        threshold=2,
        quarantine=True,
        facts={"hours": 4},
    )


def test_the_only_reason_need_not_be_said() -> None:
    assert card("strange").finding(weight=1.0).reason == "strange"


@pytest.mark.parametrize("codes", [(), ("strange", "stranger")])
def test_a_finding_of_several_reasons_must_say_which(codes: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="strange_login: a finding needs a reason"):
        card(*codes).finding(weight=1.0)
