"""The simulated machines: balancer and raters as the product's processes put them together, and a store.

Nothing of the product is rebuilt here. A rater is assembled as ``cgrates_py.rater_process`` does it, except
that a tariff comes without its bytes.
"""

from typing import TYPE_CHECKING

from balancer.link import RaterLink
from balancer.service import Balancer, serve_balancer
from cgrates_py.counters import RaterCounters
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.rater_process import RETRY_TTL_S
from cgrates_py.responder import Responder
from cgrates_py.tariff_keeper import TariffKeeper
from protocol.dispatch import Dispatcher
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from storage.store import StoreError
from storage.valkey import ValkeyStore
from stress.simulate.clockwork import Loop
from stress.simulate.plan import UNIT, tariff
from stress.simulate.shelf import PORT as STORE_PORT
from stress.simulate.shelf import ShelfServer

if TYPE_CHECKING:
    from stress.simulate.world import World

RPC_PORT, RATER_PORT = 2001, 2000
SECRET = b"simulated"
EPOCH_NS = 1_772_445_600 * UNIT
REQUEST_ID_TTL_S = 86_400


class SimulatedStore(ValkeyStore):
    """The product's adapter, except that a snapshot is known by its version and not fetched."""

    async def read_version(self, version: int) -> Tariff | None:
        """Make the tariff of a version."""
        return tariff(version)


class SkewedClock:
    """A machine's clock, which may be wrong."""

    def __init__(self, loop: Loop, skew_s: float) -> None:
        self._loop = loop
        self._skew_s = skew_s

    def now_ns(self) -> int:
        """Tell the nanoseconds since the epoch."""
        return EPOCH_NS + int((self._loop.time() + self._skew_s) * UNIT)


class Host:
    """A machine whose one process can be started, frozen and killed. ``lives`` counts the starts."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.lives = 0
        self.loop: Loop

    def start(self) -> None:
        """Start the process."""
        self.lives += 1
        self.loop = self.world.new_loop(self.name)
        self.world.clockwork.note(f"{self.name} starts")
        self.loop.spawn(self.main())

    async def main(self) -> None:
        """Do the work of the process."""
        raise NotImplementedError

    def kill(self, *, silently: bool = False) -> None:
        """End the process at once."""
        self.loop.kill()
        self.world.network.gone(self.loop, silently=silently)
        self.world.clockwork.note(f"{self.name} dies")

    async def leave(self) -> None:
        """End the process in order."""
        self.kill()


class RaterHost(Host):
    """A rater."""

    link: RaterLink | None = None

    async def main(self) -> None:
        """Serve as ``run_rater`` does; a process that cannot reach the store ends and is started again."""
        self.link = None
        name = f"{self.name}.{self.lives}"
        counters = RaterCounters()
        mutant = self.world.mutant
        store = mutant.store(f"redis://store:{STORE_PORT}")
        try:
            await store.open()
            clock = SkewedClock(self.loop, self.world.clockwork.random.uniform(-1, 1))
            settings = LaneSettings(REQUEST_ID_TTL_S, RETRY_TTL_S)
            shop = Shop(store, compile_tariff(Tariff()), clock, counters, settings)
            responder = Responder(shop)
            keeper = TariffKeeper(store, name, responder, counters)
            await keeper.load()
        except StoreError:
            self.kill()
            self.world.clockwork.after(0.2, self.world.revive, self, self.lives)
            return
        dispatcher: Dispatcher = mutant.dispatcher(responder)
        self.store = store
        self.link = RaterLink(dispatcher, "balancer", RATER_PORT, SECRET, name, lambda: {"lives": self.lives})
        self.link.start()
        await keeper.follow()

    async def leave(self) -> None:
        """Leave as a rater does that is told to stop."""
        if self.link is not None:
            await self.link.leave()
            await self.store.close()
        self.kill()


class BalancerHost(Host):
    """The balancer."""

    balancer: Balancer | None = None

    async def main(self) -> None:
        """Serve, with the limits of the plan."""
        plan = self.world.plan
        self.balancer = await serve_balancer(
            "simulated",
            RPC_PORT,
            RATER_PORT,
            SECRET,
            version="simulated",
            in_flight_max=plan.in_flight_max,
            connection_in_flight_max=plan.connection_in_flight_max,
        )
        self.world.mutant.balancer(self.balancer)
        self.loop.after_turn = self._check

    def kill(self, *, silently: bool = False) -> None:
        """End the process at once."""
        self.balancer = None
        super().kill(silently=silently)

    async def leave(self) -> None:
        """Leave as a balancer does that is told to stop."""
        if self.balancer is not None:
            await self.balancer.stop()
        self.kill()

    def _check(self) -> None:
        if self.balancer is not None and (broken := pool_fault(self.balancer, self.world.plan.in_flight_max)):
            self.world.clockwork.find(f"pool: {broken}")
            self.loop.after_turn = None


class StoreHost(Host):
    """The store's server, over a disk that outlives it."""

    server: ShelfServer

    async def main(self) -> None:
        """Serve."""
        self.server = ShelfServer(self.world.shelf, self.loop)
        if self.lives > 1:
            self.server.refusal, self.server.refuses_reads = (
                b"-LOADING the dataset is read into memory\r\n",
                True,
            )
            self.loop.call_later(self.world.clockwork.random.uniform(0, 0.1), self._loaded)
        await self.server.listen()

    def kill(self, *, silently: bool = False) -> None:
        """End the process at once: what was not synced may be lost."""
        super().kill(silently=silently)
        self.world.shelf.crash()

    def _loaded(self) -> None:
        self.server.refusal, self.server.refuses_reads = b"", False


def pool_fault(balancer: Balancer, in_flight_max: int) -> str:
    """Tell which invariant of ``balancer.pool`` does not hold; empty if all do."""
    pool = balancer.pool
    flights, waiting = pool._in_flight, pool._waiting
    if waiting and pool.raters:
        return f"{len(waiting)} requests wait while a rater is ready"
    held: dict[object, int] = {}
    for seq, flight in flights.items():
        if (flight.rater is None) != (seq in waiting):
            return f"request {seq} is held and waits, or neither"
        held[flight.rater] = held.get(flight.rater, 0) + 1
    if any(seq not in flights for seq in waiting):
        return "an answered request waits"
    linked = list(balancer.raters.by_rater)
    for rater in linked:
        if rater.outstanding != held.get(rater, 0) + rater.abandoned:
            return f"{rater.name} has {rater.outstanding} outstanding, holds {held.get(rater, 0)}"
    if any(rater is not None and rater not in balancer.raters.by_rater for rater in held):
        return "a request is held by a rater that is gone"
    if len(flights) + sum(rater.abandoned for rater in linked) > in_flight_max:
        return f"{len(flights)} in flight and abandoned ones exceed {in_flight_max}"
    if any(rater.outbox and rater.collected for rater in linked):
        return "an outbox that nobody will collect"
    return ""


def nothing_left(balancer: Balancer) -> str:
    """Tell what is still in flight when nothing should be; empty if nothing is."""
    pool = balancer.pool
    left = {
        "in flight": pool.in_flight,
        "waiting": pool.waiting,
        "heavy": pool.heavy,
        "outstanding": sum(rater.outstanding for rater in pool.raters),
        "abandoned": sum(rater.abandoned for rater in pool.raters),
    }
    return ", ".join(f"{count} {what}" for what, count in left.items() if count)
