"""The simulated world: cities, and the networks people reach us from. All networks are invented.

Addresses lie in 198.18.0.0/15 (benchmarking, RFC 2544), 240.0.0.0/4 (reserved, RFC 1112) and the documentation
blocks of RFC 5737; ASNs are from the private range of RFC 6996.
"""

from __future__ import annotations

from random import Random
from typing import Literal

from msgspec import Struct

from contracts.events import Network, Place

Kind = Literal["residential", "mobile", "hosting", "vpn", "tor"]


class City(Struct, frozen=True):
    """A city: degrees north and east, IANA time zone, currency, weight among the simulated people."""

    name: str
    country: str
    latitude: float
    longitude: float
    zone: str
    currency: str
    weight: float


class Access(Struct, frozen=True):
    """One way onto the network: an address, the place it is said to be, the network it belongs to."""

    ip: str
    place: Place
    network: Network


CITIES = (
    City("Shanghai", "CN", 31.23, 121.47, "Asia/Shanghai", "CNY", 20.0),
    City("Beijing", "CN", 39.90, 116.41, "Asia/Shanghai", "CNY", 16.0),
    City("Shenzhen", "CN", 22.54, 114.06, "Asia/Shanghai", "CNY", 14.0),
    City("Chengdu", "CN", 30.57, 104.07, "Asia/Shanghai", "CNY", 10.0),
    City("Hangzhou", "CN", 30.27, 120.16, "Asia/Shanghai", "CNY", 9.0),
    City("Wuhan", "CN", 30.59, 114.31, "Asia/Shanghai", "CNY", 7.0),
    City("Hong Kong", "HK", 22.32, 114.17, "Asia/Hong_Kong", "HKD", 6.0),
    City("Singapore", "SG", 1.35, 103.82, "Asia/Singapore", "SGD", 4.0),
    City("London", "GB", 51.51, -0.13, "Europe/London", "GBP", 2.0),
    City("Berlin", "DE", 52.52, 13.41, "Europe/Berlin", "EUR", 2.0),
    City("New York", "US", 40.71, -74.01, "America/New_York", "USD", 2.0),
    City("Bangkok", "TH", 13.76, 100.50, "Asia/Bangkok", "THB", 1.0),
)
ABROAD = ("Bangkok", "Singapore", "London", "Berlin", "New York")
_BY_NAME = {city.name: city for city in CITIES}
_OPERATORS = ("Harbour Broadband", "Meridian Fibre", "Lantern Home")
_VPNS = ("Quiet Tunnel", "Hidden Road", "Fogbank")
_ACCURACY_KM = {"residential": 20.0, "mobile": 50.0, "hosting": 100.0, "vpn": 100.0, "tor": 200.0}
_FIRST_ASN = 64512


def city_named(name: str) -> City:
    """The city of that name; KeyError when there is none."""
    return _BY_NAME[name]


def choose_city(rng: Random) -> City:
    """A home city, by weight."""
    return rng.choices(CITIES, weights=[city.weight for city in CITIES])[0]


def fixed_line(city: City, number: int, operator: int) -> Access:
    """A residential or office line in a city; `number` picks the address, `operator` one of three networks."""
    where = CITIES.index(city)
    ip = f"198.{18 + (number >> 16) % 2}.{(number >> 8) % 256}.{number % 256}"
    return _access(
        ip, city, _FIRST_ASN + where * 8 + operator, f"{city.name} {_OPERATORS[operator]}", "residential"
    )


def mobile_line(city: City, number: int) -> Access:
    """A phone's address behind the city's mobile carrier."""
    where = CITIES.index(city)
    ip = f"240.{64 + where}.{(number >> 8) % 256}.{number % 256}"
    return _access(ip, city, _FIRST_ASN + where * 8 + 3, f"{city.country} Mobile", "mobile")


def rented_server(city: City, number: int, kind: Kind = "hosting") -> Access:
    """A server an attacker rents: one network a city, `number` picks the address."""
    where = CITIES.index(city)
    ip = f"203.0.113.{number % 254 + 1}" if where % 2 else f"192.0.2.{number % 254 + 1}"
    return _access(ip, city, _FIRST_ASN + where * 8 + 4, f"{city.name} Cloud Rental", kind)


def vpn_exit(city: City, provider: int, number: int) -> Access:
    """An exit of one of three VPN providers in a city; `number` picks one of 2,048 addresses in eight blocks."""
    where = CITIES.index(city)
    ip = f"240.{80 + provider * len(CITIES) + where}.{(number >> 8) % 8}.{number % 256}"
    return _access(ip, city, _FIRST_ASN + where * 8 + 5 + provider, f"{city.name} {_VPNS[provider]}", "vpn")


def _access(ip: str, city: City, asn: int, name: str, kind: Kind) -> Access:
    place = Place(
        country=city.country,
        city=city.name,
        latitude=city.latitude,
        longitude=city.longitude,
        accuracy_km=_ACCURACY_KM[kind],
    )
    return Access(ip=ip, place=place, network=Network(asn=asn, name=name, kind=kind))
