"""What the texts of a store's errors mean to us."""

from storage.store import StoreCorruptError, StoreUnavailableError

FUNCTION_MISSING = "Function not found"

_UNAVAILABLE = {
    "OOM": "the store is out of memory",
    "MISCONF": "the store cannot write to its disk",
    "READONLY": "the store is a read-only replica",
    "LOADING": "the store is reading its data",
    "MASTERDOWN": "the store is a replica that lost its master",
    "NOREPLICAS": "the store misses the replicas that it is to have",
    "CLUSTERDOWN": "the part of the cluster that has this account is down",
    "TRYAGAIN": "this account is moving to another node of the cluster",
    "MOVED": "this account moved to another node of the cluster",
    "ASK": "this account is moving to another node of the cluster",
}
"""By the word that the store's text begins with."""


def translated(text: str) -> StoreUnavailableError | StoreCorruptError:
    """Make an error of ours from the text of one of the store's: a sentence that callers may read."""
    words = text.split(" ", 1)
    if "WRONGTYPE" in text:
        return StoreCorruptError(f"a key holds another type: {text}")
    if "value is not an integer" in text:
        return StoreCorruptError(f"a key holds no number: {text}")
    sentence = _UNAVAILABLE.get(words[0])
    return StoreUnavailableError(sentence or f"the store refused: {text}")
