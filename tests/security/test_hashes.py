"""One-way forms of random values and of passwords."""

import hashlib
import re

import pytest

from wxadmin.security import hashes


@pytest.mark.parametrize("value", ["", "state", "小雨", "\ud83d", "a" * 10_000])
def test_a_hash_has_32_bytes_whatever_was_sent(value: str) -> None:
    hashed = hashes.sha256(value)

    assert len(hashed) == 32


def test_a_hash_is_the_one_that_other_programs_compute() -> None:
    hashed = hashes.sha256("abc")

    assert hashed.hex() == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize("length", [8, 26, 32, 40])
def test_random_text_has_the_length_and_only_letters_and_digits(length: int) -> None:
    drawn = {hashes.random_text(length) for _ in range(500)}

    assert len(drawn) == 500
    assert all(re.fullmatch(rf"[A-Z2-7]{{{length}}}", text) for text in drawn)


def test_only_the_right_password_matches() -> None:
    password_hash = hashes.hash_password("龙井 before rain")

    matching = [hashes.password_matches(password_hash, typed) for typed in ("龙井 before rain", "龙井 before Rain", "")]

    assert matching == [True, False, False]
    assert password_hash.startswith("$argon2id$")


def test_equal_passwords_have_different_hashes() -> None:
    first, second = hashes.hash_password("same password"), hashes.hash_password("same password")

    assert first != second
