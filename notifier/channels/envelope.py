"""A letter as an RFC 5322 message, the same bytes each time for the same key."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notifier.channels import Letter

_HEADER_LIMIT = 200


def message(letter: Letter, key: str, sender: str, at: float) -> EmailMessage:
    """The message; its Message-ID is `<key@sender's domain>`, so that a repeat is known as one."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = letter.to
    mail["Subject"] = " ".join(letter.subject.split())[:_HEADER_LIMIT]
    mail["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    mail["Message-ID"] = message_id(key, sender)
    if letter.answers is not None:
        mail["In-Reply-To"] = mail["References"] = message_id(letter.answers, sender)
    mail["Content-Language"] = letter.language
    mail["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe is not None:
        # RFC 8058: a mail program ends such letters with one POST.
        mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(letter.text, cte="base64")
    mail.add_alternative(letter.html, subtype="html", cte="base64")
    mail.set_boundary(f"payguard-{key}")
    return mail


def message_id(key: str, sender: str) -> str:
    """The Message-ID of an idempotency key."""
    return f"<{key}@{sender.rpartition('@')[2].rstrip('>')}>"
