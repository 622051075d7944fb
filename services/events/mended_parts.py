"""What can be read of a place, a network or a device that is not written as the decoder wants it. Pure."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

from contracts.events import Device, Network, Place
from services.enrichment.countries import country_of

#: Members that the decoder takes, and whether these are all of what was said, said well.
Part = tuple[dict[str, Any], bool]

_LONGEST_NAME = 200
_FARTHEST_KM = 40_075.0
_NETWORK_KINDS = frozenset(get_args(get_type_hints(Network)["kind"]))
_DEVICE_KINDS = frozenset(get_args(get_type_hints(Device)["kind"]))
_MOST_ASN = (1 << 32) - 1


def place_in(given: Any) -> Part:
    """Country, city, coordinates and accuracy, each as far as it can be read; a text alone may be a country."""
    if isinstance(given, str):
        country = country_of(given)
        return ({} if country is None else {"country": country}), False
    if not isinstance(given, dict):
        return {}, False
    read: dict[str, Any] = {}
    text = given.get("country")
    if isinstance(text, str) and (country := country_of(text)) is not None:
        read["country"] = country
    if (city := _name(given.get("city"))) is not None:
        read["city"] = city
    latitude, longitude = _number(given.get("latitude"), 90.0), _number(given.get("longitude"), 180.0)
    if latitude is not None and longitude is not None:
        read |= {"latitude": latitude, "longitude": longitude}
    accuracy_km = _number(given.get("accuracy_km"), _FARTHEST_KM)
    if accuracy_km is not None and accuracy_km >= 0.0:
        read["accuracy_km"] = accuracy_km
    useful = "country" in read or "latitude" in read
    return (read if useful else {}), _is_whole(read, given, Place)


def network_in(given: Any) -> Part:
    """Number, name and kind, each as far as it can be read; a kind that is none is unknown."""
    if not isinstance(given, dict):
        return {}, False
    read: dict[str, Any] = {}
    number = given.get("asn")
    if isinstance(number, str):
        digits = number.strip().upper().removeprefix("ASN").removeprefix("AS").strip()
        number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 10 else None
    elif isinstance(number, float):
        number = int(number) if number.is_integer() else None
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= _MOST_ASN:
        read["asn"] = number
    if (name := _name(given.get("name"))) is not None:
        read["name"] = name
    if (kind := _kind(given.get("kind"), _NETWORK_KINDS)) is not None:
        read["kind"] = kind
    return read, _is_whole(read, given, Network)


def device_in(given: Any) -> Part:
    """Kind, system and browser, each as far as it can be read; a kind that is none is unknown."""
    if not isinstance(given, dict):
        return {}, False
    read = {name: text for name in ("os", "browser") if (text := _name(given.get(name))) is not None}
    if (kind := _kind(given.get("kind"), _DEVICE_KINDS)) is not None:
        read["kind"] = kind
    return read, _is_whole(read, given, Device)


def _is_whole(read: dict[str, Any], given: dict[str, Any], kind: type[Place | Network | Device]) -> bool:
    """Whether what was read is all that was said of what we know."""
    return all(
        read.get(name) == value and not isinstance(value, bool)
        for name, value in given.items()
        if name in kind.__struct_fields__ and value is not None
    )


def _name(given: Any) -> str | None:
    if not isinstance(given, str) or not given:
        return None
    return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")[:_LONGEST_NAME]


def _kind(given: Any, kinds: frozenset[str]) -> str | None:
    if not isinstance(given, str):
        return None
    kind = given.strip().casefold()
    return kind if kind in kinds else None


def _number(given: Any, most: float) -> float | None:
    """A number of at most this size, also one that is written as a text."""
    if isinstance(given, str):
        try:
            given = float(given[:_LONGEST_NAME])
        except ValueError:
            return None
    if not isinstance(given, int | float) or isinstance(given, bool):
        return None
    return float(given) if -most <= given <= most else None
