"""Every boundary of every member of the OpenAPI document, on both kinds of parts: nothing breaks, every answer is documented.

Making the requests takes ten seconds, so this file is read only where tests on real parts are wanted (tests/kinds.py).
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings

from tests.services.api.asked_api import ask, asked
from tests.services.api.served_api import Served

#: Those of an event are its decoder's own tests' (test_schema.py).
ALL = asked(["coverage", "fuzzing"], 10).exclude(path="/v1/events")


@pytest.mark.real
@pytest.mark.timeout(600)
@ALL.parametrize()
@settings(max_examples=10)
def test_no_boundary_breaks_the_api_or_gets_an_answer_that_is_not_documented(case: Any, api: Served) -> None:
    ask(api, case)
