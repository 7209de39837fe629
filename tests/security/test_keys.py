"""Sealing: what is kept opens with any key of the ring, for the row it was made for, and not when it was touched; and
signing: what was given away is known again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wxadmin.errors import KeyMissing, SealBroken
from wxadmin.security.keys import KeyRing

OLD, NEW = "old" * 12, "new" * 12


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_for_the_row_it_is_bound_to(text: str, bound_to: str) -> None:
    ring = KeyRing([OLD])

    sealed = ring.seal(text, bound_to)

    assert ring.open(sealed, bound_to) == text


def test_the_same_text_is_never_sealed_the_same_way_twice() -> None:
    ring = KeyRing([OLD])

    sealed = {ring.seal("token", "row") for _ in range(100)}

    assert len(sealed) == 100


def test_the_text_cannot_be_seen_in_what_is_kept() -> None:
    text = "83_access-token-of-some-length"

    sealed = KeyRing([OLD]).seal(text, "row")

    assert text.encode() not in sealed


def test_a_value_moved_to_another_row_does_not_open() -> None:
    ring = KeyRing([OLD])
    sealed = ring.seal("token", "token/1/oAbC/access")

    with pytest.raises(SealBroken, match="moved to another row"):
        ring.open(sealed, "token/1/oAbC/refresh")


@pytest.mark.parametrize("place", [4, 15, 16, 20, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    ring = KeyRing([OLD])
    sealed = bytearray(ring.seal("token", "row"))
    sealed[place] ^= 1

    with pytest.raises(SealBroken, match="altered"):
        ring.open(bytes(sealed), "row")


@pytest.mark.parametrize("kept", [4, 12, 16, 20])
def test_a_value_cut_short_is_noticed(kept: int) -> None:
    ring = KeyRing([OLD])
    sealed = ring.seal("token", "row")

    with pytest.raises(SealBroken):
        ring.open(sealed[:kept], "row")


def test_after_a_rotation_the_first_key_seals_and_both_open() -> None:
    before, after = KeyRing([OLD]), KeyRing([NEW, OLD])
    old = before.seal("token", "row")

    new = after.seal("token", "row")

    assert after.open(old, "row") == after.open(new, "row") == "token"
    assert KeyRing([NEW]).open(new, "row") == "token"


def test_a_missing_key_is_named_by_its_public_id() -> None:
    sealed = KeyRing([OLD]).seal("token", "row")
    [old_id] = KeyRing([OLD]).ids

    with pytest.raises(KeyMissing, match=f"{old_id}.*WXADMIN_SECRET_KEYS") as missing:
        KeyRing([NEW]).open(sealed, "row")

    assert OLD not in str(missing.value)


@pytest.mark.parametrize("nothing", [b"", b"\x00"])
def test_a_value_too_short_to_name_a_key_does_not_open(nothing: bytes) -> None:
    ring = KeyRing([OLD])

    with pytest.raises(KeyMissing):
        ring.open(nothing, "row")


def test_public_ids_stand_in_the_order_of_the_keys_and_tell_nothing_of_them() -> None:
    ids = KeyRing([NEW, OLD]).ids

    assert ids == [*KeyRing([NEW]).ids, *KeyRing([OLD]).ids]
    assert all(len(key_id) == 8 for key_id in ids)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text())
def test_a_text_is_signed_by_its_own_signature_alone(text: str, other: str) -> None:
    ring = KeyRing([OLD])

    signature = ring.sign(text)

    assert ring.is_signed(text, signature)
    assert not ring.is_signed(f"{text}x", signature)
    assert not ring.is_signed(text, other)
    assert not KeyRing([NEW]).is_signed(text, signature)


def test_after_a_rotation_the_first_key_signs_and_both_verify() -> None:
    before, after = KeyRing([OLD]), KeyRing([NEW, OLD])

    assert after.is_signed("text", before.sign("text"))
    assert after.sign("text") == KeyRing([NEW]).sign("text") != before.sign("text")


def test_a_ring_without_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a key"):
        KeyRing([])
