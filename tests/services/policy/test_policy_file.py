"""Reading a policy file, and the page that explains its keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import Struct

from contracts.events import Login
from contracts.findings import Spec
from detectors import Detector, discover
from services.policy.file import DEFAULT_POLICY, check_detectors, policy_page, read_policy
from services.policy.reader import InvalidPolicy
from services.policy.text import parse_policy

PAGE = Path(__file__).parents[3] / "docs" / "policy.md"


class _Params(Struct, frozen=True):
    least_count: int = 3
    window_s: float = 60.0


DEMO = Detector(
    spec=Spec(name="demo", version=1, event_types=(Login,), family="demo", reasons=()),
    params=_Params(),
    observe=lambda *_: None,
    memory=None,
    learn=None,
    upgrade=None,
    doc="",
)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_path_the_default_policy_is_read() -> None:
    assert read_policy().version.startswith("default-1+")


def test_the_default_policy_names_only_detectors_that_exist() -> None:
    check_detectors(read_policy(), discover())


def test_a_byte_order_mark_before_a_policy_is_skipped(tmp_path: Path) -> None:
    text = 'version = "mine"\n'
    assert (
        read_policy(written(tmp_path, "\ufeff" + text)).version
        == read_policy(written(tmp_path, text)).version
    )


def test_a_file_states_only_what_differs(tmp_path: Path) -> None:
    policy = read_policy(written(tmp_path, 'version = "mine"\n[challenge]\nlifetime_s = 60\n'))

    assert policy.version.startswith("mine+")
    assert policy.lifetime_s == 60
    assert policy.bands == read_policy().bands


def test_a_file_that_is_refused_is_named_with_its_key(tmp_path: Path) -> None:
    path = written(tmp_path, 'version = "mine"\n[challenge]\nlifetime_s = 1\n')

    with pytest.raises(InvalidPolicy) as caught:
        read_policy(path)

    assert str(caught.value) == f"{path}: challenge.lifetime_s: expected whole seconds from 30 to 3600, got 1"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match=r"cannot be read \(No such file or directory\)"):
        read_policy(tmp_path / "none.toml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(InvalidPolicy, match="not UTF-8 text"):
        read_policy(path)


def test_a_detector_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'version = "mine"\n[detectors.new_devise]\nmode = "off"\n')

    with pytest.raises(InvalidPolicy, match=r"detectors.new_devise: no such detector; known: .*new_device"):
        read_policy(path)


def test_evidence_of_an_unknown_detector_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'version = "mine"\n[deny]\ninsufficient = ["new_devise"]\n')

    with pytest.raises(InvalidPolicy, match=r"deny.insufficient.new_devise: no such detector"):
        read_policy(path)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("{ least = 1 }", "detectors.demo.params.least: unknown key; known here: least_count, window_s"),
        ('{ least_count = "many" }', "detectors.demo.params.least_count: Expected `int`, got `str`"),
    ],
)
def test_parameters_that_a_detector_does_not_take_are_refused(params: str, said: str) -> None:
    base = 'version = "mine"\n[detectors.demo]\nparams = '
    policy = parse_policy(base + params + "\n", _default_without_detectors())

    with pytest.raises(InvalidPolicy) as caught:
        check_detectors(policy, (DEMO,))

    assert str(caught.value) == said


def test_stated_parameters_replace_the_detector_s_own() -> None:
    policy = parse_policy(
        'version = "mine"\n[detectors.demo]\nparams = { window_s = 5 }\n', _default_without_detectors()
    )

    assert policy.params_for("demo", _Params()) == _Params(least_count=3, window_s=5.0)
    assert policy.params_for("other", _Params()) == _Params()


def test_the_page_of_keys_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == policy_page(), (
        "run: python -m services.policy.file > docs/policy.md"
    )


def _default_without_detectors() -> str:
    text = DEFAULT_POLICY.read_text(encoding="utf-8").split("[detectors.")[0]
    return re.sub(r"insufficient = \[[^]]*\]", "insufficient = []", text)


def test_a_trained_model_has_a_mode_like_any_detector(tmp_path: Path) -> None:
    policy = read_policy(
        written(tmp_path, 'version = "mine"\n[detectors.learned_pattern]\nmode = "shadow"\n')
    )

    assert policy.modes["learned_pattern"] == "shadow"


def test_a_snooze_of_a_detector_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'version = "mine"\n[[snoozes]]\ndetector = "new_devise"\nuntil = 2030-01-01T00:00:00Z\nreason = "r"\n',
    )

    with pytest.raises(InvalidPolicy, match=r"snoozes.new_devise: no such detector"):
        read_policy(path)
