"""What a store connection may use, each bound with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """Bounds of one connection to the store; all times in seconds."""

    deadline_s: float = 4.0
    """A call that has no answer by then fails: callers promise theirs within 5 s."""

    connect_s: float = 1.0
    """One attempt to connect and say hello; several fit into a deadline."""

    backoff_min_s: float = 0.02
    """The wait before the second attempt to connect; a restarted store is back within 0.1 s."""

    backoff_max_s: float = 0.1
    """The longest wait between attempts: what a caller waits longer than the store was away."""

    outstanding_max: int = 20_000
    """Calls without an answer: a second of a store's work, some 10 MB. The next is refused at once."""

    replicas: int = 0
    """Replicas that must have a change before it is answered (``storage.acked``)."""

    replicas_s: float = 1.0
    """How long they are waited for: a replica on the same continent has it in some milliseconds."""

    tariffs_kept: int = 20
    """Versions of the tariff whose snapshots stay; one of 300,000 prefixes takes 0.8 MB of the store."""

    bulk_s: float = 60.0
    """A tariff snapshot or a page of accounts, which travel on a connection of their own."""
