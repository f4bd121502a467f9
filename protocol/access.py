"""Who may ask for what: keys, what they grant, and the ring that knows them all. No I/O.

A key is a text, ``cgr_ID_SECRET``: the id is public and names the key in lists and logs, the secret has 160
random bits. Of the secret only a SHA-256 digest is kept; a slow hash would protect nothing, because there is
no dictionary of such secrets to try.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Final

import msgspec

from protocol.errors import Code
from protocol.limits import KEY_CHARS_MAX
from protocol.methods import METERING, USAGE, Method

ANY_TENANT: Final = "*"
"""The tenant of a key for all customers."""
SECRET_BYTES: Final = 20
"""160 bits: guessing one is hopeless at any rate of attempts."""
ID_BYTES: Final = 6
"""Some hundred keys of one store never meet in 48 bits."""

KEY_PREFIX: Final = "cgr_"
"""What every key that is made here begins with."""
ADMIN_ID: Final = "admin"
"""Names the key of the setting ``admin_key``."""
FRONT_ID: Final = "front"
"""Names the HTTP front's connection: it passes on the keys of its callers and may do nothing itself."""
PROBE_ID: Final = "probe"
"""Names the key by which this server's parts ask whether the others are up."""
METERING_ID: Final = "metering"
"""Names the key by which the HTTP front asks for metered usage, whose callers show no keys of ours."""
CONSOLE_ID: Final = "console"
"""Names the key of whoever can read the shared secret: the console on the server's machine."""


class Right(IntEnum):
    """What a key may do. Each includes those before it."""

    NOTHING = 0
    """Pass on requests that show a key of their own."""
    READ = 1
    """Quote calls and look at accounts."""
    CHARGE = 2
    """Change accounts."""
    ADMIN = 3
    """Everything."""


_NEEDED: Final[dict[int, Right]] = {
    Method.GET_COST: Right.READ,
    Method.GET_MAX_SESSION_TIME: Right.READ,
    Method.EXPLAIN: Right.READ,
    Method.GET_ACCOUNT: Right.READ,
    Method.STATUS: Right.READ,
    Method.METRICS: Right.READ,
    Method.METERING_AUTHORIZE: Right.READ,
    Method.METERING_ADMINISTER: Right.ADMIN,
    Method.USAGE_READ: Right.READ,
    Method.USAGE_ADMINISTER: Right.ADMIN,
    Method.CHARGES_LIST: Right.READ,
}
_OF_ALL: Final = METERING | USAGE | {Method.STATUS, Method.METRICS}


def right_needed(method: int) -> Right:
    """Tell the right that a method needs: whatever is not known to change nothing counts as a change."""
    return _NEEDED.get(method, Right.CHARGE)


def tells_of_all(method: int) -> bool:
    """Tell whether a method is bound to no customer of a descriptor: usage has credentials of its own."""
    return method in _OF_ALL


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one key may do, and how its secret is recognised."""

    key_id: str
    digest: bytes
    """SHA-256 of the secret; empty once the key is revoked."""
    tenant: str = ANY_TENANT
    """The ``CstmId`` it is for, or ``*``."""
    right: Right = Right.READ
    rate: int = 0
    """Requests a second; 0: as many as come."""
    in_flight: int = 0
    """Unanswered requests at a time; 0: as many as come."""
    label: str = ""
    created_s: int = 0

    @property
    def revoked(self) -> bool:
        """Whether it is kept only as a reminder that there was such a key."""
        return not self.digest

    def revoke(self) -> "Grant":
        """Make what is left of a revoked key."""
        return msgspec.structs.replace(self, digest=b"")

    def record(self) -> bytes:
        """Print it for the store."""
        return _encode(self)

    def told(self) -> bytes:
        """Print what its holder is told: the answer to ``Auth.Login``."""
        return _encode({"Tenant": self.tenant, "Right": self.right.name.lower()})

    def __repr__(self) -> str:
        return f"Grant({self.key_id}, tenant={self.tenant!r}, right={self.right.name})"


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Grant).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str).decode


def read_record(record: bytes) -> Grant | None:
    """Read what ``Grant.record`` printed; None if it is none, whose key then opens nothing."""
    try:
        return _decode(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def split_key(text: str) -> tuple[str, str]:
    """Take a key apart into id and secret; any other text is the secret of the admin key."""
    prefix, _, rest = text.partition("_")
    key_id, separator, secret = rest.partition("_")
    return (key_id, secret) if prefix + "_" == KEY_PREFIX and separator else (ADMIN_ID, text)


def key_shown(params: bytes) -> str | None:
    """Read the member ``auth`` of the parameters of ``Auth.Login``, in any case; None if it is no text."""
    try:
        members = {name.lower(): bytes(raw) for name, raw in _decode_members(params).items()}
        return _decode_text(members.get("auth", b"null"))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_key(**granted: object) -> tuple[str, Grant]:
    """Make a key; return its text, which is kept nowhere, and what it grants."""
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    members = {"key_id": key_id, "digest": _digest(secret), **granted}
    return f"{KEY_PREFIX}{key_id}_{secret}", msgspec.convert(members, Grant)


def derived_key(shared_secret: str, key_id: str) -> str:
    """Make the text of a key that both ends know who share a secret, without telling that secret."""
    message = f"cgrates_py access {key_id}".encode()
    return f"{KEY_PREFIX}{key_id}_{hmac.digest(shared_secret.encode(), message, 'sha256').hex()}"


def _builtin(text: str, right: Right) -> Grant:
    key_id, secret = split_key(text)
    return Grant(key_id=key_id, digest=_digest(secret), right=right)


_DERIVED: Final = {
    FRONT_ID: Right.NOTHING,
    PROBE_ID: Right.READ,
    METERING_ID: Right.CHARGE,
    CONSOLE_ID: Right.ADMIN,
}


def _builtin_grants(shared_secret: str, admin_key: str) -> dict[str, Grant]:
    """List the keys that need no store: those derived from the secret, and that of the administrator."""
    texts = [(derived_key(shared_secret, key_id), right) for key_id, right in _DERIVED.items()]
    grants = [_builtin(text, right) for text, right in texts] if shared_secret else []
    if admin_key:
        grants.append(_builtin(admin_key, Right.ADMIN))
    return {grant.key_id: grant for grant in grants}


NO_KEY: Final = (
    f"{Code.UNAUTHENTICATED}: show a key: over HTTP by Authorization: Bearer KEY,"
    " over JSON-RPC by Auth.Login once or the member auth in each request"
)
WRONG_KEY: Final = f"{Code.UNAUTHENTICATED}: there is no such key"
UNKNOWN_KEYS: Final = f"{Code.STORE_UNAVAILABLE}: the keys are in the store, which has not answered yet"


class Keyring:
    """The keys in force. ``update`` it with what the store has; listeners hear of every change.

    It starts ``open`` if nobody can have a key and none is ``required``. Once a key was made it closes, and
    it never opens again: a revoked key leaves a record, so that stays true after a restart.

    With ``known`` false the store has not been read: nobody is let in then but by a key that needs no store.
    Those are the ``admin_key`` and the keys derived from ``shared_secret``.
    """

    def __init__(
        self, shared_secret: str = "", admin_key: str = "", *, required: bool = False, known: bool = True
    ) -> None:
        self._builtin = _builtin_grants(shared_secret, admin_key)
        self._grants = dict(self._builtin)
        self._required = required or bool(admin_key)
        self._known = known
        self._records: Mapping[str, bytes] = {}
        self._listeners: list[Callable[[], None]] = []
        self._nobody = Grant(key_id="", digest=secrets.token_bytes(32))

    @property
    def open(self) -> bool:
        """Whether nobody is asked for a key."""
        return self._known and not self._required

    @property
    def known(self) -> bool:
        """Whether the store was read, or there is none."""
        return self._known

    @property
    def lacking(self) -> str:
        """Tell a request without a key why it is refused."""
        return NO_KEY if self._required else UNKNOWN_KEYS

    @property
    def admits_somebody(self) -> bool:
        """Whether there is any key but those of this server's own parts."""
        return bool(self._grants.keys() - _DERIVED.keys())

    def on_change(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called after every change."""
        self._listeners.append(listener)

    def update(self, records: Mapping[str, bytes]) -> list[str]:
        """Take what the store has: records by id. Returns the ids of those that cannot be read."""
        if self._known and records == self._records:
            return []
        self._records = dict(records)
        self._known = True
        self._required = self._required or bool(records)
        read = {key_id: read_record(record) for key_id, record in records.items()}
        stored = {
            key_id: grant
            for key_id, grant in read.items()
            if grant is not None and grant.key_id == key_id and not grant.revoked
        }
        self._grants = stored | self._builtin
        for listener in self._listeners:
            listener()
        return [key_id for key_id, grant in read.items() if grant is None]

    def get(self, key_id: str) -> Grant | None:
        """Tell what a key grants now, by its id."""
        return self._grants.get(key_id)

    def find(self, text: str) -> Grant | str:
        """Tell what the key ``text`` grants, or the error's text if it is none.

        A digest is computed and compared whether there is such an id or not, so time tells nothing.
        """
        key_id, secret = split_key(text[:KEY_CHARS_MAX])
        grant = self._grants.get(key_id, self._nobody)
        same = hmac.compare_digest(grant.digest, _digest(secret))
        if same and len(text) <= KEY_CHARS_MAX:
            return grant
        return WRONG_KEY if self._known or key_id in self._builtin else UNKNOWN_KEYS


class Bucket:
    """A token bucket: ``rate`` requests a second on average, a second's worth of them at once."""

    __slots__ = ("_at", "_clock", "_left", "_rate")

    def __init__(self, rate: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._at = clock()
        self._left = float(rate)

    def take(self) -> bool:
        """Take one; False if none is left."""
        now = self._clock()
        self._left = min(self._left + (now - self._at) * self._rate, self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
