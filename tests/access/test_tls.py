"""TLS on every listener, from files that are read again when they change."""

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from balancer.link import RaterLink
from balancer.service import serve_balancer
from cgrates_py import tls as tls_module
from cgrates_py.address import Address
from cgrates_py.cli import CommandError, console
from cgrates_py.client import RpcClient, call_once
from cgrates_py.settings import Settings, SettingsError, load
from cgrates_py.tls import ServerTls, TlsError, client_context, client_tls, server_tls
from tests.access.certificates import self_signed
from tests.access.gates import Echo, gated
from tests.shell.conftest import http_front


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, str]]:
    folder = tmp_path_factory.mktemp("certificates")
    made: dict[str, tuple[str, str]] = {}

    def pair(name: str) -> tuple[str, str]:
        if name not in made:
            made[name] = self_signed(folder, name)
        return made[name]

    return pair


Files = Callable[[str], tuple[str, str]]


def trusting(cert: str) -> ssl.SSLContext:
    context = client_context(cert, "")
    assert context is not None
    return context


async def status(port: int, tls: ssl.SSLContext | None) -> str:
    """Ask as the console does."""
    address = Address("127.0.0.1", port)
    reply = await asyncio.to_thread(call_once, address, "Responder.Status", b"{}", 5.0, None, tls)
    return reply.error or reply.result.decode()


async def test_callers_speak_tls_and_plain_ones_are_not_understood(files: Files) -> None:
    one, two = files("one"), files("two")
    async with gated(tls=ServerTls(*one).context) as world:
        assert await status(world.port, trusting(one[0])) == '"served"'
        assert await status(world.port, client_context("", one[0])) == '"served"'
        for wrong in (trusting(two[0]), client_context("", two[0])):
            with pytest.raises(ssl.SSLCertVerificationError):
                await status(world.port, wrong)
        with pytest.raises((OSError, Exception), match=r".+"):
            await status(world.port, None)


async def test_nothing_older_than_1_2_is_spoken(files: Files) -> None:
    cert, key = files("one")
    old = trusting(cert)
    old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with gated(tls=ServerTls(cert, key).context) as world:
        with pytest.raises(OSError, match=r".+"):
            await status(world.port, old)


async def test_a_peer_that_does_not_finish_its_handshake_is_no_connection(files: Files) -> None:
    async with gated(tls=ServerTls(*files("one")).context) as world:
        _, silent = await asyncio.open_connection("127.0.0.1", world.port)
        assert await status(world.port, trusting(files("one")[0])) == '"served"'
        assert len(world.server.connections) <= 1
        silent.transport.abort()


async def test_a_new_pair_is_in_force_without_a_restart_and_a_bad_one_never(
    files: Files, tmp_path: Path
) -> None:
    one, two = files("one"), files("two")
    live = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))

    def install(cert: str, key: str) -> None:
        for source, target in zip((cert, key), live, strict=True):
            shutil.copy(source, target + ".new")
            os.replace(target + ".new", target)  # noqa: PTH105 -- as an operator does it

    nonsense = (str(tmp_path / "nonsense"), one[1])
    Path(nonsense[0]).write_text("no certificate")  # noqa: ASYNC240 -- a test may block
    install(*one)
    tls = ServerTls(*live)
    async with gated(tls=tls.context) as world:
        assert not tls.reload()
        assert await status(world.port, trusting(one[0])) == '"served"'

        install(two[0], one[1])  # of two different pairs
        assert not tls.reload()
        assert await status(world.port, trusting(one[0])) == '"served"'

        install(*nonsense)
        assert not tls.reload()
        assert await status(world.port, trusting(one[0])) == '"served"'

        install(*two)
        assert tls.reload()
        assert await status(world.port, trusting(two[0])) == '"served"'
        with pytest.raises(ssl.SSLCertVerificationError):
            await status(world.port, trusting(one[0]))


async def test_who_serves_watches_its_files(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = files("one"), files("two")
    live = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    for source, target in zip(one, live, strict=True):
        shutil.copy(source, target)
    monkeypatch.setattr(tls_module, "RELOAD_S", 0.0)
    settings = Settings.model_validate({"tls_cert": live[0], "tls_key": live[1]})
    async with server_tls(settings) as context, gated(tls=context) as world:
        assert await status(world.port, trusting(one[0])) == '"served"'
        for source, target in reversed(list(zip(two, live, strict=True))):
            shutil.copy(source, target + ".new")
            os.replace(target + ".new", target)  # noqa: PTH105 -- as an operator does it
        answer = ""
        while not answer:
            with contextlib.suppress(ssl.SSLCertVerificationError):
                answer = await status(world.port, trusting(two[0]))
        assert answer == '"served"'
        with pytest.raises(ssl.SSLCertVerificationError):
            await status(world.port, trusting(one[0]))


async def test_raters_register_over_tls_and_with_the_right_certificate_alone(files: Files) -> None:
    one, two = files("one"), files("two")
    balancer = await serve_balancer("127.0.0.1", 0, 0, b"secret", tls=ServerTls(*one).context)
    links = []
    try:
        for name, cert in (("wrong", two[0]), ("right", one[0])):
            key = two[1] if cert == two[0] else one[1]
            make = client_tls(load(tls_cert=cert, tls_key=key))
            link = RaterLink(Echo(name), "127.0.0.1", balancer.rater_port, b"secret", name, dict, make)
            link.start()
            links.append(link)
        await links[1].wait_connected()
        while not balancer.pool.raters:  # noqa: ASYNC110 -- both ends go on by turns
            await asyncio.sleep(0)
        assert [rater.name for rater in balancer.pool.raters] == ["right"]
        rpc = RpcClient(Address("127.0.0.1", balancer.rpc_port), tls=lambda: trusting(one[0]))
        assert (await rpc.call("Responder.GetCost", b'{"Subject":"x"}')).result == b'"right"'
        await rpc.close()
    finally:
        for link in links:
            await link.leave(0.1)
        await balancer.stop(0.1)


async def test_http_speaks_tls(files: Files) -> None:
    cert, key = files("one")
    async with (
        gated(tls=ServerTls(cert, key).context) as world,
        http_front(world.port, tls_cert=cert, tls_key=key) as plain,
    ):
        port = plain.base_url.port
        assert port is not None
        answer = await asyncio.to_thread(_get, port, trusting(cert))
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b'"served"')
        with pytest.raises(httpx.TransportError):
            await plain.get("/healthz")


async def test_the_console_without_a_certificate_hints_at_tls(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = files("one")
    for name in ("CGRATES_TLS_CERT", "CGRATES_TLS_CA", "CGRATES_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    async with gated(tls=ServerTls(cert, key).context) as world:
        with pytest.raises(CommandError, match=r"if the server speaks TLS.*CGRATES_TLS_CERT"):
            await asyncio.to_thread(console.status, f"127.0.0.1:{world.port}", as_json=True)


def _get(port: int, tls: ssl.SSLContext) -> bytes:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as raw,
        tls.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(b"GET /getcost?cstmid=a&subj=b&dest=1 HTTP/1.0\r\n\r\n")
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(("cert", "key"), [("one", ""), ("", "one")])
def test_a_certificate_and_its_key_are_given_together(cert: str, key: str) -> None:
    with pytest.raises(SettingsError, match="together"):
        load(tls_cert=cert, tls_key=key)


def test_files_that_cannot_be_used_are_named(tmp_path: Path, files: Files) -> None:
    missing = str(tmp_path / "missing.pem")
    for cert, key in ((missing, missing), (files("one")[0], files("two")[1])):
        with pytest.raises(TlsError, match=r"cannot use"):
            ServerTls(cert, key)
    settings = Settings.model_construct(tls_cert=missing, tls_ca="")
    with pytest.raises(TlsError, match=r"missing\.pem"):
        client_tls(settings)
