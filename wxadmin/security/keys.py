"""The key ring: seals what the database must keep but nobody may read there, and signs what the gateway gives away to
get it back unchanged."""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wxadmin.errors import KeyMissing, SealBroken

ID_BYTES = 4
_NONCE_BYTES = 12
MINIMUM_LENGTH = 32


class KeyRing:
    """The first key seals and signs, all of them open and verify. Each use has a key of its own, derived by HKDF."""

    def __init__(self, secrets: list[str]) -> None:
        if not secrets:
            raise ValueError("a key ring needs a key")
        self._ciphers = {_derive(secret, "id", ID_BYTES): AESGCM(_derive(secret, "seal", 32)) for secret in secrets}
        self._sealing_key = next(iter(self._ciphers))
        self._signing_keys = [_derive(secret, "sign", 32) for secret in secrets]

    @property
    def ids(self) -> list[str]:
        """The public ids of the keys, the sealing one first; they tell nothing of the keys themselves."""
        return [key.hex() for key in self._ciphers]

    @property
    def sealing_id(self) -> str:
        """The public id of the key that seals."""
        return self._sealing_key.hex()

    def seal(self, text: str, bound_to: str) -> bytes:
        """Key id, nonce and AES-GCM ciphertext. Opens only for the same `bound_to`: a row moved is a row broken."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._sealing_key].encrypt(nonce, text.encode(), bound_to.encode())
        return self._sealing_key + nonce + sealed

    def open(self, sealed: bytes, bound_to: str) -> str:
        """The text. Raises KeyMissing where its key is not in the ring, SealBroken where the row was altered."""
        key, nonce = sealed[:ID_BYTES], sealed[ID_BYTES : ID_BYTES + _NONCE_BYTES]
        if key not in self._ciphers:
            raise KeyMissing(f"key {key.hex()} is missing: add it to WXADMIN_SECRET_KEYS")
        try:
            return self._ciphers[key].decrypt(nonce, sealed[ID_BYTES + _NONCE_BYTES :], bound_to.encode()).decode()
        except (InvalidTag, ValueError):
            raise SealBroken("a sealed value was altered, or moved to another row") from None

    def sign(self, text: str) -> str:
        """HMAC-SHA256 of the text, in hexadecimal digits."""
        return _signature(self._signing_keys[0], text)

    def is_signed(self, text: str, signature: str) -> bool:
        """Whether the signature is one of this ring's for the text."""
        given = signature.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(_signature(key, text).encode(), given) for key in self._signing_keys)


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), sha256).hexdigest()


def key_id(sealed: bytes) -> str:
    """The public id of the key that the value is sealed under."""
    return sealed[:ID_BYTES].hex()


def _derive(secret: str, use: str, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=None, info=f"wxadmin/{use}".encode()).derive(secret.encode())
