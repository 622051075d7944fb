"""Currencies and coins: how many decimals their minor units have, how many people are shown, and in what amounts are counted.

ISO 4217 as of 2026-01-01, held by a test against a kept library; coins as their chains or issuers define them. The operator adds
his own at the start of a process (`know`); nothing else ever changes the tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MOST_DECIMALS = 18

_CODE = re.compile("[A-Z0-9]{3,8}")

#: ISO 4217 codes by the decimals of their minor unit; the fourth have none to count in.
_ISO: Mapping[int | None, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU "
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR "
    "NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP "
    "TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    None: "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX",
}
#: Withdrawn from ISO 4217 lately; old events and late reports still name them.
_WITHDRAWN = {2: "ANG BGN CUC HRK SLL ZWL"}
#: Coins by the decimals of their smallest unit.
_COINS: Mapping[int, str] = {
    4: "EOS",
    6: "USDT USDC PYUSD EURC TRX XRP ADA ATOM ALGO XTZ",
    7: "XLM",
    8: "BTC WBTC BCH LTC DOGE DASH ZEC HBAR ICP APT",
    9: "SOL TON SUI",
    10: "DOT",
    12: "XMR",
    18: "ETH WETH ETC BNB DAI BUSD TUSD FDUSD USDP USDE AVAX MATIC POL LINK SHIB PEPE UNI AAVE ARB FIL",
}
#: Coins that are worth what a unit of a currency is, and are read like one.
PEGGED = frozenset("USDT USDC PYUSD EURC DAI BUSD TUSD FDUSD USDP USDE".split())

#: The complete list, with None where a code has no minor unit.
ISO_4217: Mapping[str, int | None] = {code: n for n, codes in _ISO.items() for code in codes.split()}
_MONEY = {code: n for table in (_ISO, _WITHDRAWN) for n, codes in table.items() for code in codes.split()}
_SHIPPED = {
    **{code: n for code, n in _MONEY.items() if n is not None},
    **{code: n for n, codes in _COINS.items() for code in codes.split()},
}
#: Decimals of the minor unit by currency: what is shipped and what the operator added.
DECIMALS: dict[str, int] = dict(_SHIPPED)
#: Decimals that are told at most where a currency has so many that nobody reads them all.
_FEW, _AS_MONEY = 4, 2
#: Currencies whose amounts are counted one by one: those with a minor unit of ISO 4217, and coins that stand for one.
COUNTED_BY_ONE = frozenset(code for code, n in _MONEY.items() if n is not None) | PEGGED
_FINE = 1e6


def is_code(currency: str) -> bool:
    """Whether the text is a currency's code: 3 to 8 capital letters or digits, known or not."""
    return _CODE.fullmatch(currency) is not None


def check_code(currency: str) -> None:
    """Raises ValueError that states the rule for what is no code."""
    if not is_code(currency):
        raise ValueError("currency must be 3 to 8 capital letters or digits, such as CNY or USDT")


def minor_exponent(currency: str) -> int | None:
    """Decimals of the currency's minor unit: 2 for CNY, 0 for JPY, 6 for USDT; None where they are not known."""
    return DECIMALS.get(currency)


def shown_places(currency: str) -> int:
    """How many decimals people see at least: 2 for CNY and USDT, 0 for JPY, for BTC and for what is not known."""
    places = DECIMALS.get(currency, 0)
    if places <= _FEW:
        return places
    return _AS_MONEY if currency in PEGGED else 0


def rounded(amount: float, currency: str) -> float:
    """The amount as explanations tell it: to cents of money, to eight decimals of anything else."""
    return round(amount, _AS_MONEY if currency in COUNTED_BY_ONE else 8)


def units_counted(currency: str) -> float:
    """In how many units one of the currency is counted where logarithms of amounts are kept.

    log(1 + amount) tells amounts below one hardly apart, and half a bitcoin is no small change: what is not money of
    ISO 4217, or stands for it, is counted in millionths. What is remembered is in these units, so none may ever change.
    """
    return 1.0 if currency in COUNTED_BY_ONE else _FINE


def know(decimals: Mapping[str, int]) -> None:
    """Use the operator's own decimals beside the shipped ones, in this process, from now on.

    Raises ValueError naming a code that is none, decimals outside 0..18, and an ISO 4217 currency told otherwise.
    """
    for code, places in decimals.items():
        check_code(code)
        if not 0 <= places <= MOST_DECIMALS:
            raise ValueError(f"decimals of {code}: expected 0 to {MOST_DECIMALS}, got {places}")
        if (stated := _MONEY.get(code)) is not None and stated != places:
            raise ValueError(f"decimals of {code}: ISO 4217 says {stated}, got {places}; take the line out")
    DECIMALS.clear()
    DECIMALS.update({**_SHIPPED, **decimals})
