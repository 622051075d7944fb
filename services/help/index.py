"""What a term says of an answer: most in its title and in how people ask, less in its text."""

from __future__ import annotations

from collections import Counter

from services.help.articles import Text
from services.help.terms import tokens

_TITLE, _ASKED, _BODY = 3.0, 1.0, 0.25
#: More of the same tells no more.
_MOST_ASKED, _MOST_BODY = 3, 4


def weights(text: Text) -> dict[str, float]:
    """The weight of each term of the answer."""
    asked = Counter(term for phrase in text.asked for term in {each.term for each in tokens(phrase)})
    body = Counter(each.term for each in tokens(text.body))
    found = dict.fromkeys((each.term for each in tokens(text.title)), _TITLE)
    for term, count in asked.items():
        found[term] = found.get(term, 0.0) + _ASKED * min(count, _MOST_ASKED)
    for term, count in body.items():
        found[term] = found.get(term, 0.0) + _BODY * min(count, _MOST_BODY)
    return found
