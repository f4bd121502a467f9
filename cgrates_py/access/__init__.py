"""Access control where the wire and the store meet: keys that follow the store, answers about nobody."""


class AccessError(Exception):
    """A server could be reached from elsewhere, and nobody could show a key. The text says what to do."""
