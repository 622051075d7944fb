"""What is remembered of a payee across accounts: who paid it, how much was paid to it, and how much of that was fraud.

A day is a UTC day of event time. Counts are told for days whose labels should all be out, LABEL_DELAY_DAYS after them, in
windows of WINDOWS_DAYS that end with the last such day.
"""

from __future__ import annotations

#: How long after a transaction the verdict on it is expected, at most LONGEST_DELAY_DAYS.
LABEL_DELAY_DAYS = 7
WINDOWS_DAYS = (1, 7, 30)
#: Days remembered before a payee's newest one; what is older counts nowhere.
KEPT_DAYS = 48
LONGEST_DELAY_DAYS = KEPT_DAYS - WINDOWS_DAYS[-1] - 2
#: Distinct accounts counted in two days; verdicts remembered, so that one is neither counted twice nor past taking back;
#: latest payments known by their event id.
MAX_ACCOUNTS = 64
MAX_LABELS = 32
MAX_PAYMENTS = 8

#: Names of a payee's counts in the event's tallies, the event itself among them.
AGE_H = "payee_age_h"
ACCOUNTS_2D = "payee_accounts_2d"
COUNTS = ("payee_count_1d", "payee_count_7d", "payee_count_30d")
FRAUDS = ("payee_frauds_1d", "payee_frauds_7d", "payee_frauds_30d")
#: frauds already labelled among the days whose labels are not all out
FRAUDS_NEW = "payee_frauds_new"
NAMES = (AGE_H, ACCOUNTS_2D, *COUNTS, *FRAUDS, FRAUDS_NEW)

#: The counts of one payee in the order of NAMES.
PayeeCounts = tuple[int, int, int, int, int, int, int, int, int]
