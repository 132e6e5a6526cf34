"""Connections out of the environment and out of the file of the sandbox."""

from pathlib import Path

import pytest

from kho.connections import (
    Connection,
    EnvironmentConnections,
    connections_file,
    parse_connection,
    write_connections,
)
from kho.errors import ConfigurationError
from kho.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://me:p%40ss@lgsp.example:8243/schema?read_timeout=5", id="uri"),
        pytest.param(
            '{"conn_type": "https", "login": "me", "password": "p@ss", "host": "lgsp.example",'
            ' "port": 8243, "schema": "schema", "extra": {"read_timeout": "5"}}',
            id="json",
        ),
        pytest.param(
            '{"conn_type": "https", "login": "me", "password": "p@ss", "host": "lgsp.example",'
            ' "port": "8243", "schema": "schema", "extra": "{\\"read_timeout\\": \\"5\\"}"}',
            id="json with text inside",
        ),
    ],
)
def test_reads_both_forms_of_airflow(text: str) -> None:
    found = parse_connection("lgsp", text, where="here")
    assert found == Connection(
        "lgsp", "https", "lgsp.example", 8243, "me", "p@ss", "schema", {"read_timeout": "5"}
    )


@pytest.mark.parametrize("text", ["{", "no uri", "http://host:port", '["a"]', '{"port": "x"}'])
def test_an_unreadable_connection_is_named_but_not_repeated(settings: Settings, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        EnvironmentConnections(settings, {"AIRFLOW_CONN_LGSP": text + "hunter2"}).get("lgsp")
    assert caught.value.where == "AIRFLOW_CONN_LGSP"
    assert "hunter2" not in str(caught.value)


def test_the_environment_wins_over_the_file(settings: Settings) -> None:
    write_connections(settings, [Connection("lgsp", "http", "sandbox"), Connection("other", host="b")])
    known = EnvironmentConnections(settings, {"AIRFLOW_CONN_LGSP": "https://real.example"})
    assert known.get("lgsp").host == "real.example"
    assert known.get("other").host == "b"


def test_the_file_keeps_other_connections_and_is_private(settings: Settings) -> None:
    write_connections(settings, [Connection("a", password="x", extra={"host": "/run"})])
    path = write_connections(settings, [Connection("b", port=1)])
    assert path == connections_file(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    known = EnvironmentConnections(settings, {})
    assert known.get("a") == Connection("a", password="x", extra={"host": "/run"})
    assert known.get("b").port == 1


def test_an_unknown_connection_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match=r"no connection 'nowhere'.*AIRFLOW_CONN_NOWHERE"):
        EnvironmentConnections(settings, {}).get("nowhere")


def test_the_password_stays_out_of_the_text_form() -> None:
    assert "hunter2" not in repr(Connection("a", password="hunter2", extra={"token": "hunter2"}))
