"""Keys over real sockets: what is let through, what is refused and how, for every way to ask."""

import asyncio
import json
from typing import Any

import pytest

from balancer.gate import Bounded
from balancer.service import serve_balancer
from cgrates_py.address import Address
from cgrates_py.client import RpcClient
from protocol.access import (
    CONSOLE_ID,
    FRONT_ID,
    PROBE_ID,
    Keyring,
    Right,
    derived_key,
    new_key,
)
from protocol.limits import LOGIN_FAILURES_MAX
from protocol.methods import HOST_METHODS, NAMES, Method
from tests.access.gates import SECRET, Caller, Echo, gated, outcome

CHANGES = [
    "DebitBalance",
    "DebitCents",
    "DebitSMS",
    "DebitSeconds",
    "Debit",
    "AddVolumeDiscountSeconds",
    "ResetVolumeDiscountSeconds",
    "AddRecievedCallSeconds",
    "ResetUserBudget",
]
READS = ["GetCost", "Get", "GetMaxSessionTime", "GetAccount", "Explain"]
OF_ALL = ["Status", "Metrics"]
USAGE = ["Metering.AuthRep", "Metering.Report", "Usage.Ask"]
USAGE_READS = ["Metering.Authorize", "Usage.Read", "Charges.List"]
ADMINISTRATION = ["Metering.Administer", "Usage.Administer"]


def test_every_method_stands_in_one_of_these_lists() -> None:
    listed = {f"Responder.{name}" for name in CHANGES + READS + OF_ALL}
    listed |= {*USAGE, *USAGE_READS, *ADMINISTRATION}

    assert set(NAMES.values()) - {NAMES[Method.LOGIN]} <= listed
    assert Method.LOGIN in HOST_METHODS


async def test_nobody_is_asked_while_there_is_no_key_and_everybody_from_the_first_on() -> None:
    async with gated() as world:
        early = await world.connect()
        assert await early.ask("Debit") == "served"
        world.key(right=Right.READ)
        assert await early.ask("Debit") == "UNAUTHENTICATED"
        assert await (await world.connect()).ask() == "UNAUTHENTICATED"
        assert len(world.served.asked) == 1


async def test_revoking_the_last_key_opens_nothing_not_even_after_a_restart() -> None:
    async with gated() as world:
        world.revoke(world.key(right=Right.ADMIN))
        assert await (await world.connect()).ask() == "UNAUTHENTICATED"
        records = world.records
    restarted = Keyring(SECRET)
    restarted.update(records)
    async with gated(keyring=restarted) as world:
        assert await (await world.connect()).ask() == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("right", "allowed"),
    [
        (Right.READ, READS + OF_ALL + USAGE_READS),
        (Right.CHARGE, READS + OF_ALL + USAGE_READS + CHANGES + USAGE),
        (Right.ADMIN, READS + OF_ALL + USAGE_READS + CHANGES + USAGE + ADMINISTRATION),
    ],
)
async def test_a_right_allows_its_methods_and_no_others(right: Right, allowed: list[str]) -> None:
    async with gated() as world:
        key = world.key(right=right)
        caller = await world.connect()
        assert await caller.login(key) == {"Tenant": "*", "Right": right.name.lower()}
        for method in READS + OF_ALL + USAGE_READS + CHANGES + USAGE + ADMINISTRATION:
            assert await caller.ask(method) == ("served" if method in allowed else "FORBIDDEN"), method


async def test_a_tenants_key_is_told_nothing_about_everybody() -> None:
    async with gated() as world:
        caller = await world.connect()
        await caller.login(world.key(tenant="vdf", right=Right.ADMIN))
        methods = OF_ALL + USAGE + USAGE_READS + ADMINISTRATION
        assert {await caller.ask(method, CstmId="vdf") for method in methods} == {"FORBIDDEN"}


V1 = b'{"id":1,"method":"Responder.GetAccount"%s,"params":[%s]}'
V2 = b'{"jsonrpc":"2.0","id":1,"method":"Responder.GetAccount"%s,"params":%s}'

DIALECTS = {
    "1.0 line": V1 + b"\n",
    "1.0 without a line's end": V1,
    "1.0 members in capitals": V1.replace(b'"params"', b'"PARAMS"').replace(b'"method"', b'"Method"'),
    "1.0 over several lines": V1.replace(b",", b"\n,"),
    "2.0": V2 + b"\n",
    "2.0 params in an array": V2.replace(b'"params":%s', b'"params":[%s]') + b"\n",
    "2.0 batch": b"[" + V2 + b"]\n",
    "netstring": V1,
}

CUSTOMERS = [
    (b'{"CstmId":"vdf"}', "served"),
    (b'{"cstmid":"vdf"}', "served"),
    (b'{"CSTMID":"vdf","Subject":"x"}', "served"),
    (b'{"CstmId":"vd\\u0066"}', "served"),
    (b'{"C\\u0073tmId":"other"}', "absent"),
    (b'{"CstmId":"other"}', "absent"),
    (b'{"CstmId":"VDF"}', "absent"),
    (b'{"CstmId":"vdf "}', "absent"),
    (b'{"CstmId":"vdf\\u0000"}', "absent"),
    (b'{"CstmId":""}', "absent"),
    (b'{"CstmId":null}', "absent"),
    (b'{"Subject":"x"}', "absent"),
    (b"{}", "absent"),
    (b'{"CstmId":"*"}', "absent"),
    (b'{"CstmId":"vdf","CstmId":"other"}', "absent"),
    (b'{"CstmId":"other","CstmId":"vdf"}', "served"),
    (b'{"cstmid":"vdf","CSTMID":"other"}', "absent"),
    (b'{"CstmId":"other","cstmid":"vdf"}', "absent"),  # the exact name wins
    (b'{"cstmid":"vdf","CstmId":"other"}', "absent"),
    (b'{"cstmid":"other","CstmId":"vdf"}', "served"),
    (b'{"CstmId":"vdf","unknown":{"CstmId":"other"}}', "served"),
    (b'{"unknown":{"CstmId":"vdf"},"cstmId":"other"}', "absent"),
    (b'{"CstmId":7}', "INVALID_PARAMS"),
    (b'{"CstmId":["vdf"]}', "INVALID_PARAMS"),
]


async def exchange(caller: Caller, dialect: str, auth: bytes, descriptor: bytes) -> str:
    """Ask in one dialect; the result or the code."""
    data = DIALECTS[dialect] % (auth, descriptor)
    if dialect == "netstring":
        caller.writer.write(b"%d:%b," % (len(data), data))
        length = int((await caller.reader.readuntil(b":"))[:-1])
        answer: Any = json.loads((await caller.reader.readexactly(length + 1))[:-1])
    else:
        answer = await caller.say(data)
    return outcome(answer[0] if isinstance(answer, list) else answer)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_tenants_key_reaches_its_customer_and_no_other_however_it_is_spelt(dialect: str) -> None:
    async with gated() as world:
        key = world.key(tenant="vdf", right=Right.READ)
        caller = await world.connect()
        for descriptor, expected in CUSTOMERS:
            world.served.asked.clear()
            shown = b',"auth":"%b"' % key.encode()
            assert await exchange(caller, dialect, shown, descriptor) == expected, descriptor
            assert bool(world.served.asked) == (expected == "served"), descriptor


async def test_after_a_login_the_fast_path_isolates_as_well() -> None:
    async with gated() as world:
        caller = await world.connect()
        await caller.login(world.key(tenant="vdf", right=Right.READ))
        for descriptor, expected in CUSTOMERS:
            line = V1 % (b"", descriptor) + b"\n"
            assert outcome(await caller.say(line)) == expected, descriptor


async def test_many_requests_in_one_packet_each_go_by_the_key_in_force_then() -> None:
    async with gated() as world:
        key = world.key(tenant="vdf", right=Right.READ)
        login = b'{"id":0,"method":"Auth.Login","params":[{"auth":"%b"}]}\n' % key.encode()
        own, other = (V1 % (b"", b'{"CstmId":"%b"}' % name) + b"\n" for name in (b"vdf", b"other"))
        caller = await world.connect()
        caller.writer.write(own + login + own + other + own)

        answers = [outcome(await caller.hear()) for _ in range(5)]
        assert (answers[0], answers[2:]) == ("UNAUTHENTICATED", ["served", "absent", "served"])


async def test_each_element_of_a_batch_has_its_own_key() -> None:
    async with gated() as world:
        keys = [world.key(tenant=name, right=Right.READ) for name in ("a", "b")]
        shown = [b',"auth":"%b"' % key.encode() for key in keys] + [b"", b',"auth":"cgr_no_such"']
        batch = b"[" + b",".join(V2 % (auth, b'{"CstmId":"a"}') for auth in shown) + b"]\n"
        answers = await (await world.connect()).say(batch)

        assert [outcome(answer) for answer in answers] == [
            "served",
            "absent",
            "UNAUTHENTICATED",
            "UNAUTHENTICATED",
        ]


async def test_a_requests_own_key_wins_over_the_connections() -> None:
    async with gated() as world:
        strong, weak = world.key(right=Right.CHARGE), world.key(right=Right.READ)
        caller = await world.connect()
        await caller.login(strong)
        assert await caller.ask("Debit") == "served"
        assert await caller.ask("Debit", auth=weak) == "FORBIDDEN"
        assert await caller.ask("Debit", auth="cgr_x_y") == "UNAUTHENTICATED"
        assert await caller.ask("Debit") == "served"


@pytest.mark.parametrize("member", ["auth", "Auth", "AUTH"])
async def test_the_member_auth_matches_in_any_case_and_the_last_one_counts(member: str) -> None:
    async with gated() as world:
        key = world.key(right=Right.READ)
        caller = await world.connect()
        line = b'{"id":1,"auth":"wrong","%b":"%b","method":"Responder.GetCost","params":[{}]}\n'
        assert outcome(await caller.say(line % (member.encode(), key.encode()))) == "served"


@pytest.mark.parametrize("auth", ["7", "{}", "[]", "true"])
async def test_auth_that_is_no_text_is_no_request(auth: str) -> None:
    async with gated() as world:
        line = f'{{"id":1,"auth":{auth},"method":"Responder.GetCost","params":[{{}}]}}\n'
        assert outcome(await (await world.connect()).say(line.encode())) == "INVALID_REQUEST"


WRONG = ["", "x", "cgr_", "cgr_a_b", "cgr_front_", "cgr_probe_", "cgr_console_", "cgr_admin_", "ä" * 2000]


@pytest.mark.parametrize("shown", WRONG)
async def test_a_wrong_key_is_refused_also_where_none_is_needed(shown: str) -> None:
    async with gated() as world:
        caller = await world.connect()
        assert await caller.login(shown) == "UNAUTHENTICATED"
        assert await caller.ask(auth=shown) == "UNAUTHENTICATED"
        world.key(right=Right.READ)
        assert await caller.login(shown) == "UNAUTHENTICATED"
        assert world.served.asked == []


async def test_a_key_with_another_ones_id_or_a_changed_secret_is_wrong() -> None:
    async with gated() as world:
        one, two = world.key(right=Right.READ), world.key(right=Right.READ)
        caller = await world.connect()
        mixed = "_".join([*one.split("_")[:2], two.split("_")[2]])
        for shown in (mixed, one[:-1], one + "0", one.upper(), one.replace("cgr_", "cgr__")):
            assert await caller.ask(auth=shown) == "UNAUTHENTICATED", shown


async def test_a_connection_with_too_many_failures_is_closed() -> None:
    async with gated() as world:
        key = world.key(right=Right.READ)
        caller = await world.connect()
        failures = [await caller.ask(auth="wrong") for _ in range(LOGIN_FAILURES_MAX)]
        assert failures == ["UNAUTHENTICATED"] * LOGIN_FAILURES_MAX
        assert await caller.ask(auth=key) == "closed"
        assert await (await world.connect()).ask(auth=key) == "served"


async def test_a_revoked_key_is_out_at_once_on_connections_that_did_log_in() -> None:
    async with gated() as world:
        strong, tenants = world.key(right=Right.CHARGE), world.key(tenant="vdf", right=Right.READ)
        callers = [await world.connect() for _ in range(2)]
        for caller, key in zip(callers, (strong, tenants), strict=True):
            await caller.login(key)
            assert await caller.ask(CstmId="vdf") == "served"
        world.revoke(strong)
        world.revoke(tenants)
        for caller, key in zip(callers, (strong, tenants), strict=True):
            assert await caller.ask(CstmId="vdf") == "UNAUTHENTICATED"
            assert await caller.login(key) == "UNAUTHENTICATED"


async def test_what_a_key_may_changes_with_its_record() -> None:
    async with gated() as world:
        text, grant = new_key(right=Right.READ)
        world.put(grant)
        caller = await world.connect()
        await caller.login(text)
        assert await caller.ask("Debit") == "FORBIDDEN"
        raised = type(grant)(key_id=grant.key_id, digest=grant.digest, right=Right.CHARGE)
        world.put(raised)
        assert await caller.ask("Debit") == "served"


async def test_before_the_store_was_read_only_keys_that_need_none_are_in_force() -> None:
    keyring = Keyring(SECRET, "an administrator's key", known=False)
    async with gated(keyring=keyring) as world:
        caller = await world.connect()
        text, _ = new_key(right=Right.READ)
        for _ in range(2 * LOGIN_FAILURES_MAX):  # not the caller's fault, so not counted
            assert await caller.ask(auth=text) == "STORE_UNAVAILABLE"
        assert await caller.ask("Debit", auth="an administrator's key") == "served"
    unsure = Keyring(SECRET, known=False)
    async with gated(keyring=unsure) as world:
        caller = await world.connect()
        assert await caller.ask() == "STORE_UNAVAILABLE"
        unsure.update({})
        assert await caller.ask() == "served"


async def test_the_fronts_connection_passes_on_keys_and_may_do_nothing_itself() -> None:
    async with gated() as world:
        key = world.key(right=Right.READ)
        front = await world.connect()
        await front.login(derived_key(SECRET, FRONT_ID))
        for _ in range(2 * LOGIN_FAILURES_MAX):  # its callers' failures, not its own
            assert await front.ask() == "UNAUTHENTICATED"
            assert await front.ask(auth="wrong") == "UNAUTHENTICATED"
        assert await front.ask(auth=key) == "served"
        assert await front.ask(auth=derived_key(SECRET, FRONT_ID)) == "UNAUTHENTICATED"


async def test_the_derived_keys_have_their_rights_and_those_of_another_secret_none() -> None:
    async with gated(keyring=Keyring(SECRET, required=True)) as world:
        caller = await world.connect()
        probe, console = (derived_key(SECRET, key_id) for key_id in (PROBE_ID, CONSOLE_ID))
        assert [await caller.ask(method, auth=probe) for method in ("Status", "Debit")] == [
            "served",
            "FORBIDDEN",
        ]
        assert await caller.ask("Debit", auth=console) == "served"
        assert await caller.ask(auth=derived_key("another", CONSOLE_ID)) == "UNAUTHENTICATED"


async def test_a_rate_is_a_seconds_worth_at_once_and_then_as_much_a_second() -> None:
    async with gated() as world:
        now = 100.0
        world.server.gate.clock = lambda: now
        key = world.key(right=Right.READ, rate=3)
        caller, other = await world.connect(), await world.connect()
        assert [await caller.ask(auth=key) for _ in range(4)] == ["served"] * 3 + ["RATE_LIMITED"]
        assert await other.ask(auth=key) == "RATE_LIMITED", "it is the key's, not the connection's"
        now += 0.34
        assert [await other.ask(auth=key) for _ in range(2)] == ["served", "RATE_LIMITED"]
        now += 1000
        assert [await caller.ask(auth=key) for _ in range(4)] == ["served"] * 3 + ["RATE_LIMITED"]


async def test_a_key_has_so_many_requests_in_flight_over_all_its_connections() -> None:
    async with gated() as world:
        key = world.key(right=Right.READ, in_flight=2)
        free = world.key(right=Right.READ)
        world.served.hold = True
        callers = [await world.connect() for _ in range(3)]
        for caller in callers:
            await caller.login(key)
        for caller in callers[:2]:
            caller.writer.write(V1 % (b"", b"{}") + b"\n")
        while len(world.served.held) < 2:
            assert await callers[0].login(key)
        assert await callers[2].ask() == "RATE_LIMITED"
        world.served.release()
        assert [outcome(await caller.hear()) for caller in callers[:2]] == ["served"] * 2
        assert await callers[2].ask() == "served"
        assert await callers[2].ask(auth=free) == "served"


async def test_answers_to_a_caller_that_hung_up_count_too() -> None:
    async with gated() as world:
        key = world.key(right=Right.READ, in_flight=1)
        world.served.hold = True
        gone, watcher = await world.connect(), await world.connect()
        gone.writer.write(V1 % (b',"auth":"%b"' % key.encode(), b"{}") + b"\n")
        while not world.served.held:
            assert await watcher.ask("Nothing") == "METHOD_NOT_FOUND"
        gone.writer.transport.abort()
        world.served.release()
        assert await watcher.ask(auth=key) == "served"


async def test_a_listener_without_a_pool_refuses_what_is_too_much_at_once() -> None:
    served = Echo("served")
    bounded = Bounded(served, 2)
    async with gated() as world:
        world.server.gate.dispatcher = bounded
        served.hold = True
        callers = [await world.connect() for _ in range(3)]
        for caller in callers[:2]:
            caller.writer.write(V1 % (b"", b"{}") + b"\n")
        while len(served.held) < 2:
            assert outcome(await callers[2].say(b"{}\n")) == "INVALID_REQUEST"
        assert await callers[2].ask() == "OVERLOADED"
        served.release()
        assert [outcome(await caller.hear()) for caller in callers[:2]] == ["served"] * 2
        assert await callers[2].ask() == "served"


async def test_what_the_gate_refuses_is_counted_among_the_outcomes() -> None:
    balancer = await serve_balancer("127.0.0.1", 0, 0, b"secret", keyring=Keyring(SECRET, required=True))
    reader, writer = await asyncio.open_connection("127.0.0.1", balancer.rpc_port)
    caller = Caller(reader, writer)
    probe = derived_key(SECRET, PROBE_ID)
    assert await caller.ask("Debit") == "UNAUTHENTICATED"
    assert await caller.ask("Debit", auth=probe) == "FORBIDDEN"
    counted = balancer.metrics()["requests"]["Debit"]
    writer.close()
    await balancer.stop(0.1)
    assert counted == {"UNAUTHENTICATED": 1, "FORBIDDEN": 1}


async def test_a_login_without_a_key_is_told_what_is_missing() -> None:
    async with gated() as world:
        caller = await world.connect()
        for params in (b"[{}]", b'[{"auth":7}]', b'[{"auth":null}]'):
            line = b'{"id":1,"method":"Auth.Login","params":%b}\n' % params
            assert outcome(await caller.say(line)) == "INVALID_PARAMS"


async def test_a_login_works_in_every_dialect() -> None:
    async with gated() as world:
        key = world.key(tenant="vdf", right=Right.CHARGE).encode()
        granted = {"Tenant": "vdf", "Right": "charge"}
        for line in (
            b'{"id":1,"method":"Auth.Login","params":[{"AUTH":"%b"}]}' % key,
            b'{"id":1,"method":"Auth.Login","params":[{}],"auth":"%b"}' % key,
            b'{"jsonrpc":"2.0","id":1,"method":"Auth.Login","params":{"auth":"%b"}}' % key,
            b'{"jsonrpc":"2.0","id":1,"method":"Auth.Login","auth":"%b"}' % key,
        ):
            caller = await world.connect()
            assert (await caller.say(line))["result"] == granted
            assert await caller.ask(CstmId="vdf") == "served"


async def test_a_part_of_ours_with_another_secret_says_so_and_gets_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with gated(keyring=Keyring(SECRET, required=True)) as world:
        for secret, expected in ((SECRET, None), ("another", "UNAUTHENTICATED")):
            key = derived_key(secret, PROBE_ID)
            rpc = RpcClient(Address("127.0.0.1", world.port), key=key)
            reply = await rpc.call("Responder.Status", b"{}")
            assert (reply.error or "").partition(":")[0] == (expected or "")
            await rpc.close()
            assert key not in caplog.text
        ours = [each for each in caplog.records if each.name.startswith("cgrates_py.")]
        assert ["is the secret the same?" in each.getMessage() for each in ours] == [True]
