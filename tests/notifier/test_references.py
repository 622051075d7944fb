"""Whoever reads out the reference of a letter is told whether it is ours."""

from __future__ import annotations

import re

from notifier.channels import Letter
from services.cases.case_service import CaseService
from services.platform.database import Database
from tests.notifier.delivering import LI, T0, Clock, Way, add
from tests.notifier.test_mail_storm import Ground


def read_out(letter: Letter) -> str:
    found = re.search(r"PG-\w{4}-\w{2}", letter.text)
    assert found is not None
    return found[0]


async def test_every_letter_is_found_by_its_reference_and_a_notice_in_a_digest_by_the_digests(
    database: Database, way: Way, clock: Clock
) -> None:
    desk = CaseService(database, lambda: T0)
    await desk.set_contact("li", LI)
    await add(database, "e1", "e2", "e3")
    await add(database, "e4", template="deny_notice")
    ground = Ground(database, way, clock)
    await ground.work(per_hour=1)
    clock.now += 3600.0
    await ground.work(per_hour=1)
    told = (await desk.owner("li", None)).told

    assert len(way.sent) == 3
    assert {read_out(letter) for _, letter in way.sent} == {each.reference for each in told}
    assert all(each.state == "delivered" for each in told)
    assert (await desk.owner("wu", None)).told == []
