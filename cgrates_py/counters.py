"""What a rater counts, and sends with every heartbeat."""

import resource
from dataclasses import asdict, dataclass


@dataclass(slots=True)
class RaterCounters:
    """Counters since the rater started."""

    requests: int = 0
    commits: int = 0
    committed_operations: int = 0
    conflicts: int = 0
    store_failures: int = 0
    tariff_revision: int = 0

    def snapshot(self, **more: int) -> dict[str, int]:
        """Tell all of them, with the memory taken (KiB) and ``more``."""
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return asdict(self) | {"memory_kib": memory} | more
