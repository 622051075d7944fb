"""Panels of what owners are told and answer: letters that tire people are no longer read."""

from __future__ import annotations

from deploy.grafana.shapes import Panel, Query

#: A share of "it was me" above this, over more answers than that, says that the letter, or the detector, cries wolf.
_MOST_WAS_ME, _LEAST_ANSWERS = 0.9, 200


def _answers(metric: str, by: str, answer: str = "was_me|not_me") -> str:
    """The answers of one notifier's look; each shows the same."""
    return f'sum by ({by}) (max by ({by}, answer) ({metric}{{answer=~"{answer}"}}))'


def _was_me(metric: str, by: str) -> str:
    return f"{_answers(metric, by, 'was_me')} / {_answers(metric, by)}"


def _wolf(metric: str, by: str) -> str:
    return f"({_was_me(metric, by)} > {_MOST_WAS_ME}) and {_answers(metric, by)} > {_LEAST_ANSWERS}"


_LETTERS, _DETECTORS = "payguard_letters_answered_30d", "payguard_detector_answers_30d"

TIRED = (
    Panel(
        "Messages an account, 30 days",
        "Of the accounts that got any.",
        (
            Query(
                'max(payguard_owners_told_30d{what="messages"}) / max(payguard_owners_told_30d{what="accounts"} > 0)'
            ),
        ),
        kind="stat",
    ),
    Panel(
        'Answered, and "it was me"',
        "Shares of letters that ask, over 30 days.",
        (
            Query(
                f"{_answers(_LETTERS, 'template')} / ({_answers(_LETTERS, 'template', '.*')} > 0)",
                "{{template}} answered",
            ),
            Query(_was_me(_LETTERS, "template"), "{{template}} was me"),
        ),
        "percentunit",
    ),
    Panel(
        "Who cries wolf",
        f'Letters and detectors whose owners say "it was me" more than {_MOST_WAS_ME:.0%} of over {_LEAST_ANSWERS} times.',
        (
            Query(_wolf(_LETTERS, "template"), "letter {{template}}"),
            Query(_wolf(_DETECTORS, "detector"), "detector {{detector}}"),
        ),
        "percentunit",
        _MOST_WAS_ME,
    ),
)
