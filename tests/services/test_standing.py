"""The keys that `payguard up` makes for its own folder."""

from __future__ import annotations

from pathlib import Path

import msgspec

from services.keyring import parse_keyring, read_keyring
from services.settings import Settings
from services.standing import Standing


def keys_of(folder: Path) -> dict[str, str]:
    standing = Standing(Settings(database="sqlite:///unused.db"), folder, frozenset())
    made = standing.local_settings()
    return {name: str(made[name]) for name in ("pseudonym_key", "factor_key", "grant_key", "event_key")}


def test_keys_are_made_on_first_use_and_kept(tmp_path: Path) -> None:
    first, again = keys_of(tmp_path), keys_of(tmp_path)

    assert first == again
    assert len({parse_keyring("X", key).keys[1] for key in first.values()}) == 4
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_of_an_earlier_version_keeps_its_keys_and_gets_the_new_one(tmp_path: Path) -> None:
    made = keys_of(tmp_path)
    earlier = {name: made[name] for name in ("pseudonym_key", "factor_key")}
    (tmp_path / "secrets.json").write_bytes(msgspec.json.encode(earlier))

    now = keys_of(tmp_path)

    assert {name: now[name] for name in earlier} == earlier
    assert now["grant_key"] not in ("", made["grant_key"])
    assert now["event_key"] not in ("", made["event_key"])
    assert keys_of(tmp_path) == now


def test_a_key_file_that_is_named_is_used_and_not_hidden_by_a_key_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "factor-keys"
    file.write_text(f"3:{keys_of(tmp_path)['factor_key']}")
    settings = Settings(database="sqlite:///unused.db", factor_key_file=file)
    made = Standing(settings, tmp_path, frozenset()).local_settings()

    assert read_keyring("factor_key", str(made["factor_key"]), file).current == 3
