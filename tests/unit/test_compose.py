"""docker-compose.yml: valid by the published schema, closed by default, healthy when it says so."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft201909Validator

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "tests" / "fixtures" / "compose-spec" / "compose-spec.json"
ONE_SHOT = {"init"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return content


def services(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    assert {"postgres", "redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker"} <= set(
        found
    )
    return found


def test_follows_the_compose_schema(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    # The schema is older than the top-level `name`.
    schema["properties"].setdefault("name", {"type": "string"})
    problems = [error.message for error in Draft201909Validator(schema).iter_errors(compose)]
    assert problems == []


def test_listens_on_the_loopback_address_only(compose: dict[str, Any]) -> None:
    published = [port for service in services(compose).values() for port in service.get("ports", [])]
    assert len(published) == 1
    assert all(str(port).startswith("127.0.0.1:") for port in published)
    assert all("network_mode" not in service for service in services(compose).values())


def test_every_service_that_stays_has_a_health_check(compose: dict[str, Any]) -> None:
    unchecked = {name for name, service in services(compose).items() if "healthcheck" not in service}
    assert unchecked == ONE_SHOT


def test_every_service_restarts_and_has_limits(compose: dict[str, Any]) -> None:
    for name, service in services(compose).items():
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}, name


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    for name, service in services(compose).items():
        tag = service["image"].rpartition(":")[2]
        assert "build" in service or re.match(r"\d+\.\d+", tag), name


def test_no_secret_has_a_value_here(compose: dict[str, Any]) -> None:
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    assert all(secret["file"].startswith("./var/") for secret in compose["secrets"].values())
    for service in services(compose).values():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|_CONN|BROKER|RESULT_BACKEND", variable):
                assert variable.endswith(("_CMD", "_FILE")), variable
                assert "/run/secrets/" in value, variable


def test_secrets_that_are_used_are_given(compose: dict[str, Any]) -> None:
    for name, service in services(compose).items():
        given = set(service.get("secrets", ()))
        used = set(re.findall(r"/run/secrets/([a-z_]+)", json.dumps(service)))
        assert used <= given <= set(compose["secrets"]), name


def test_volumes_are_named(compose: dict[str, Any]) -> None:
    for service in services(compose).values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or volume.endswith(":ro"), volume
