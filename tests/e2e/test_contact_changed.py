"""A thief who changes the address of an account first: its owner is told of that, and of what is tried next."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage

from tests.chaos.feed import Feeder
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import life
from tests.e2e.test_stopped_and_released import WITHIN_S, Desk, api_of, keys_of
from tests.notifier.mail_server import Mailbox, MailServer

OWNERS, THIEFS = "li@example.com", "li.wallet@example.net"


def addressed(box: Mailbox) -> list[tuple[str, str]]:
    """Address and subject of each letter, in the order they came."""
    return [(str(each["To"]), str(each["Subject"])) for each in box.messages]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_the_owner_hears_of_the_new_address_and_of_the_denied_payment_before_the_thief_does(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack()
    box, events = Mailbox(), life("li")
    async with (
        MailServer(box) as smtp,
        Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder,
        api_of(stack) as client,
    ):
        wallet = Desk(client, (await keys_of(stack, wallet="contacts"))["wallet"])
        place = {"locale": "en", "time_zone": "Asia/Shanghai"}
        for address in (OWNERS, THIEFS):
            await wallet.ask("PUT", "/v1/accounts/li/contact", email=address, **place)
        for value in events:
            await feeder.put(b"li", value)
        await feeder.flush()
        stack.start_worker(0)
        stack.start_cases()
        await until_decided(stack, len(events))
        stack.start_notifier(smtp=f"smtp://127.0.0.1:{smtp}")
        async with asyncio.timeout(WITHIN_S):
            while not {THIEFS, OWNERS} <= {to for to, subject in addressed(box) if "90,000.00" in subject}:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    told = addressed(box)
    first = told[: [to for to, _ in told].index(THIEFS)]
    assert {to for to, _ in first} == {OWNERS}
    # These two are sent at once: either may come first.
    assert any("address" in subject for _, subject in first)
    assert any("90,000.00" in subject for _, subject in first)
    assert not any(THIEFS in text_of(each) for each in box.messages[: len(first)])
    assert len(box.ids) == len(set(zip(box.ids, (to for to, _ in told), strict=True)))
