"""Who asks: keys in a header, in the query for the older dialect, and passwords that keys are given for."""

import hmac

from cgrates_py.usage.scrooge.known import Known
from protocol.usage import DialectRequest
from rater.usage.scrooge_setup import User

_APIKEY = "apikey "


def pushing_user(request: DialectRequest, known: Known) -> User | None:
    """Find the user of the older dialect: by ``ApiKey USER:KEY``, else by a query."""
    header = request.Headers.get("authorization", "")
    if header.lower().startswith(_APIKEY):
        words = header.split()
        name, _, key = words[1].partition(":") if len(words) == 2 else ("", "", "")
    else:
        query = dict(request.Query)
        name, key = query.get("username", ""), query.get("api_key", "")
    user = known.users.get(name)
    if user is None or not key or not _same(user.key, key):
        return None
    return user if user.active else None


def reading_user(request: DialectRequest, known: Known) -> User | None:
    """Find the user of the later dialects: ``ApiKey USER:KEY`` or ``Token KEY``; the key alone counts."""
    words = request.Headers.get("authorization", "").split()
    if len(words) != 2 or words[0].lower() not in ("apikey", "token"):
        return None
    key = words[1].partition(":")[2] if words[0].lower() == "apikey" else words[1]
    user = known.users_by_key.get(key)
    return user if user is not None and user.active else None


def _same(kept: str, given: str) -> bool:
    return hmac.compare_digest(kept.encode(), given.encode("utf-8", "surrogatepass"))
