"""Whatever raters do, every request is answered exactly once: the pool's invariants, after every step."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from balancer.pool import Pool, Rater
from protocol.dispatch import Status
from protocol.limits import HEAVY_BYTES, HEAVY_MAX, REQUEST_S, RESENDS_MAX
from protocol.methods import Method
from tests.balancer.fakes import Host, Recorder

IN_FLIGHT_MAX = 12
RATERS_MAX = 4
METHODS = st.sampled_from([Method.GET_COST, Method.DEBIT_BALANCE])


class PoolMachine(RuleBasedStateMachine):
    """Callers, raters and a clock around a small pool."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.pool = Pool(Host(), lambda: None, IN_FLIGHT_MAX)
        self.sink = Recorder()
        self.asked: dict[int, float] = {}  # token → when
        self.held: dict[Rater, list[int]] = {}  # rater → seqs it was sent and has not answered
        self.tokens: dict[int, int] = {}  # seq → token, as raters saw it
        self.sendings: Counter[int] = Counter()
        self.joined = 0

    @rule(subject=st.integers(0, 5), method=METHODS, heavy=st.booleans())
    def ask(self, subject: int, method: Method, heavy: bool) -> None:
        token = len(self.asked)
        self.asked[token] = self.now
        padding = "x" * HEAVY_BYTES if heavy else ""
        descriptor = f'{{"Subject":"{subject}","Token":{token},"Padding":"{padding}"}}'
        self.pool.submit(self.sink, token, method, descriptor.encode())

    @precondition(lambda self: len(self.held) < RATERS_MAX)
    @rule()
    def join(self) -> None:
        self.joined += 1
        self.held[self.pool.join(f"r{self.joined}")] = []

    @rule()
    def turn(self) -> None:
        for rater in self.pool.collect(self.now):
            each = iter(rater.outbox)
            for seq, _, descriptor in zip(each, each, each, strict=True):
                token = int(descriptor.partition(b'"Token":')[2].partition(b",")[0])
                assert self.tokens.setdefault(seq, token) == token, "a seq names one request"
                self.sendings[seq] += 1
                self.held[rater].append(seq)
            rater.outbox.clear()

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        rater = data.draw(st.sampled_from([rater for rater, seqs in self.held.items() if seqs]))
        seqs = data.draw(st.lists(st.sampled_from(self.held[rater]), unique=True, min_size=1))
        status = data.draw(st.sampled_from([Status.OK, Status.REFUSED]))
        for seq in seqs:
            self.held[rater].remove(seq)
        items = [item for seq in seqs for item in (seq, status, b"INTERNAL: drawn")]
        self.pool.answered(rater, items, self.now)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        rater = data.draw(st.sampled_from(list(self.held)))
        del self.held[rater]
        self.pool.lose(rater)

    @precondition(lambda self: self.pool.raters)
    @rule(data=st.data())
    def retire(self, data: st.DataObject) -> None:
        self.pool.retire(data.draw(st.sampled_from(self.pool.raters)))

    @rule(seconds=st.sampled_from([0.1, 0.5, 2.0]))
    def wait(self, seconds: float) -> None:
        self.pool.tick(self.now)  # a shell ticks all the time, so no turn goes on for long
        self.now += seconds
        self.pool.tick(self.now)
        unanswered = self.asked.keys() - {token for token, _, _ in self.sink.answers}
        assert all(self.now - self.asked[token] < REQUEST_S + 1e-6 for token in unanswered)

    @invariant()
    def no_request_is_answered_twice(self) -> None:
        assert all(count == 1 for count in Counter(token for token, _, _ in self.sink.answers).values())

    @invariant()
    def every_request_is_answered_or_in_flight(self) -> None:
        assert self.pool.in_flight == len(self.asked) - len(self.sink.answers)
        abandoned = sum(rater.abandoned for rater in self.held)
        assert self.pool.in_flight + abandoned <= IN_FLIGHT_MAX

    @invariant()
    def nothing_waits_while_a_rater_is_ready(self) -> None:
        assert not (self.pool.waiting and self.pool.raters)

    @invariant()
    def a_rater_has_what_was_sent_and_not_answered(self) -> None:
        for rater, seqs in self.held.items():
            assert rater.outstanding == len(seqs) + len(rater.outbox) // 3

    @invariant()
    def every_request_in_flight_is_held_once_or_waits(self) -> None:
        seqs = [seq for rater, seqs in self.held.items() for seq in (*seqs, *rater.outbox[::3])]
        assert len(seqs) == len(set(seqs))
        assert len(seqs) + self.pool.waiting >= self.pool.in_flight

    @invariant()
    def no_request_is_sent_without_bound(self) -> None:
        assert all(count <= 1 + RESENDS_MAX for count in self.sendings.values())
        assert self.pool.heavy <= HEAVY_MAX

    def teardown(self) -> None:
        self.pool.tick(self.now)
        self.pool.tick(self.now + REQUEST_S + 1)
        assert sorted(self.asked) == sorted(int(str(token)) for token, _, _ in self.sink.answers)
        assert (self.pool.in_flight, self.pool.waiting, self.pool.heavy) == (0, 0, 0)


PoolMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestPool = PoolMachine.TestCase
