"""Text messages and pushes go by the operator's URL; an owner's address leads nowhere else."""

from __future__ import annotations

import pytest
from msgspec import structs

from contracts.errors import Unavailable
from notifier.channels import Sent
from notifier.channels.apprise_url import AppriseChannel
from tests.notifier.doubles import HttpDouble
from tests.notifier.test_channels import AT, LETTER

TO_LI = structs.replace(LETTER, to="+8613800138000")


def channel(double: HttpDouble, *, texts: bool = True) -> AppriseChannel:
    return AppriseChannel(
        "sms", f"json://127.0.0.1:{double.port}/send?:to={{to}}&:id={{key}}&cto=5&rto=5", texts=texts
    )


async def test_a_text_message_is_the_short_text_with_address_and_key() -> None:
    async with HttpDouble() as double:
        assert await channel(double).send(TO_LI, "n1.sms.k", AT) == Sent()

    (said,) = double.said
    assert (said["to"], said["id"], said["message"], said["title"]) == (
        "+8613800138000",
        "n1.sms.k",
        LETTER.short.text,
        "",
    )


async def test_a_push_has_a_title_a_body_and_the_link() -> None:
    letter = structs.replace(
        TO_LI, short=structs.replace(LETTER.short, link="https://upay.example/my/answer/x")
    )
    async with HttpDouble() as double:
        await channel(double, texts=False).send(letter, "n1.push.k", AT)

    (said,) = double.said
    assert said["title"] == LETTER.short.title
    assert said["message"].splitlines() == [LETTER.short.body, "https://upay.example/my/answer/x"]


async def test_what_the_provider_does_not_take_is_tried_again() -> None:
    async with HttpDouble() as double:
        double.status = 500
        with pytest.raises(Unavailable) as raised:
            await channel(double).send(TO_LI, "n1.sms.k", AT)

    assert raised.value.reason == "sms_refused"
    assert "138" not in str(raised.value)


@pytest.mark.parametrize("address", ["x@evil.example/", "../../other", "a&:to=b", "a?b#c", "evil.example:80"])
async def test_no_address_leads_to_another_host_path_or_field(address: str) -> None:
    async with HttpDouble() as double:
        await channel(double).send(structs.replace(LETTER, to=address), "k", AT)

    assert [
        (path.partition("?")[0], said["to"])
        for (path, _, _), said in zip(double.posts, double.said, strict=True)
    ] == [("/send", address)]


@pytest.mark.parametrize(
    "url",
    [
        "json://{to}/send",
        "json://host/send",
        "nonsense://host/{to}",
        "",
        "json://{to}@host/send",
        "json://host:{to}/x",
    ],
)
def test_a_url_that_lets_an_owner_name_the_host_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sms_url"):
        AppriseChannel("sms", url, texts=True)
