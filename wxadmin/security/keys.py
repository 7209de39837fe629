"""The key ring: seals what the database must keep but nobody may read there."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wxadmin.errors import KeyMissing, SealBroken

_ID_BYTES = 4
_NONCE_BYTES = 12
MINIMUM_LENGTH = 32


class KeyRing:
    """The first key seals, all of them open. Each use has a key of its own, derived by HKDF."""

    def __init__(self, secrets: list[str]) -> None:
        if not secrets:
            raise ValueError("a key ring needs a key")
        self._ciphers = {_derive(secret, "id", _ID_BYTES): AESGCM(_derive(secret, "seal", 32)) for secret in secrets}
        self._sealing_id = next(iter(self._ciphers))

    @property
    def ids(self) -> list[str]:
        """The public ids of the keys, the sealing one first; they tell nothing of the keys themselves."""
        return [key_id.hex() for key_id in self._ciphers]

    def seal(self, text: str, bound_to: str) -> bytes:
        """Key id, nonce and AES-GCM ciphertext. Opens only for the same `bound_to`: a row moved is a row broken."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._sealing_id].encrypt(nonce, text.encode(), bound_to.encode())
        return self._sealing_id + nonce + sealed

    def open(self, sealed: bytes, bound_to: str) -> str:
        """The text. Raises KeyMissing where its key is not in the ring, SealBroken where the row was altered."""
        key_id, nonce = sealed[:_ID_BYTES], sealed[_ID_BYTES : _ID_BYTES + _NONCE_BYTES]
        if key_id not in self._ciphers:
            raise KeyMissing(f"key {key_id.hex()} is missing: add it to WXADMIN_SECRET_KEYS")
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed[_ID_BYTES + _NONCE_BYTES :], bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealBroken("a sealed value was altered, or moved to another row") from None


def _derive(secret: str, use: str, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=None, info=f"wxadmin/{use}".encode()).derive(secret.encode())
