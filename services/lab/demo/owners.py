"""The people whose place a visitor of the demonstration's page takes: four, once for each language of the letters they get."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, structs

from services.lab.people.personas import Handset, Person
from services.lab.people.places import City, city_named, fixed_line, mobile_line
from services.lab.simulate.stories import cast

Key = Literal["lin", "zhao", "olivia", "samuel"]
Locale = Literal["en", "zh-CN"]
LOCALES: tuple[Locale, ...] = ("en", "zh-CN")
#: Whatever people a run is played with, these are the same: that a payment is held depends on the habits of its owner.
_SEED = 7
_PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 "
    "Mobile/15E148 Safari/604.1"
)


class Owner(Struct, frozen=True):
    """Somebody to be; `key` is how the page's words name them, `locale` the language of their letters."""

    key: Key
    locale: Locale
    person: Person

    @property
    def account_id(self) -> str:
        """Their account."""
        return self.person.account_id

    @property
    def left_alone(self) -> bool:
        """Whether what they are asked waits for the visitor; else they answer by themselves, as everybody does."""
        return self.key != "olivia"

    @property
    def email(self) -> str:
        """Where their letters go."""
        return f"{self.account_id}@people.example"


_LIVE: tuple[tuple[Key, str, int, str], ...] = (
    ("lin", "lin-xiaoyu", 9003, "Shanghai"),
    ("zhao", "zhao-min", 9101, "Hangzhou"),
    ("olivia", "olivia-brandt", 9102, "Berlin"),
    ("samuel", "samuel-reyes", 9103, "Singapore"),
)
_ENDING = {"en": "", "zh-CN": "-zh"}


def owners() -> tuple[Owner, ...]:
    """All of them."""
    return tuple(
        Owner(key, locale, _person(f"{account}{_ENDING[locale]}", number, city_named(city)))
        for locale in LOCALES
        for key, account, number, city in _LIVE
    )


def _person(account_id: str, number: int, city: City) -> Person:
    return structs.replace(
        cast(_SEED, number),
        account_id=account_id,
        city=city,
        home=fixed_line(city, number, 0),
        mobile=mobile_line(city, number),
        work=fixed_line(city, number + 20_000, 1),
        phone=Handset(f"phone-{account_id}", _PHONE),
        operator=0,
        lease_days=400,
        has_factor=True,
    )
