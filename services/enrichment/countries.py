"""What a country text says: a code in any case, or a country's English name."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from importlib.resources import files

from contracts.events import is_country

#: Names in use beside those of the table, and codes in use beside ISO's.
_ALSO = {
    "united kingdom": "GB",
    "great britain": "GB",
    "england": "GB",
    "uk": "GB",
    "united states of america": "US",
    "usa": "US",
    "south korea": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "viet nam": "VN",
    "hong kong sar": "HK",
    "macao": "MO",
    "macau": "MO",
    "people's republic of china": "CN",
    "mainland china": "CN",
    "中国": "CN",
    "中国香港": "HK",
    "香港": "HK",
    "中国澳门": "MO",
    "澳门": "MO",
    "台湾": "TW",
    "中国台湾": "TW",
}
_LONGEST = 100


def country_of(text: str) -> str | None:
    """The ISO 3166 code that a text means; None when it means none, as `T1` (Tor) and `XX` (unknown) do."""
    if len(text) > _LONGEST:
        return None
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if (known := _names().get(name.casefold())) is not None:
        return known
    code = name.upper()
    return code if is_country(code) else None


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Codes by English name, from the table of the time zone database, which is read at the first need."""
    table = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t", 1) for line in table.splitlines() if line and not line.startswith("#"))
    return {name.casefold(): code for code, name in rows} | _ALSO
