"""Places and networks of addresses from MaxMind-format databases (GeoLite2 City and ASN, DB-IP, or one's own)."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import maxminddb
from msgspec import Struct

from contracts.events import Place, is_country, is_place
from services.enrichment.network_lists import MAX_AGE_DAYS, Address

_log = logging.getLogger(__name__)


class GeoStatus(Struct, frozen=True):
    """State of one database: `ready`, `stale`, `not configured`, `missing`, `corrupt`; built is its build date."""

    state: str
    kind: str = ""
    built: str = ""


class GeoDatabase:
    """One database, opened once and memory-mapped.

    A stale one (built more than `max_age_days` before `as_of`) still answers, and its callers say so in each
    decision. A missing or corrupt one answers nothing: logged once, shown by `status`.
    """

    def __init__(self, path: Path | None, as_of: date, max_age_days: int = MAX_AGE_DAYS) -> None:
        self._reader: maxminddb.Reader | None = None
        self.status = GeoStatus("not configured")
        if path is not None:
            self._open(path, as_of, max_age_days)

    @property
    def ready(self) -> bool:
        """Whether it can be asked."""
        return self._reader is not None

    @property
    def stale(self) -> bool:
        return self.status.state == "stale"

    def place(self, address: Address) -> Place | None:
        """The place that a City or Country database knows of the address, see `place_of`."""
        return place_of(self._record(address))

    def network(self, address: Address) -> tuple[int | None, str | None]:
        """(AS number, organisation) that an ASN database knows of the address, each None when unknown."""
        record = self._record(address)
        if record is None:
            return None, None
        number = record.get("autonomous_system_number")
        name = record.get("autonomous_system_organization")
        return (number if isinstance(number, int) else None), (name if isinstance(name, str) else None)

    def _record(self, address: Address) -> dict[str, Any] | None:
        if self._reader is None:
            return None
        try:
            found = self._reader.get(address)
        except (maxminddb.InvalidDatabaseError, UnicodeDecodeError) as error:
            self._lost("corrupt", error)
            return None
        except ValueError:
            return None  # an IPv6 address in a database of IPv4 addresses
        return found if isinstance(found, dict) else None

    def close(self) -> None:
        """Give the file back; afterwards nothing is known."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _open(self, path: Path, as_of: date, max_age_days: int) -> None:
        try:
            self._reader = maxminddb.open_database(path, maxminddb.MODE_AUTO)
            about = self._reader.metadata()
        except OSError as error:
            self._lost("missing", error)
            return
        except (maxminddb.InvalidDatabaseError, UnicodeDecodeError, ValueError) as error:
            self._lost("corrupt", error)
            return
        built = datetime.fromtimestamp(about.build_epoch, UTC).date()
        stale = (as_of - built).days > max_age_days
        self.status = GeoStatus("stale" if stale else "ready", about.database_type, built.isoformat())
        if stale:
            _log.warning("geo database %s is stale: built %s", about.database_type, built.isoformat())

    def _lost(self, state: str, error: Exception) -> None:
        self.close()
        self.status = GeoStatus(state, self.status.kind, self.status.built)
        _log.warning("geo database is %s: %s", state, type(error).__name__)


def place_of(record: dict[str, Any] | None) -> Place | None:
    """The place a City or Country record names; None when it names none that can be.

    Reads MaxMind's nested records, and the flat ones of repackaged databases (`country_code`, `city`, `latitude`).
    """
    if record is None:
        return None
    if isinstance(record.get("country"), dict) or "registered_country" in record or "location" in record:
        country = (record.get("country") or record.get("registered_country") or {}).get("iso_code")
        location = record.get("location") or {}
        city = ((record.get("city") or {}).get("names") or {}).get("en")
    else:
        country, location, city = record.get("country_code"), record, record.get("city")
    place = Place(
        country=country if isinstance(country, str) and is_country(country) else None,
        city=city if isinstance(city, str) and city else None,
        latitude=location.get("latitude"),
        longitude=location.get("longitude"),
        accuracy_km=float(location.get("accuracy_radius") or 50.0),
    )
    known = place.country is not None or place.latitude is not None
    return place if known and is_place(place) else None
