"""Keys of pseudonyms: what they make, what they hide, and what is no key."""

import hashlib
import hmac

import pytest

from kho.errors import ConfigurationError
from kho.privacy.keys import Keys

OLD, NEW = "a" * 40, "Z_-9" * 20


def by_hmac(key: str, text: str) -> str:
    return "P-" + hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


@pytest.mark.parametrize("text", [OLD, f"hmac.{OLD}"])
def test_a_pseudonym_is_an_hmac(text: str) -> None:
    assert Keys.parse(text, "").pseudonym("051085001234") == by_hmac(OLD, "051085001234")


def test_a_layer_is_an_hmac_of_the_pseudonym() -> None:
    keys = Keys.parse(f"{OLD},hmac.{NEW}", "")
    assert keys.pseudonym("051085001234") == by_hmac(NEW, by_hmac(OLD, "051085001234"))


def test_the_key_of_an_old_warehouse_makes_what_it_made() -> None:
    secret = bytes(range(32))
    inner = hashlib.sha256(secret + b"051085001234").digest()
    expected = "P-" + hashlib.sha256(secret + inner).hexdigest()[:32]
    keys = Keys.from_database(secret)
    assert keys.pseudonym("051085001234") == expected
    assert Keys.parse(keys.text, "") == keys


def test_every_key_has_a_fingerprint_of_its_own() -> None:
    keys = Keys.parse(OLD, "")
    assert len({keys.fingerprint, keys.with_new_layer().fingerprint, keys.with_new_layer().fingerprint}) == 3


@pytest.mark.parametrize("text", ["", "mat-khau-ngan", f"{OLD},", "envelope.12", f"{OLD} {NEW}"])
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        Keys.parse(text, "the connection 'pseudonyms'")
    assert "mat-khau" not in str(caught.value)
    assert OLD not in str(caught.value)


def test_a_key_s_text_form_shows_nothing() -> None:
    assert OLD not in repr(Keys.parse(OLD, ""))
