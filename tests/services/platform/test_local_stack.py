"""The keys that `payguard up` makes for its own folder."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest

from services.platform.keyring import parse_keyring, read_keyring
from services.platform.local_stack import InUse, LocalStack
from services.platform.settings import Settings


def keys_of(folder: Path) -> dict[str, str]:
    standing = LocalStack(Settings(database="sqlite:///unused.db"), folder, frozenset())
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
    made = LocalStack(settings, tmp_path, frozenset()).local_settings()

    assert read_keyring("factor_key", str(made["factor_key"]), file).current == 3


def told(_text: str) -> None:
    """Nobody listens."""


def take_and_fall(folder: Path) -> None:
    standing = LocalStack(Settings(), folder, frozenset())
    standing._take_folder()
    standing.fall()


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("setting", ["http", "metrics"])
async def test_a_port_that_was_asked_for_and_is_taken_is_refused_before_anything_starts(
    tmp_path: Path, host: str, setting: str
) -> None:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        port = taken.getsockname()[1]
        own = "::1" if ":" in host else "127.0.0.1"
        settings = Settings(**{"http_port": 0, f"{setting}_host": own, f"{setting}_port": port})
        standing = LocalStack(settings, tmp_path, frozenset())
        with pytest.raises(InUse, match=f"port {port} of .* is taken"):
            await standing.stand(told)
        standing.fall()

    assert standing.processes == []
    assert not (tmp_path / "store").exists()


def test_a_port_that_is_free_is_kept_and_none_is_chosen(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    asked = LocalStack(Settings(http_port=port), tmp_path / "a", frozenset())
    asked._take_folder()
    any_port = LocalStack(Settings(http_port=0), tmp_path / "b", frozenset())
    any_port._take_folder()
    asked._refuse_busy_ports()

    assert asked.local_settings()["http_port"] == port
    assert any_port.local_settings()["http_port"] != 0
    asked.fall()
    any_port.fall()


def test_what_an_earlier_version_left_open_is_closed_and_what_is_not_ours_left_alone(tmp_path: Path) -> None:
    for name in ("logs/worker.log", "outbox/one.eml", "payguard.sqlite3", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o644)
    tmp_path.chmod(0o755)
    take_and_fall(tmp_path)

    assert [mode_of(tmp_path / name) for name in ("logs", "outbox")] == [0o700] * 2
    assert {
        mode_of(tmp_path / name) for name in ("logs/worker.log", "outbox/one.eml", "payguard.sqlite3")
    } == {0o600}
    assert (mode_of(tmp_path / "notes.txt"), mode_of(tmp_path)) == (0o644, 0o755)


def test_a_folder_that_is_ours_alone_is_closed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    tmp_path.chmod(0o755)
    take_and_fall(tmp_path)

    assert mode_of(tmp_path) == 0o700
