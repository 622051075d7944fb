"""The house check finds each fault it is there for, and the repository has none of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LONG_BODY = "def long() -> None:\n" + "    print()\n" * 41


@pytest.fixture(scope="module")
def house() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house", ROOT / ".ci" / "house.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("services/long.py", "x = 1\n" * 301, "301 lines"),
        ("services/utils.py", "x = 1\n", "says nothing"),
        ("services/common/place.py", "x = 1\n", "says nothing"),
        ("services/api/application.py", "HOST = '0.0." + "0.0'\n", "every interface"),
        ("services/api/application.py", LONG_BODY, "long has 41 lines"),
        (
            "services/api/application.py",
            "try:\n    x = 1\nexcept Exception:\n    x = 2\n",
            "catches every error",
        ),
        ("services/api/application.py", "try:\n    x = 1\nexcept:\n    x = 2\n", "catches every error"),
    ],
)
def test_a_bad_python_file_is_found(house: ModuleType, path: str, text: str, fault: str) -> None:
    assert any(fault in found for found in house.python_faults(path, text))


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        ("docs/x.md", "see " + "/" + "home/ann/payguard/x.py", "path of one machine"),
        ("requirements.txt", "--index-url somewhere\n", "package index"),
        ("requirements.txt", "# from " + "https:" + "//example.test/simple\n", "package index"),
    ],
)
def test_a_bad_text_file_is_found(house: ModuleType, path: str, text: str, fault: str) -> None:
    assert any(fault in found for found in house.text_faults(path, text))


@pytest.mark.parametrize(
    "text",
    [
        "# long because it is one table\n" + "x = 1\n" * 301,
        LONG_BODY.replace("None:", "None:  # long because it is one table"),
        "try:\n    x = 1\nexcept Exception:\n    raise\n",
        "try:\n    x = 1\nexcept Exception:  # process main\n    x = 2\n",
        "try:\n    x = 1\nexcept ValueError:\n    x = 2\n",
        'def f() -> None:\n    """Says\n' + "    much\n" * 60 + '    """\n    print()\n',
    ],
)
def test_a_good_python_file_is_left_alone(house: ModuleType, text: str) -> None:
    assert list(house.python_faults("services/good.py", text)) == []
