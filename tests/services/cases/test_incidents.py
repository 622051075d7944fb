"""Which findings are told together: the rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from contracts.decisions import Severity
from services.cases.incidents import RANK, WINDOW_S, Finding, Incident, Telling, take_in

T0 = 1_790_000_000.0
SEVERITIES: list[Severity] = list(RANK)


def finding(number: int = 0, severity: Severity = "low", after_s: float = 0.0, **more: bool) -> Finding:
    return Finding(notice_id=f"n{number}", account_id="li", severity=severity, at=T0 + after_s, **more)


def told(*found: Finding, window_s: float = WINDOW_S) -> list[tuple[str, Telling]]:
    """The incident of each finding, and how it is told."""
    current: Incident | None = None
    said: list[tuple[str, Telling]] = []
    for each in found:
        current, telling = take_in(current, each, window_s)
        said.append((current.incident_id, telling))
    return said


FOUND = st.lists(
    st.builds(
        Finding,
        notice_id=st.uuids().map(str),
        account_id=st.just("li"),
        severity=st.sampled_from(SEVERITIES),
        at=st.floats(T0, T0 + 4 * WINDOW_S),
        own=st.booleans(),
        waits=st.booleans(),
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda each: each.at))


def test_what_is_no_graver_joins_and_what_is_graver_is_told_again() -> None:
    severities: list[Severity] = ["low", "low", "high", "medium", "high", "critical", "critical"]
    said = told(*(finding(number, severity, number) for number, severity in enumerate(severities)))

    assert len({incident for incident, _ in said}) == 1
    assert [telling for _, telling in said] == [
        "told", "joined", "told", "joined", "joined", "told", "joined",
    ]  # fmt: skip


def test_the_window_begins_with_the_first_finding_and_does_not_move() -> None:
    said = told(*(finding(number, after_s=number * 600.0) for number in range(7)))

    assert [telling for _, telling in said] == [
        "told", "joined", "joined", "told", "joined", "joined", "told",
    ]  # fmt: skip


def test_a_changed_contact_is_told_however_grave_what_came_before() -> None:
    said = told(finding(0, "critical"), finding(1, "low", 1.0, own=True), finding(2, "low", 2.0))

    assert [telling for _, telling in said] == ["told", "told", "joined"]


def test_money_that_waits_for_a_word_is_summed_up_and_not_lost() -> None:
    said = told(finding(0, "high", waits=True), finding(1, "high", 1.0, waits=True), finding(2, "high", 2.0))

    assert [telling for _, telling in said] == ["told", "summed_up", "joined"]


def test_with_a_window_of_nothing_each_is_told_by_itself() -> None:
    assert [each[1] for each in told(finding(0), finding(1), window_s=0.0)] == ["told", "told"]


@given(FOUND)
def test_an_incident_is_told_at_least_once_and_at_most_once_a_severity(found: list[Finding]) -> None:
    said = told(*found)
    for incident in {incident for incident, _ in said}:
        mine = [(each, telling) for each, (of, telling) in zip(found, said, strict=True) if of == incident]
        messages = [each for each, telling in mine if telling == "told" and not each.own]
        ranks = [RANK[each.severity] for each in messages]

        assert mine[0][1] == "told"
        assert len(messages) <= len(RANK)
        assert sorted(set(ranks)) == ranks or mine[0][0].own
        assert max(each.at for each, _ in mine) - mine[0][0].at < WINDOW_S


@given(FOUND)
def test_nothing_that_is_graver_a_fact_of_its_own_or_waits_is_lost(found: list[Finding]) -> None:
    worst: dict[str, int] = {}
    for each, (incident, telling) in zip(found, told(*found), strict=True):
        rank = RANK[each.severity]
        if telling == "joined":
            assert not each.own
            assert not each.waits
            assert rank <= worst[incident]
        worst[incident] = max(rank, worst.get(incident, -1))


@given(FOUND, st.data())
def test_ids_and_tellings_are_the_same_wherever_the_findings_are_cut(
    found: list[Finding], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(found)))
    current: Incident | None = None
    said: list[tuple[str, Telling]] = []
    for part in (found[:cut], found[cut:]):
        # What is between two parts is what SQL keeps of the incident.
        current = None if current is None else Incident(**structs.asdict(current))
        for each in part:
            current, telling = take_in(current, each)
            said.append((current.incident_id, telling))

    assert said == told(*found)
