"""What happens to an account, as typed events decoded once from JSON.

Wire rules: `type` names the kind; `event_id` and `account_id` are required; `occurred_at` is RFC 3339 text or integer
epoch milliseconds; money is a decimal string, or integer minor units, beside a currency's code, never a float.
Unknown fields are allowed, unknown types are Malformed. Derived fields (`at`, `value`) are computed here and never read
from the wire: their wire names begin with an underscore and are left out of the published schema.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct, field, json, to_builtins
from msgspec.structs import force_setattr

from contracts.amounts import major_units
from contracts.changes import ChangeName
from contracts.currencies import check_code
from contracts.event_times import epoch_seconds

Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
# The patterns are only stated here: an event checks them itself, and remembers which texts it found good.
Currency = Annotated[str, Meta(max_length=8, extra_json_schema={"pattern": "^[A-Z0-9]{3,8}$"})]
Country = Annotated[str, Meta(max_length=2, extra_json_schema={"pattern": "^[A-Z]{2}$"})]
DeviceKey = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Purpose = Literal["login", "transaction", "change"]
Proof = Literal["link", "session", "code"]
#: The longest time within which a policy may let a report be taken back.
LONGEST_UNDO_S = 3600

_COUNTRY = re.compile("[A-Z]{2}")
#: ISO 3166 keeps these for the use of whoever wants: proxies and databases write XX and ZZ for "nobody knows". XK is Kosovo.
_NO_COUNTRY = re.compile("AA|Q[M-Z]|X[A-JL-Z]|ZZ")
#: Codes found good so far: patterns cost more than a look.
_GOOD_COUNTRIES: set[str | None] = set()
_GOOD_CURRENCIES: set[str] = set()
#: Nobody's wallet has more; what comes beyond is checked each time.
_MOST_GOOD = 4096


class Place(Struct, frozen=True, gc=False):
    """Where an address is said to be; degrees north and east, accuracy radius in km."""

    country: Country | None = None
    city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    accuracy_km: float = 50.0


#: Kinds of network whose addresses tell where a server, an exit or a ground station is, not where somebody is.
PLACELESS = frozenset({"vpn", "tor", "hosting", "relay", "satellite"})


class Network(Struct, frozen=True, gc=False):
    """The network an address belongs to; `kind` comes from list files and is `unknown` without them."""

    asn: int | None = None
    name: str | None = None
    kind: Literal["unknown", "residential", "mobile", "hosting", "vpn", "tor", "relay", "satellite"] = (
        "unknown"
    )


class Device(Struct, frozen=True, gc=False):
    """What the user agent says of the device."""

    kind: Literal["unknown", "phone", "tablet", "computer", "bot", "other"] = "unknown"
    os: str | None = None
    browser: str | None = None


class Event(Struct, frozen=True, kw_only=True, tag_field="type", gc=False, omit_defaults=True):
    """What every event has. `at` is the event time in epoch seconds, after clamping of far-future times."""

    event_id: Identifier
    account_id: Identifier
    occurred_at: datetime | int
    at: float = field(default=0.0, name="_at")

    def __post_init__(self) -> None:
        force_setattr(self, "at", epoch_seconds(self.occurred_at))


class Activity(Event, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An event that came over a network from a device; place, network and device are filled by enrichment if absent.

    `device_key`, `ip_key` and `network_key` are keyed hashes that enrichment derives (`contracts.profile.Key`): the
    network's key is its ASN when known, else its /24 or /48 prefix. `address_traits` and `agent_traits` are
    keys by level (`contracts.traits`); `traits` are all of them, put together by the first who needs them.
    """

    ip: Annotated[str, Meta(max_length=64)] | None = None
    user_agent: Annotated[str, Meta(max_length=1024)] | None = None
    device_id: Annotated[str, Meta(max_length=256)] | None = None
    session_id: Annotated[str, Meta(max_length=256)] | None = None
    place: Place | None = None
    network: Network | None = None
    device: Device | None = None
    device_key: bytes | None = field(default=None, name="_device_key")
    ip_key: bytes | None = field(default=None, name="_ip_key")
    network_key: bytes | None = field(default=None, name="_network_key")
    address_traits: bytes = field(default=b"", name="_address_traits")
    agent_traits: bytes = field(default=b"", name="_agent_traits")
    traits: bytes = field(default=b"", name="_traits")

    def __post_init__(self) -> None:
        force_setattr(self, "at", epoch_seconds(self.occurred_at))
        place = self.place
        if place is not None and place.country not in _GOOD_COUNTRIES:
            _check_country(place.country)


class Login(Activity, frozen=True, kw_only=True, tag="login", gc=False, omit_defaults=True):
    """An attempt to log in. `reason` is the identity provider's code for a failure."""

    outcome: Literal["success", "failure"]
    method: str | None = None
    reason: str | None = None


class Transaction(Activity, frozen=True, kw_only=True, tag="transaction", gc=False, omit_defaults=True):
    """Money asked to move. `value` is the amount in major units; `balance` is what was there before, if told.

    `category` is the payee's trade as the wallet names it, such as a merchant category code. `balance_after` is what is there
    now, and `reason` the wallet's code for a failure: both are for letters alone. `reference` is the wallet's number of the
    money, the same in all its states, and `channel` the bank, card network or rail that it goes by: both are for support alone.
    """

    amount: str | int
    currency: Currency
    kind: Literal["transfer", "payment", "withdrawal", "top_up", "cash_out", "refund"] = "payment"
    status: Literal["requested", "completed", "failed"] = "requested"
    payee_id: Identifier | None = None
    category: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    balance: str | int | None = None
    balance_after: str | int | None = None
    reason: str | None = None
    reference: Identifier | None = None
    channel: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    value: float = field(default=0.0, name="_value")
    payee_key: bytes | None = field(default=None, name="_payee_key")

    def __post_init__(self) -> None:
        force_setattr(self, "at", epoch_seconds(self.occurred_at))
        place = self.place
        if place is not None and place.country not in _GOOD_COUNTRIES:
            _check_country(place.country)
        if self.currency not in _GOOD_CURRENCIES:
            _check_currency(self.currency)
        force_setattr(self, "value", major_units(self.amount, self.currency))
        if self.balance is not None:
            major_units(self.balance, self.currency, "balance")
        if self.balance_after is not None:
            major_units(self.balance_after, self.currency, "balance_after")


class AccountChange(Activity, frozen=True, kw_only=True, tag="account_change", gc=False, omit_defaults=True):
    """A change to credentials, contacts, limits or factors of an account.

    Those of the factor come from PayGuard itself: `totp_enrolled` the first, `totp_replaced` one in place of another.
    """

    change: ChangeName


class ChallengeOutcome(
    Event, frozen=True, kw_only=True, tag="challenge_outcome", gc=False, omit_defaults=True
):
    """How a second-factor challenge ended, about the event that was challenged."""

    challenge_id: Identifier
    challenged_event_id: Identifier
    purpose: Purpose
    outcome: Literal["passed", "failed", "expired"]


class Settlement(Event, frozen=True, kw_only=True, tag="settlement", gc=False, omit_defaults=True):
    """How a freeze of the account, or a held payment, ended; `about_event_id` is the event that led to it."""

    settles: Literal["account", "payment"]
    outcome: Literal["released", "cancelled", "expired"]
    about_event_id: Identifier


class Erasure(Event, frozen=True, kw_only=True, tag="erasure", gc=False, omit_defaults=True):
    """The account's data is erased: what earlier events taught is forgotten, and what comes later begins a new account."""


class OwnerAct(Event, frozen=True, kw_only=True, tag="owner_act", gc=False, omit_defaults=True):
    """What the account's owner did in the security centre.

    `lock`: no money goes out from then on, until a settlement of the account. `forget_device`: the device of the key
    `gone_device` (16 hex digits) is not the account's any more. `trust_device`: that of `trusted_device` is, from then on, for as
    long as one that the account was used on. `by` is who did it in the owner's place, if somebody did.
    """

    act: Literal["lock", "forget_device", "trust_device"]
    by: Literal["support"] | None = None
    gone_device: DeviceKey | None = None
    trusted_device: DeviceKey | None = None

    def __post_init__(self) -> None:
        force_setattr(self, "at", epoch_seconds(self.occurred_at))
        if (self.act == "forget_device") != (self.gone_device is not None):
            raise ValueError("gone_device belongs to the act forget_device, which needs it")
        if (self.act == "trust_device") != (self.trusted_device is not None):
            raise ValueError("trusted_device belongs to the act trust_device, which needs it")


class UserReport(Event, frozen=True, kw_only=True, tag="user_report", gc=False, omit_defaults=True):
    """What the account's owner says of one earlier event, and how it is known that the owner says so.

    `proof`: `link` (whoever reads the owner's mail may have pressed it), `session` (signed in on a session that the wallet
    knows), `code` (PayGuard accepted a code); none is the wallet's word as it was before there were proofs. `undoes` is the
    report that this one takes back; PayGuard alone says so.
    """

    about_event_id: Identifier
    verdict: Literal["was_me", "not_me"]
    proof: Proof | None = None
    undoes: Identifier | None = None


class Label(Event, frozen=True, kw_only=True, tag="label", gc=False, omit_defaults=True):
    """What support or a chargeback says of one earlier event.

    `about_occurred_at` is when that event happened (`about_at`, in epoch seconds), as far as it is known.
    """

    about_event_id: Identifier
    verdict: Literal["fraud", "legitimate"]
    source: str = "support"
    payee_id: Identifier | None = None
    about_occurred_at: datetime | int | None = None
    about_at: float | None = field(default=None, name="_about_at")
    payee_key: bytes | None = field(default=None, name="_payee_key")

    def __post_init__(self) -> None:
        force_setattr(self, "at", epoch_seconds(self.occurred_at))
        about = self.about_occurred_at
        force_setattr(self, "about_at", None if about is None else epoch_seconds(about, "about_occurred_at"))


AnyEvent = (
    Login
    | Transaction
    | AccountChange
    | ChallengeOutcome
    | UserReport
    | Label
    | Settlement
    | Erasure
    | OwnerAct
)
EVENT_TYPES: tuple[type[Event], ...] = get_args(AnyEvent)
EVENT_TYPE_NAMES = tuple(str(kind.__struct_config__.tag) for kind in EVENT_TYPES)


def to_wire(event: Event) -> bytes:
    """The event as JSON for a topic or the HTTP API, without derived fields."""
    fields = to_builtins(event)
    return json.encode({name: value for name, value in fields.items() if not name.startswith("_")})


def is_country(text: str) -> bool:
    """Whether the text is two capital letters that ISO 3166 may give to a country."""
    return _COUNTRY.fullmatch(text) is not None and _NO_COUNTRY.fullmatch(text) is None


def is_place(place: Place) -> bool:
    """Whether the coordinates can be on Earth: both given and inside +-90 and +-180 degrees, or neither; never NaN."""
    latitude, longitude = place.latitude, place.longitude
    if latitude is None or longitude is None:
        return latitude is longitude
    return -90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0 and 0.0 <= place.accuracy_km <= 40_075.0


def what_can_be(place: Place) -> Place | None:
    """What is left of a place that cannot be: country and city, and coordinates that are on Earth; None for nothing."""
    left = Place(country=place.country, city=place.city)
    exact = Place(place.country, place.city, place.latitude, place.longitude)
    if place.latitude is not None and is_place(exact):
        return exact
    return left if left.country is not None or left.city is not None else None


def _check_country(country: str | None) -> None:
    if country is not None and not is_country(country):
        raise ValueError("place.country must be two capital letters, the ISO 3166 code of a country")
    _GOOD_COUNTRIES.add(country)


def _check_currency(currency: str) -> None:
    check_code(currency)
    if len(_GOOD_CURRENCIES) < _MOST_GOOD:
        _GOOD_CURRENCIES.add(currency)
