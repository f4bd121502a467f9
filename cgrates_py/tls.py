"""TLS from files: contexts for listeners that read their certificate again when it changes, and for clients.

Nothing older than TLS 1.2 is spoken.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import structlog

from cgrates_py.settings import Settings

RELOAD_S = 2.0
"""How often the files are looked at."""

_PEM_END = "-----END CERTIFICATE-----"

_log = structlog.get_logger(__name__)

Signature = tuple[tuple[int, int, int], ...]


class TlsError(OSError):
    """A certificate, a key or a file of trusted certificates cannot be used. The text says which and why."""


def _context(cert: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(cert, key, password=_no_password)
    return context


def _no_password() -> str:
    raise TlsError("the private key is encrypted; a server that starts by itself cannot ask for its password")


def _signature(*paths: str) -> Signature:
    found = []
    for path in paths:
        status = Path(path).stat()
        found.append((status.st_mtime_ns, status.st_ino, status.st_size))
    return tuple(found)


class ServerTls:
    """The context of a listener: ``context`` stays the same object, with what the files had last.

    Raises TlsError if they cannot be used at the start; later the old pair stays, and the log tells why.
    """

    def __init__(self, cert: str, key: str) -> None:
        self._files = (cert, key)
        try:
            self._seen = _signature(cert, key)
            self.context = _context(cert, key)
        except OSError as error:
            raise TlsError(f"cannot use {cert} and {key}: {error}") from None

    def reload(self) -> bool:
        """Read the files again if they changed; tell whether there is a new pair in force."""
        try:
            seen = _signature(*self._files)
            if seen == self._seen:
                return False
            self._seen = seen
            _context(*self._files)  # of a bad pair, the context in use would keep one half
            self.context.load_cert_chain(*self._files, password=_no_password)
        except OSError as error:
            _log.error("the new certificate cannot be used, the old one stays", reason=str(error))
            return False
        _log.info("a new certificate is in force", file=self._files[0])
        return True


@contextlib.asynccontextmanager
async def server_tls(settings: Settings) -> AsyncIterator[ssl.SSLContext | None]:
    """Make the context of this process's listeners, kept up with its files; None without a certificate.

    Raises TlsError.
    """
    if not settings.tls_cert:
        yield None
        return
    tls = ServerTls(settings.tls_cert, settings.tls_key)
    watching = asyncio.create_task(_watch(tls), name="certificate")
    try:
        yield tls.context
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def _watch(tls: ServerTls) -> None:
    while True:
        await asyncio.sleep(RELOAD_S)
        tls.reload()


def client_context(cert: str, ca: str) -> ssl.SSLContext | None:
    """Make the context for connections to our own server; None if neither file is named: they are plain.

    With ``ca``, a server has to show a certificate from there that names the host. Without, it has to show
    the very certificate of ``cert``, whatever that names: the files are made for one server. Raises TlsError.
    """
    if not (cert or ca):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca:
            context.load_verify_locations(cafile=ca)
            return context
        # The first certificate alone: the others of the file are issuers, who may have issued more.
        own, end, _ = Path(cert).read_text("ascii").partition(_PEM_END)
        context.load_verify_locations(cadata=own + end)
    except (OSError, ValueError) as error:
        raise TlsError(f"cannot use {ca or cert}: {error}") from None
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def client_tls(settings: Settings) -> Callable[[], ssl.SSLContext | None]:
    """Tell how to make the context of each connection of ours: anew, to trust what the files have now.

    Raises TlsError at once if the files cannot be used.
    """

    def make() -> ssl.SSLContext | None:
        return client_context(settings.tls_cert, settings.tls_ca)

    make()
    return make
