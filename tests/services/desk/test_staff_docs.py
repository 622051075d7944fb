"""docs/staff.md, held to the code: roles, settings, what a provider must offer, and refusals in the words of their pages."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from services.desk.company_pages import BACK
from services.desk.frame import words
from services.http import openid
from services.platform.settings import PREFIX, Settings
from services.staff import company
from services.staff.members import ROLES
from services.staff.passwords import LEAST
from services.staff.staff import INVITED_S
from tests.deploy.conftest import ROOT

TEXT = " ".join((ROOT / "docs" / "staff.md").read_text().split())


def test_it_names_every_setting_and_every_role() -> None:
    names = {
        f"{PREFIX}{name.upper()}" for name in Settings.__struct_fields__ if name.startswith("staff_oidc_")
    }

    assert names <= set(re.findall(r"`(PAYGUARD_\w+)`", TEXT))
    assert [f"| `{role}` |" in TEXT for role in ROLES] == [True] * len(ROLES)


def test_it_says_what_the_companys_provider_is_held_to() -> None:
    said = (
        BACK,
        *openid.ALGORITHMS,
        f"{openid.LEEWAY_S} seconds",
        f"{openid.PENDING_S / 60:.0f} minutes",
        f"{company.TICKET_S / 60:.0f} minutes",
        f"{INVITED_S / 3600:.0f} hours",
        f"at least {LEAST} characters",
        f"{Settings().staff_oidc_check_s:.0f} unless you say",
    )

    assert [each for each in said if each not in TEXT] == []


@pytest.mark.parametrize("why", [*get_args(company.Why), *get_args(openid.Why)])
def test_every_refusal_has_words_in_both_languages(why: str) -> None:
    assert words("en")(f"company.{why}") != words("zh-CN")(f"company.{why}")


@pytest.mark.parametrize("why", ["no_group", "name_taken", "disabled", "unnamed", "away", "setup", "stale"])
def test_it_tells_a_refusal_in_the_words_of_its_page(why: str) -> None:
    told = [row.split(" | ")[0] for row in re.findall(r"\| ([^|]+ \| [^|]+) \| [^|]+ \|", TEXT)]

    assert [row for row in told if row.split(" (")[0] in words("en")(f"company.{why}")]
