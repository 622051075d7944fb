"""Enrichment fills what is absent, keeps what was sent, and says what it does not know."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from contracts.events import Activity, Device, Login, Network, Place
from contracts.traits import LEVELS, NO_TRAITS, TRAIT_BYTES
from services.enrichment.enrich import Enricher
from services.enrichment.network_lists import sealed
from services.enrichment.user_agents import UserAgents
from services.memory.glance import traits_of
from services.memory.pseudonyms import Pseudonyms, asn_key
from tests.detectors.pace import a_round
from tests.services.scoring.events import label, transaction
from tests.services.scoring.events import login as a_login

TODAY = datetime.now(UTC).date()
PSEUDONYMS = Pseudonyms(b"k" * 32)
AGENTS = UserAgents()
IN_BERLIN = "192.0.2.7"
ELSEWHERE = "203.0.113.9"


@pytest.fixture(scope="module")
def city_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(
        tmp_path_factory.mktemp("geo") / "city.mmdb",
        {
            "country": {"iso_code": "DE"},
            "city": {"names": {"en": "Berlin"}},
            "location": {"latitude": 52.5, "longitude": 13.4, "accuracy_radius": 20},
        },
        "GeoLite2-City",
    )


@pytest.fixture(scope="module")
def asn_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    record = {"autonomous_system_number": 64496, "autonomous_system_organization": "Example Net"}
    return written(tmp_path_factory.mktemp("geo") / "asn.mmdb", record, "GeoLite2-ASN")


@pytest.fixture
def known(city_file: Path, asn_file: Path) -> Iterator[Enricher]:
    enricher = an_enricher(geo_city=city_file, geo_asn=asn_file)
    yield enricher
    enricher.close()


def written(path: Path, record: dict[str, Any], kind: str) -> Path:
    writer = MMDBWriter(6, kind, languages=["en"], ipv4_compatible=True)
    writer.insert_network(IPSet(["192.0.2.0/24"]), record)
    writer.to_db_file(str(path))
    return path


def an_enricher(*, as_of: date = TODAY, **sources: Path | None) -> Enricher:
    given: dict[str, Path | None] = {"geo_city": None, "geo_asn": None, "network_lists": None, **sources}
    return Enricher(
        PSEUDONYMS, given["geo_city"], given["geo_asn"], given["network_lists"], AGENTS, as_of=as_of
    )


def states(enricher: Enricher, event: Activity) -> tuple[str, ...]:
    return enricher.enrich([event])[0]  # type: ignore[list-item]


def test_place_and_network_are_looked_up_by_address(known: Enricher) -> None:
    event = a_login(ip=IN_BERLIN)
    assert states(known, event) == ()
    assert event.place == Place("DE", "Berlin", 52.5, 13.4, 20.0)
    assert event.network == Network(64496, "Example Net")
    assert event.network_key == asn_key(64496)


def test_an_address_nobody_knows_is_said_to_be_unknown(known: Enricher) -> None:
    event = a_login(ip=ELSEWHERE)
    assert states(known, event) == ("place_unavailable", "network_unavailable")
    assert event.place is None
    assert event.network is None
    assert event.network_key == PSEUDONYMS.prefix_key(ELSEWHERE)


@pytest.mark.parametrize("ip", ["", "not an address", "999.1.1.1", "192.0.2.7:80x", "unknown", "1" * 64])
def test_text_that_is_no_address_has_no_key_and_no_place(known: Enricher, ip: str) -> None:
    event = a_login(ip=ip)
    assert states(known, event) == ("place_unavailable", "network_unavailable", "address_malformed")
    assert event.ip_key is None
    assert event.network_key is None


def test_without_sources_events_with_an_address_say_unavailable() -> None:
    enricher = an_enricher()
    said = enricher.enrich([a_login(ip=IN_BERLIN), a_login(), label()])
    assert said == [("place_unavailable", "network_unavailable"), (), ()]


def test_what_was_sent_is_kept(known: Enricher) -> None:
    place, network, device = Place("FR", "Paris", 48.8, 2.3), Network(64500, "Own"), Device("phone", "iOS")
    event = a_login(ip=IN_BERLIN, place=place, network=network, device=device, user_agent="curl/8.0")
    assert states(known, event) == ()
    assert (event.place, event.network, event.device) == (place, network, device)
    assert event.network_key == asn_key(64500)


@pytest.mark.parametrize(
    "place",
    [
        Place("DE", "x", 90.1, 0.0),
        Place("DE", "x", 0.0, -180.5),
        Place("DE", "x", float("nan"), 0.0),
        Place("DE", "x", 0.0, float("inf")),
        Place("DE", "x", 5.0, None),
    ],
)
def test_coordinates_that_cannot_be_leave_country_and_city(place: Place) -> None:
    event = a_login(ip=IN_BERLIN, place=place)
    assert states(an_enricher(), event) == ("network_unavailable", "place_malformed")
    assert event.place == Place("DE", "x")


def test_an_accuracy_that_cannot_be_is_the_usual_one() -> None:
    event = a_login(place=Place("DE", "x", 5.0, 5.0, -1.0))
    assert states(an_enricher(), event) == ("place_malformed",)
    assert event.place == Place("DE", "x", 5.0, 5.0)


def test_a_place_of_which_nothing_is_left_is_looked_up_like_an_absent_one(known: Enricher) -> None:
    event = a_login(ip=IN_BERLIN, place=Place(None, None, 200.0, 0.0))
    assert states(known, event) == ("place_malformed",)
    assert event.place is not None
    assert event.place.country == "DE"


def test_a_country_without_coordinates_is_a_place() -> None:
    event = a_login(place=Place("CN"))
    assert states(an_enricher(), event) == ()
    assert event.place == Place("CN")


def test_derived_keys_never_come_from_the_wire() -> None:
    event = a_login(device_key=b"forged", ip_key=b"forged", network_key=b"forged")
    states(an_enricher(), event)
    assert (event.device_key, event.ip_key, event.network_key) == (None, None, None)


def test_device_address_and_payee_are_named_by_keyed_hashes() -> None:
    event = transaction(payee_id="p", device_id="d", ip="192.0.2.1")
    states(an_enricher(), event)
    assert event.device_key == PSEUDONYMS.key_of("device", "d")
    assert event.payee_key == PSEUDONYMS.key_of("payee", "p")
    assert event.ip_key == PSEUDONYMS.key_of("ip", "192.0.2.1")


def levels(event: Login) -> dict[str, bytes]:
    traits = traits_of(event)
    keys = [traits[start : start + TRAIT_BYTES] for start in range(0, len(traits), TRAIT_BYTES)]
    return dict(zip(LEVELS, keys, strict=True))


def test_an_event_that_says_nothing_has_the_traits_of_nothing() -> None:
    event = a_login(traits=b"forged")
    states(an_enricher(), event)
    assert traits_of(event) == NO_TRAITS


def test_traits_are_shared_up_to_the_level_at_which_events_differ() -> None:
    events = [
        a_login(ip=ip, place=Place("CN"), network=Network(4134), device_id="d", user_agent=agent)
        for ip, agent in (("192.0.2.7", "UPay/8.31 (Android 15)"), ("192.0.2.8", "UPay/8.32 (Android 15)"))
    ]
    an_enricher().enrich(events)
    one, other = map(levels, events)
    assert {level for level in LEVELS if one[level] != other[level]} == {"address", "agent"}


def test_a_device_that_the_event_describes_itself_is_taken_at_its_word() -> None:
    told = a_login(device=Device("phone", "Android", "UPay"))
    silent = a_login(device=Device("phone", "iOS", "UPay"))
    an_enricher().enrich([told, silent])
    assert {level for level in LEVELS if levels(told)[level] != levels(silent)[level]} == {"system"}


def test_one_address_has_one_key_however_it_is_written() -> None:
    events = [a_login(ip=ip) for ip in ("192.0.2.7", "::ffff:192.0.2.7", " 192.0.2.7", "::ffff:c000:207")]
    an_enricher().enrich(events)
    assert len({event.ip_key for event in events}) == 1
    assert len({event.network_key for event in events}) == 1


def test_a_stale_database_answers_and_says_so(city_file: Path, asn_file: Path) -> None:
    enricher = an_enricher(geo_city=city_file, geo_asn=asn_file, as_of=TODAY + timedelta(days=61))
    event = a_login(ip=IN_BERLIN)
    assert states(enricher, event) == ("place_stale", "network_stale")
    assert enricher.status().places.state == "stale"
    enricher.close()


@pytest.mark.parametrize(
    ("content", "state"), [(None, "missing"), (b"no database", "corrupt"), (b"", "corrupt")]
)
def test_a_missing_or_corrupt_database_is_said_and_nothing_fails(
    tmp_path: Path, content: bytes | None, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "city.mmdb"
    if content is not None:
        path.write_bytes(content)
    enricher = an_enricher(geo_city=path)
    assert enricher.status().places.state == state
    assert state in caplog.text
    assert "place_unavailable" in states(enricher, a_login(ip=IN_BERLIN))


def test_a_database_damaged_inside_is_found_when_asked(city_file: Path, tmp_path: Path) -> None:
    whole = city_file.read_bytes()
    damaged = tmp_path / "damaged.mmdb"
    metadata_at = whole.rindex(b"\xab\xcd\xefMaxMind.com")
    damaged.write_bytes(whole[: metadata_at - 60] + b"\xff" * 60 + whole[metadata_at:])
    enricher = an_enricher(geo_city=damaged)
    assert "place_unavailable" in states(enricher, a_login(ip=IN_BERLIN))
    assert enricher.status().places.state == "corrupt"


def test_a_list_tells_the_kind_of_a_network(asn_file: Path, tmp_path: Path) -> None:
    (tmp_path / "tor-1.txt").write_text(sealed("1", TODAY, ["192.0.2.7"]))
    (tmp_path / "hosting-1.txt").write_text(sealed("1", TODAY, ["AS64496"]))
    enricher = an_enricher(geo_asn=asn_file, network_lists=tmp_path)
    exit_node, neighbour, own = (
        a_login(ip=IN_BERLIN),
        a_login(ip="192.0.2.8"),
        a_login(network=Network(64496)),
    )
    enricher.enrich([exit_node, neighbour, own])
    kinds = [event.network.kind for event in (exit_node, neighbour, own) if event.network is not None]
    assert kinds == ["tor", "hosting", "hosting"]
    enricher.close()


def test_user_agents_are_read_when_no_device_was_sent() -> None:
    event = a_login(
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1"
    )
    states(an_enricher(), event)
    assert event.device is not None
    assert event.device.kind == "phone"


def test_states_are_shared_and_answers_do_not_depend_on_the_cache(known: Enricher) -> None:
    first = [a_login(ip=f"192.0.2.{n % 256}") for n in range(600)]
    again = [a_login(ip=f"192.0.2.{n % 256}") for n in range(600)]
    one, two = known.enrich(first), known.enrich(again)
    assert one == two
    assert all(left is right for left, right in zip(one, two, strict=True))
    assert first == again


def test_a_full_cache_forgets_the_half_not_asked_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.enrichment.enrich.CACHED_ADDRESSES", 100)
    enricher = an_enricher()
    enricher.enrich([a_login(ip=f"10.{n // 256}.{n % 256}.1") for n in range(5_000)])
    cache = enricher._addresses
    assert len(cache) + len(cache._old) <= 100


def test_an_event_of_a_known_address_costs_what_a_hundred_turns_of_a_plain_loop_do() -> None:
    enricher = an_enricher()
    events = [a_login(ip=f"192.0.2.{n % 200}", device_id=f"d{n % 200}") for n in range(5_000)]
    enricher.enrich(events)
    turns = min(timed(enricher, events) / len(events) / a_round() for _ in range(5))
    assert turns < 100, f"{turns:.0f} turns an event"


def timed(enricher: Enricher, events: list[Login]) -> float:
    started = time.process_time()
    enricher.enrich(events)
    return time.process_time() - started
