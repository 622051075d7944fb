"""Who may open which route of the desk: one row a route, held to the running application by a test and printed by `make docs`.

Rows say what is meant; the routes' own dependencies (`services.staff.access`) say what is done. A route without a row fails.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.staff.members import ROLES, Role

#: Before the sign-in: whoever asks.
ANYBODY: tuple[Role, ...] | None = None
#: Everybody who works here, auditors too: what changes nothing, or nothing but one's own.
STAFF = ROLES
#: Whoever works on cases.
CASES: tuple[Role, ...] = ("agent", "senior", "security", "admin")
#: Whoever answers for the work of others.
SENIORS: tuple[Role, ...] = ("senior", "security", "admin")
ADMINS: tuple[Role, ...] = ("admin",)

MAY: Mapping[str, tuple[Role, ...] | None] = {
    "GET /desk/assets/{digest}/{name}": ANYBODY,
    "GET /desk/sign-in": ANYBODY,
    "POST /desk/sign-in": ANYBODY,
    "GET /desk/sign-in/company": ANYBODY,
    "GET /desk/signed-in": ANYBODY,
    "GET /desk/sign-in/code": ANYBODY,
    "POST /desk/sign-in/code": ANYBODY,
    "GET /desk/first": ANYBODY,
    "GET /desk/first/{code}": ANYBODY,
    "POST /desk/first": ANYBODY,
    "POST /desk/first/bind": ANYBODY,
    "POST /desk/sign-out": STAFF,
    "GET /desk/me": STAFF,
    "POST /desk/me/language": STAFF,
    "POST /desk/me/time-zone": STAFF,
    "POST /desk/me/keys": STAFF,
    "POST /desk/me/password": STAFF,
    "POST /desk/me/sessions/end": STAFF,
    "GET /desk": STAFF,
    "GET /desk/events": STAFF,
    "GET /desk/search": STAFF,
    "GET /desk/open": CASES,
    "POST /desk/open": CASES,
    "POST /desk/next": CASES,
    "POST /desk/bulk": CASES,
    "POST /desk/bulk/{bulk_id}/undo": CASES,
    "GET /desk/cases/{case_id}": STAFF,
    "POST /desk/cases/{case_id}/steps/{step}": CASES,
    "POST /desk/cases/{case_id}/fields": CASES,
    "POST /desk/cases/{case_id}/acts/file": CASES,
    "GET /desk/cases/{case_id}/files/{number}": CASES,
    "GET /desk/cases/{case_id}/acts/{act}": STAFF,
    "POST /desk/cases/{case_id}/acts/{act}": CASES,
    "POST /desk/acts/{act_id}/undo": CASES,
    "POST /desk/acts/{act_id}/seen": CASES,
    "GET /desk/cases/{case_id}/reveal/{field}": CASES,
    "POST /desk/cases/{case_id}/reveal/{field}": CASES,
    "GET /desk/reveals": STAFF,
    "GET /desk/cases/{case_id}/pack": STAFF,
    "GET /desk/cases/{case_id}/pack.pdf": CASES,
    "GET /desk/cases/{case_id}/pack.json": CASES,
    "POST /desk/cases/{case_id}/pack/unmasked": CASES,
    "GET /desk/approvals": STAFF,
    "POST /desk/approvals/{approval_id}/{decision}": CASES,
    "POST /desk/mentions/{act_id}/seen": CASES,
    "GET /desk/cases/{case_id}/bulk-message": STAFF,
    "POST /desk/cases/{case_id}/bulk-message": CASES,
    "GET /desk/bulk-messages/{message_id}": STAFF,
    "POST /desk/bulk-messages/{message_id}/undo": CASES,
    "GET /desk/attacks": STAFF,
    "GET /desk/attacks/{attack_id}": STAFF,
    "POST /desk/attacks/{attack_id}/lead": SENIORS,
    "GET /desk/attacks/{attack_id}/note": STAFF,
    "POST /desk/attacks/{attack_id}/note": CASES,
    "GET /desk/attacks/{attack_id}/acts/{act}": STAFF,
    "POST /desk/attacks/{attack_id}/acts/{act}": SENIORS,
    "POST /desk/attack-acts/{act_id}/undo": SENIORS,
    "GET /desk/attacks/{attack_id}/report.csv": STAFF,
    "GET /desk/attacks/{attack_id}/report.json": STAFF,
    "GET /desk/faq-drafts": SENIORS,
    "GET /desk/faq-drafts/{draft_id}": SENIORS,
    "POST /desk/faq-drafts/{draft_id}/accept": SENIORS,
    "POST /desk/faq-drafts/{draft_id}/drop": SENIORS,
    "GET /desk/report": STAFF,
    "GET /desk/report.csv": STAFF,
    "GET /desk/report/complaints.csv": STAFF,
    "GET /desk/staff": ADMINS,
    "POST /desk/staff": ADMINS,
    "GET /desk/staff/{name}": ADMINS,
    "POST /desk/staff/{name}/{act}": ADMINS,
    "GET /desk/today": STAFF,
    "GET /desk/today.csv": STAFF,
}


def table() -> str:
    """The rows in Markdown, for docs/security.md."""
    head = "| route | nobody signed in | " + " | ".join(ROLES) + " |\n|---|---|" + "---|" * len(ROLES) + "\n"
    return head + "".join(_row(route, roles) for route, roles in MAY.items())


def _row(route: str, roles: tuple[Role, ...] | None) -> str:
    if roles is None:
        return f"| `{route}` | yes |" + " yes |" * len(ROLES) + "\n"
    nobody = "sign-in" if route.startswith("GET") else "401"
    return (
        f"| `{route}` | {nobody} |"
        + "".join(" yes |" if each in roles else " 403 |" for each in ROLES)
        + "\n"
    )
