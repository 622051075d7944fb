"""What simulated people hold in their hands: a device id, and a user agent that updates itself."""

from __future__ import annotations

from random import Random

from msgspec import Struct

_PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; V2227A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile "
    "Safari/537.36",
)
_PHONE_WEIGHTS = (40, 20, 25, 15)
_COMPUTERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 "
    "Edg/133.0.0.0",
)
_COMPUTER_WEIGHTS = (60, 20, 20)
_TABLETS = (
    "Mozilla/5.0 (iPad; CPU OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 "
    "Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-X210) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
)
_CHROME, _CHROME_EVERY_DAYS = 133, 28
_IOS, _IOS_EVERY_DAYS = 3, 60


class Handset(Struct, frozen=True):
    """A device of a person: its id and what it says of itself."""

    device_id: str
    user_agent: str

    def on(self, day: int) -> Handset:
        """The device on a day of the simulation: browsers update each four weeks, phones each two months."""
        # The first update comes between days 16 and 28, so that two weeks are one version.
        phase = sum(self.device_id.encode()) % 13
        chrome, ios = (day + phase) // _CHROME_EVERY_DAYS, (day + phase) // _IOS_EVERY_DAYS
        if not chrome:
            return self
        agent = self.user_agent.replace(f"/{_CHROME}.", f"/{_CHROME + chrome}.")
        agent = agent.replace(f"18_{_IOS}", f"18_{_IOS + ios}").replace(f"/18.{_IOS}", f"/18.{_IOS + ios}")
        return Handset(self.device_id, agent)


def phone(rng: Random) -> Handset:
    """A phone."""
    return Handset(f"ph-{rng.getrandbits(48):012x}", rng.choices(_PHONES, _PHONE_WEIGHTS)[0])


def computer(rng: Random) -> Handset:
    """A computer's browser."""
    return Handset(f"pc-{rng.getrandbits(48):012x}", rng.choices(_COMPUTERS, _COMPUTER_WEIGHTS)[0])


def tablet(rng: Random) -> Handset:
    """A tablet."""
    return Handset(f"tb-{rng.getrandbits(48):012x}", rng.choice(_TABLETS))


def private_window(of: Handset, rng: Random) -> Handset:
    """The same browser without its cookies: another device id."""
    return Handset(f"pw-{rng.getrandbits(48):012x}", of.user_agent)
