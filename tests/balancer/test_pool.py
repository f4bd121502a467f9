"""Who gets a request, and what becomes of it when raters come, go, stay silent or are too few."""

from collections import Counter

import pytest

from balancer.pool import Pool, Rater
from protocol.dispatch import Status
from protocol.envelope import EnvelopeError
from protocol.limits import HEAVY_BYTES, HEAVY_MAX, REQUEST_S, RESENDS_MAX, SPILL, WAIT_S
from protocol.methods import Method
from tests.balancer.fakes import Host, Recorder


class Bench:
    """A pool, a sink and a clock."""

    def __init__(self, in_flight_max: int = 20_000) -> None:
        self.wakes = 0
        self.pool = Pool(Host(), self._wake, in_flight_max)
        self.sink = Recorder()

    def _wake(self) -> None:
        self.wakes += 1

    def ask(self, token: object, subject: str = "s", method: int = Method.DEBIT_BALANCE) -> None:
        self.pool.submit(self.sink, token, method, b'{"CstmId":"c","Subject":"%b"}' % subject.encode())

    def sent(self, now: float = 0.0) -> dict[str, list[int]]:
        """Collect the turn: the seqs that each rater is sent."""
        sent: dict[str, list[int]] = {}
        for rater in self.pool.collect(now):
            sent[rater.name] = rater.outbox[::3]
            rater.outbox.clear()
        return sent

    def answer(self, rater: Rater, *seqs: int, now: float = 0.0) -> None:
        items = [item for seq in seqs for item in (seq, Status.OK, b"%d" % seq)]
        self.pool.answered(rater, items, now)


def test_an_answer_goes_to_whom_asked() -> None:
    bench = Bench()
    rater = bench.pool.join("r1")

    bench.ask("a")
    bench.ask("b")
    assert bench.sent() == {"r1": [1, 2]}
    bench.answer(rater, 2, 1)

    assert bench.sink.answers == [("b", 0, b"2"), ("a", 0, b"1")]
    assert (bench.pool.in_flight, rater.outstanding) == (0, 0)


def test_the_shell_is_woken_once_a_turn() -> None:
    bench = Bench()
    bench.pool.join("r1")
    bench.pool.join("r2")

    for n in range(10):
        bench.ask(n, subject=str(n))
    assert bench.wakes == 1
    bench.sent()
    bench.ask(10)

    assert bench.wakes == 2


def test_what_goes_out_is_seq_method_and_descriptor() -> None:
    bench = Bench()
    rater = bench.pool.join("r1")

    bench.pool.submit(bench.sink, "t", Method.GET_COST, b'{"Subject":"x"}')

    assert rater.outbox == [1, Method.GET_COST, b'{"Subject":"x"}']


def routes(names: list[str], count: int = 400) -> dict[int, str]:
    bench = Bench()
    for name in names:
        bench.pool.join(name)
    for n in range(count):
        bench.ask(n, subject=f"subject-{n}")
    return {seq: name for name, seqs in bench.sent().items() for seq in seqs}


def test_accounts_are_spread_and_stay_where_they_are_when_another_rater_leaves() -> None:
    of_three, of_two = routes(["r1", "r2", "r3"]), routes(["r1", "r3"])

    assert all(count > 90 for count in Counter(of_three.values()).values())
    assert {of_three[seq] for seq in of_three if of_three[seq] != of_two[seq]} == {"r2"}


def test_a_new_rater_takes_keys_from_all_and_moves_no_others() -> None:
    before, after = routes(["r1", "r2"]), routes(["r1", "r2", "r3"])

    assert {after[seq] for seq in after if after[seq] != before[seq]} == {"r3"}


@pytest.mark.parametrize(
    "descriptor",
    [
        b'{"CstmId":"c","Subject":"s"}',
        b'{"cstmid":"c","SUBJECT":"s"}',
        b'{"Subject":"\\u0073","Amount":1e400,"CstmId":"c"}',
    ],
)
def test_an_account_has_one_rater_however_it_is_spelled(descriptor: bytes) -> None:
    bench = Bench()
    for n in range(20):
        bench.pool.join(f"r{n}")
    bench.ask("usual")
    usual = bench.sent()

    bench.pool.submit(bench.sink, "other", Method.DEBIT, descriptor)

    assert list(usual) == list(bench.sent())


@pytest.mark.parametrize("descriptor", [b'{"Subject":7}', b"{}", b'{"Subject":"\xff"}', b"{" * 9999])
def test_what_has_no_key_goes_to_some_rater_which_will_say_what_is_wrong(descriptor: bytes) -> None:
    bench = Bench()
    bench.pool.join("r1")

    bench.pool.submit(bench.sink, "t", Method.DEBIT, descriptor)

    assert bench.sent() == {"r1": [1]}


def test_methods_of_the_host_go_to_no_rater() -> None:
    bench = Bench()

    bench.ask("a", method=Method.STATUS)
    bench.ask("b", method=Method.METRICS)

    assert bench.sink.codes() == [("a", "OK"), ("b", "OK")]


def test_a_request_waits_for_a_rater() -> None:
    bench = Bench()

    bench.ask("a")
    assert (bench.sent(), bench.pool.waiting) == ({}, 1)
    rater = bench.pool.join("r1")
    assert (bench.sent(), bench.pool.waiting) == ({"r1": [1]}, 0)
    bench.answer(rater, 1)

    assert bench.sink.codes() == [("a", "OK")]


def test_a_request_that_waits_too_long_is_told_so() -> None:
    bench = Bench()
    bench.ask("a")
    bench.pool.tick(100.0)
    bench.ask("b")
    bench.pool.tick(101.0)

    bench.pool.tick(99.9 + WAIT_S)
    assert bench.sink.codes() == []
    bench.pool.tick(100.0 + WAIT_S)
    assert bench.sink.codes() == [("a", "NO_RATER")]
    bench.pool.tick(101.0 + WAIT_S)

    assert bench.sink.codes() == [("a", "NO_RATER"), ("b", "NO_RATER")]
    assert (bench.pool.in_flight, bench.pool.waiting) == (0, 0)


def test_the_requests_of_a_lost_rater_go_to_another_under_the_same_seq() -> None:
    bench = Bench()
    raters = {name: bench.pool.join(name) for name in ("r1", "r2")}
    bench.ask("a")
    bench.ask("b")
    (first,) = bench.sent()
    (second,) = raters.keys() - {first}
    bench.answer(raters[first], 1)

    bench.pool.lose(raters[first])
    assert {second: [2]} == bench.sent()
    bench.answer(raters[second], 2)

    assert bench.sink.codes() == [("a", "OK"), ("b", "OK")]
    assert bench.pool.resent == 1


def test_what_a_lost_rater_was_not_sent_yet_goes_to_another_too() -> None:
    bench = Bench()
    rater = bench.pool.join("r1")
    bench.ask("a")

    bench.pool.lose(rater)
    bench.pool.join("r2")

    assert bench.sent() == {"r2": [1]}


def test_a_request_that_was_tried_is_not_said_to_be_untried() -> None:
    bench = Bench()
    rater = bench.pool.join("r1")
    for token in "ab":
        bench.ask(token)
    bench.sent(now=10.0)

    bench.pool.lose(rater)
    bench.pool.tick(10.1)
    bench.pool.tick(10.1 + WAIT_S)

    texts = {body.decode() for _, _, body in bench.sink.answers}
    assert {"NO_RATER"} == {code for _, code in bench.sink.codes()}
    assert all("a repeat with the same RequestId is safe" in text for text in texts)


def test_a_request_that_kills_its_raters_is_refused_in_the_end() -> None:
    bench = Bench()
    bench.ask("poison")

    for n in range(RESENDS_MAX + 1):
        assert bench.sink.codes() == []
        rater = bench.pool.join(f"r{n}")
        assert {f"r{n}": [1]} == bench.sent()
        bench.pool.lose(rater)

    assert bench.sink.codes() == [("poison", "INTERNAL")]


def test_a_rater_that_leaves_gets_nothing_more_and_answers_what_it_has() -> None:
    bench = Bench()
    leaving = bench.pool.join("r1")
    bench.ask("a")
    bench.sent()

    bench.pool.retire(leaving)
    bench.pool.join("r2")
    bench.ask("b")
    assert bench.sent() == {"r2": [2]}
    bench.answer(leaving, 1)
    bench.pool.lose(leaving)

    assert (bench.sink.codes(), bench.pool.resent) == ([("a", "OK")], 0)


def test_an_unanswered_request_is_answered_within_the_deadline_and_a_late_answer_is_dropped() -> None:
    bench = Bench()
    rater = bench.pool.join("r1")
    bench.ask("a")
    bench.sent(now=50.0)

    bench.pool.tick(49.9 + REQUEST_S)
    assert bench.sink.codes() == []
    bench.pool.tick(50.0 + REQUEST_S)
    assert (bench.sink.codes(), rater.outstanding) == ([("a", "STORE_UNAVAILABLE")], 1)
    bench.answer(rater, 1, now=60.0)

    assert (bench.sink.codes(), rater.outstanding) == ([("a", "STORE_UNAVAILABLE")], 0)


def test_too_many_in_flight_are_refused_at_once() -> None:
    bench = Bench(in_flight_max=2)
    rater = bench.pool.join("r1")

    for token in "abc":
        bench.ask(token)
    assert bench.sink.codes() == [("c", "OVERLOADED")]
    bench.sent()
    bench.answer(rater, 1)
    bench.ask("d")

    assert bench.sink.codes() == [("c", "OVERLOADED"), ("a", "OK")]


def test_a_rater_that_takes_but_never_answers_is_not_filled_without_bound() -> None:
    bench = Bench(in_flight_max=100)
    rater = bench.pool.join("r1")
    for hour in range(5):
        for n in range(100):
            bench.ask(n)
        bench.sent(now=hour * 3600.0)
        bench.pool.tick(hour * 3600.0 + REQUEST_S)

    assert rater.outstanding == 100
    assert Counter(code for _, code in bench.sink.codes()) == {"STORE_UNAVAILABLE": 100, "OVERLOADED": 400}


def test_heavy_descriptors_are_few() -> None:
    bench = Bench()
    rater = bench.pool.join("r1")
    heavy = b'{"Subject":"s","x":"%b"}' % (b"x" * HEAVY_BYTES)

    for n in range(HEAVY_MAX + 1):
        bench.pool.submit(bench.sink, n, Method.DEBIT, heavy)
    assert bench.sink.codes() == [(HEAVY_MAX, "OVERLOADED")]
    bench.sent()
    bench.answer(rater, 1)
    bench.pool.submit(bench.sink, "again", Method.DEBIT, heavy)

    assert bench.sink.codes() == [(HEAVY_MAX, "OVERLOADED"), (0, "OK")]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (Method.GET_COST, [SPILL + 50, SPILL + 50]),
        (Method.GET_MAX_SESSION_TIME, [SPILL + 50, SPILL + 50]),
        (Method.DEBIT_BALANCE, [0, 2 * SPILL + 100]),
    ],
)
def test_reads_leave_a_busy_rater_and_debits_stay(method: Method, expected: list[int]) -> None:
    bench = Bench()
    raters = [bench.pool.join(name) for name in ("r1", "r2")]

    for n in range(2 * SPILL + 100):
        bench.ask(n, method=method)

    loads = sorted(rater.outstanding for rater in raters)
    assert all(abs(load - wanted) <= SPILL for load, wanted in zip(loads, expected, strict=True))
    assert (loads[0] == 0) == (expected[0] == 0)


def test_answers_that_are_not_in_threes_break_the_protocol() -> None:
    bench = Bench()

    with pytest.raises(EnvelopeError):
        bench.pool.answered(bench.pool.join("r1"), [1, 0], 0.0)


def test_requests_are_counted_by_method_and_outcome() -> None:
    bench = Bench(in_flight_max=3)
    rater = bench.pool.join("r1")
    for token in "abcd":
        bench.ask(token)
    bench.sent(now=1.0)

    bench.pool.answered(rater, [1, 0, b"1", 2, 1, b"ACCOUNT_NOT_FOUND: none", 3, 0, b"1"], 1.004)

    assert bench.pool.tally.requests() == {"DebitBalance": {"OK": 2, "ACCOUNT_NOT_FOUND": 1, "OVERLOADED": 1}}
    latency = bench.pool.tally.latency()
    assert (
        latency["count"],
        latency["sum"],
        latency["buckets"]["0.0025"],
        latency["buckets"]["0.005"],
    ) == (3, 0.012, 0, 3)


@pytest.mark.parametrize("of_itself", [0, 2])
def test_a_rater_is_not_believed_about_what_another_has(of_itself: int) -> None:
    bench = Bench()
    raters = {name: bench.pool.join(name) for name in ("r1", "r2")}
    for n in range(20):
        bench.ask(n, subject=f"s{n}")
    sent = bench.sent()
    own, others = sent["r1"][:of_itself], sent["r2"]

    with pytest.raises(EnvelopeError, match="does not have"):
        bench.answer(raters["r1"], *own, others[3], *sent["r1"][2:])
    assert [token for token, _, _ in bench.sink.answers] == [seq - 1 for seq in own]

    bench.pool.lose(raters["r1"])
    assert bench.sent() == {"r2": [seq for seq in sent["r1"] if seq not in own]}
    bench.answer(raters["r2"], *(seq for seq in range(1, 21) if seq not in own))
    assert Counter(token for token, _, _ in bench.sink.answers) == Counter(range(20))


def test_an_answer_that_is_not_believed_leaves_the_order_of_deadlines_and_the_heavy_ones_alone() -> None:
    bench = Bench()
    other = bench.pool.join("r2")
    bench.ask("early")
    (early,) = bench.sent(now=0.0)["r2"]
    bench.pool.retire(other)
    liar = bench.pool.join("r1")
    for n in range(2):
        bench.pool.submit(bench.sink, n, Method.DEBIT, b'{"Padding":"%b"}' % (b"x" * HEAVY_BYTES))
    late, later = bench.sent(now=1.0)["r1"]

    with pytest.raises(EnvelopeError):
        bench.answer(liar, late, early)
    assert bench.pool.heavy == 1
    bench.pool.tick(REQUEST_S)

    assert [token for token, _ in bench.sink.codes()] == [0, "early"]
    with pytest.raises(EnvelopeError):
        bench.pool.answered(liar, [later, 0, b"1", None, 0, b""], 1.0)
    assert (bench.pool.in_flight, bench.pool.heavy) == (0, 0)


def test_raters_lost_before_a_request_left_for_them_do_not_count() -> None:
    bench = Bench()
    raters = [bench.pool.join(f"r{n}") for n in range(2 * RESENDS_MAX)]
    bench.ask("a")

    for rater in raters:
        bench.pool.lose(rater)
    assert (bench.sink.answers, bench.pool.waiting, bench.pool.resent) == ([], 1, 0)
    bench.pool.join("new")

    assert bench.sent() == {"new": [1]}
