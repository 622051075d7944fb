"""Do people hear us and answer? Letters that tire people are no longer read."""

from __future__ import annotations

from deploy.grafana.shapes import CHANNEL, Dashboard, Panel, Query, Row, now, over, quantiles, rate

#: A share of "it was me" above this, over more answers than that, says that the letter, or the detector, cries wolf.
_MOST_WAS_ME, _LEAST_ANSWERS = 0.9, 200
_CHANNEL = '{channel=~"$channel"}'


def _answers(metric: str, by: str, answer: str = "was_me|not_me") -> str:
    """The answers of one notifier's look; each shows the same."""
    return f'sum by ({by}) (max by ({by}, answer) ({metric}{{answer=~"{answer}"}}))'


def _was_me(metric: str, by: str) -> str:
    return f"{_answers(metric, by, 'was_me')} / {_answers(metric, by)}"


def _wolf(metric: str, by: str) -> str:
    return f"({_was_me(metric, by)} > {_MOST_WAS_ME}) and {_answers(metric, by)} > {_LEAST_ANSWERS}"


def _passed(purpose: str) -> str:
    ended = f'payguard_challenges_total{{purpose="{purpose}",result=~"%s"}}[$__rate_interval]'
    return f"sum(rate({ended % 'passed'})) / (sum(rate({ended % 'passed|failed|expired'})) > 0)"


_LETTERS, _DETECTORS = "payguard_letters_answered_30d", "payguard_detector_answers_30d"

PEOPLE = Dashboard(
    "people",
    "Do people hear us and answer?",
    "Messages to owners, what they answer, and how fast their word stops money.",
    (
        Row(
            "Do messages arrive?",
            (
                Panel(
                    "From event to message",
                    "p50 and p95 of the time from the record of what happened until a channel has taken the message; and "
                    "until a letter was delivered by any.",
                    (
                        *quantiles("payguard_message_seconds", _CHANNEL, ", channel", (0.5, 0.95)),
                        *(
                            Query(each.expression, f"{each.legend} any channel")
                            for each in quantiles("payguard_delivery_latency_seconds", of=(0.95,))
                        ),
                    ),
                    "s",
                    60.0,
                    runbooks=("notices-failing.md", "consumer-behind.md"),
                ),
                Panel(
                    "Messages by how they ended",
                    "Per second, by channel and class.",
                    (rate("payguard_messages_total", "channel", "class", "state", where=_CHANNEL),),
                    "cps",
                ),
                Panel(
                    "Messages not sent",
                    "Per second, by channel and reason; and 1 while a channel takes nothing.",
                    (
                        rate("payguard_messages_suppressed_total", "channel", "reason", where=_CHANNEL),
                        now("payguard_channel_failing", "channel", where=_CHANNEL, called="failing"),
                    ),
                    runbooks=("channel-failing.md",),
                ),
                Panel(
                    "Letters",
                    "Per second, by channel and result; those that nobody will get, and those that wait for a digest, by "
                    "the reason why.",
                    (
                        rate("payguard_notices_total", "channel", "result"),
                        rate("payguard_notices_undelivered_total", "reason", called="undelivered"),
                        rate("payguard_notices_digested_total", "reason", called="digested"),
                    ),
                    "cps",
                    runbooks=("notices-failing.md", "mail-storm.md"),
                ),
                Panel(
                    "Owners who cannot be reached",
                    "Open cases whose owner cannot be told anything.",
                    (now("payguard_cases_unreachable", called="open cases"),),
                    kind="stat",
                    limit=1.0,
                    runbooks=("owners-unreachable.md",),
                ),
            ),
        ),
        Row(
            "Do they answer?",
            (
                Panel(
                    "What owners answer",
                    "In this time, by what bears it out and where it was said.",
                    (over("payguard_answers_total", "answer", "proof", "channel"),),
                    kind="bargauge",
                    decimals=0,
                    runbooks=("not-me-doubled.md",),
                ),
                Panel(
                    "Links of letters",
                    "Per second, by what they were when somebody looked at them.",
                    (rate("payguard_links_total", "event"),),
                    "cps",
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
                    kind="bargauge",
                    empty="no letter that asks was sent in 30 days",
                ),
                Panel(
                    "Messages an account, 30 days",
                    "Of the accounts that got any.",
                    (
                        Query(
                            'max(payguard_owners_told_30d{what="messages"})'
                            ' / max(payguard_owners_told_30d{what="accounts"} > 0)',
                            "messages",
                        ),
                    ),
                    kind="stat",
                    decimals=1,
                    empty="nobody was told anything in 30 days",
                ),
                Panel(
                    "Who cries wolf",
                    f'Letters and detectors whose owners say "it was me" more than {_MOST_WAS_ME:.0%} of over '
                    f"{_LEAST_ANSWERS} times.",
                    (
                        Query(_wolf(_LETTERS, "template"), "letter {{template}}"),
                        Query(_wolf(_DETECTORS, "detector"), "detector {{detector}}"),
                    ),
                    "percentunit",
                    _MOST_WAS_ME,
                    kind="bargauge",
                    empty="none does",
                ),
                Panel(
                    "Problems that owners report",
                    "In this time, by kind.",
                    (over("payguard_reports_made_total", "kind"),),
                    kind="bargauge",
                    decimals=0,
                    runbooks=("fraud-reports.md",),
                ),
            ),
        ),
        Row(
            "Does their word stop money, and do they pass?",
            (
                Panel(
                    'From "not me" to stopped money',
                    "p50 and p99 of the time from an owner's word to the wallet's that outgoing money is stopped.",
                    quantiles("payguard_stop_seconds"),
                    "s",
                    30.0,
                    empty="no owner said so in this time",
                    runbooks=("freeze-unacknowledged.md",),
                ),
                Panel(
                    "Challenges passed",
                    "Of those that ended, by purpose.",
                    tuple(Query(_passed(purpose), purpose) for purpose in ("login", "transaction", "change")),
                    "percentunit",
                    empty="no challenge ended in this time",
                    runbooks=("pass-rate.md", "clock-skew.md"),
                ),
                Panel(
                    "Does the help answer?",
                    "In this time: searches by whether an answer was found, answers before reports, and answers of the help "
                    "that nobody has reviewed or whose day is over.",
                    (
                        over("payguard_faq_searches_total", "hit", called="found"),
                        over("payguard_faq_suggested_total", "event", called="before a report:"),
                        now("payguard_faq_due", "why", called="to review:"),
                    ),
                    kind="bargauge",
                    decimals=0,
                ),
            ),
        ),
    ),
    (CHANNEL,),
)
