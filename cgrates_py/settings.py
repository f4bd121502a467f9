"""Every setting of every process, on one page: its default and why it is that.

Precedence: command line > environment ``CGRATES_<NAME>`` > TOML file (``--config``) > the defaults here.
The supervisor hands its children their settings by environment, so a secret never stands in an argv.
"""

import ast
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cgrates_py.address import Address, AddressError, is_loopback
from protocol import limits

ENV_PREFIX = "CGRATES_"
ARCHIVE_AFTER_DAYS = 92
"""A quarter and a day: what is asked about most is in memory."""
ADMIN_KEY_CHARS_MIN = 16
"""Shorter ones could be guessed over the network: off loopback they are refused."""


class SettingsError(Exception):
    """A setting is unknown or has a value it cannot have. The text names each, and where it came from."""


def _address(text: str) -> str:
    try:
        Address.parse(text)
    except AddressError as error:
        raise ValueError(str(error)) from None
    return text


def _store_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("expected redis://, rediss:// or unix://")
    return text


def _http_url(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise ValueError("expected http:// or https://")
    return text


def _place(text: str) -> str:
    if "://" in text:
        from storage.archive_files import check_location  # noqa: PLC0415 -- only who has one needs it

        check_location(text)
    return text


def _formula(text: str) -> str:
    try:
        ast.parse(text.strip() or "0", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("expected a formula") from None
    return text


Port = Annotated[int, Field(ge=0, le=65535)]
HostPort = Annotated[str, AfterValidator(_address)]


class Settings(BaseSettings):
    """The settings; build one with ``load``. Ports of 0 pick a free one."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1)
    """Where servers listen: this machine alone; anywhere else they ask for keys, and need one to start."""
    rpc_port: Port = 2001
    """JSON-RPC; the port of the published page."""
    http_port: Port = 8000
    """HTTP; likewise."""
    admin_port: int = Field(-1, ge=-1, le=65535)
    """The administration's ``/internal``, on a port of its own; -1: on the HTTP port."""
    rater_port: Port = 2000
    """Where raters register with the balancer; likewise."""
    raters: int = Field(2, ge=1, le=64)
    """Rater processes of ``serve``: one stays up while another restarts, and two cores are common."""

    data_dir: Path = Path("cgrates-data")
    """Directory of the embedded store: below the working directory, where people look for it."""
    redis_url: Annotated[str, AfterValidator(_store_url)] = ""
    """Use this Redis ≥ 7 / Valkey ≥ 8 instead of the embedded store (``redis://``, ``unix://``), or any node
    of a cluster."""
    archive_dir: Annotated[str, AfterValidator(_place)] = ""
    """Directory or URL (``s3://BUCKET/PREFIX?region=…``) of the Parquet files with old usage and charges and
    old changes of accounts, the same for all parts on a store; empty: ``archive`` in the data directory."""
    archive_after_days: int = Field(-1, ge=-1, le=36_500)
    """What is older moves there; 0: nothing does; -1: ``ARCHIVE_AFTER_DAYS``, if ``archive_dir`` is set or
    the store is embedded. Needs the extra ``parquet``."""
    store_replicas: int = Field(0, ge=0, le=16)
    """Replicas of that store that must have a change before it is answered; 0: its disk is enough."""

    tariffs_kept: int = Field(20, ge=2, le=1000)
    """Versions of the tariff whose snapshots stay, to be activated again; those in force stay anyway. A month
    of changes on working days; one of 300,000 prefixes takes 0.8 MB of the store."""

    register_address: HostPort = "127.0.0.1:2000"
    """Where a rater finds the balancer's registration port."""
    rpc_address: HostPort = "127.0.0.1:2001"
    """Where HTTP and the console find JSON-RPC."""
    listen_address: Annotated[str, AfterValidator(lambda text: _address(text) if text else text)] = ""
    """Where a rater serves JSON-RPC itself; empty: it joins a balancer."""
    name: str = Field("", max_length=64)
    """A rater's name in logs and metrics; empty: host and process id."""
    secret: SecretStr = Field(SecretStr(""), max_length=1024)
    """Shared by a balancer and its raters; when it is empty, the one in the file ``secret`` of the data
    directory, made at the first start: so the parts on one machine need no setting."""

    require_keys: bool = False
    """Ask for API keys even while there is none: else that begins with the first one."""
    admin_key: SecretStr = Field(SecretStr(""), max_length=limits.KEY_CHARS_MAX)
    """A key with every right for all tenants, in force without a store; for the start and for automation."""
    tls_cert: str = ""
    """PEM file with the certificate, and those that lead to its issuer: with it every listener speaks TLS."""
    tls_key: str = Field("", validate_default=True)
    """PEM file with its private key; both are read again when they change."""
    tls_ca: str = ""
    """PEM file with what our own parts trust when they connect; empty: the certificate above and no other."""

    unknown_account: Literal["refuse", "postpaid"] = "refuse"
    """GetMaxSessionTime of an account that does not exist: an error, or (as in 2012) all that was asked."""
    request_id_ttl_hours: int = Field(24, ge=24, le=24 * 366)
    """How long an answer is kept for repeats of its RequestId; 24 h is what callers are promised."""

    cyclops_context: str = Field("/rc", pattern=r"^(/[a-z0-9_-]{1,32}){1,4}$")
    """What the paths of Cyclops RC begin with; not what other paths of ours do (docs/CYCLOPS.md)."""
    cyclops_frequency_s: int = Field(300, ge=1, le=86_400)
    """How often Cyclops RC rates and charges; five minutes as in the original."""
    cyclops_udr_url: Annotated[str, AfterValidator(_http_url)] = ""
    """Take meters and usage of Cyclops RC from this UDR service; empty: from what is pushed here."""
    cyclops_rule: Annotated[str, AfterValidator(_formula)] = Field("", max_length=1000)
    """Formula of dynamic rates: ``2 if usage > 100 else 3``; without it and the next they are random."""
    cyclops_rule_engine_url: Annotated[str, AfterValidator(_http_url)] = ""
    """Service that tells dynamic rates (``GET rate/RESOURCE``), where there is no rule."""

    in_flight_max: int = Field(limits.IN_FLIGHT_MAX, ge=1, le=1_000_000)
    """Requests that the balancer holds unanswered; the next one is OVERLOADED."""
    frame_bytes_max: int = Field(limits.FRAME_BYTES_MAX, ge=4096, le=64 << 20)
    """The longest request on a connection."""
    connections_max: int = Field(limits.CONNECTIONS_MAX, ge=1, le=60_000)
    """Connections of one listener, JSON-RPC and HTTP each."""

    test_clock: bool = False
    """Lets ``POST /test/clock`` set and hold the time of all parts; for tests only."""
    clock_file: str = ""
    """The file by which the parts share the test clock; ``serve`` sets it for its children."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Every state change of a process is an info line; single requests are never logged."""
    log_json: bool = False
    """One JSON object a line for collectors, instead of lines for eyes."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Fix the precedence."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    @field_validator("admin_key")
    @classmethod
    def _long_enough(cls, key: SecretStr, info: ValidationInfo) -> SecretStr:
        text = key.get_secret_value()
        if text.startswith("cgr_"):
            raise ValueError("expected a key that does not begin with cgr_")
        if text and len(text) < ADMIN_KEY_CHARS_MIN and not is_loopback(str(info.data.get("host"))):
            raise ValueError(f"expected at least {ADMIN_KEY_CHARS_MIN} characters off loopback")
        return key

    @field_validator("tls_key")
    @classmethod
    def _pair(cls, key: str, info: ValidationInfo) -> str:
        if bool(key) != bool(info.data.get("tls_cert")):
            raise ValueError("tls_cert and tls_key are given together or not at all")
        return key

    @property
    def archive(self) -> Path | str:
        """The place of the archive: a directory or a URL."""
        return self.archive_dir or self.data_dir / "archive"

    @property
    def archives_after_days(self) -> int:
        """How old is old; 0: nothing is archived.

        The directory of a part on one host says nothing to those on others that share a store by its URL.
        """
        if self.archive_after_days >= 0:
            return self.archive_after_days
        return ARCHIVE_AFTER_DAYS if self.archive_dir or not self.redis_url else 0

    def environment(self) -> dict[str, str]:
        """Tell the environment that gives another process these settings, whatever its own files say."""
        texts = {}
        for name, value in self:
            plain = value.get_secret_value() if isinstance(value, SecretStr) else value
            texts[ENV_PREFIX + name.upper()] = str(plain)
        return texts


def load(config: Path | None = None, **given: Any) -> Settings:
    """Read the settings. ``given`` are those of the command line; None there means not given.

    Raises SettingsError, whose text names every bad setting and where it was set.
    """

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=config)

    stated = {name: value for name, value in given.items() if value is not None}
    try:
        if config is not None and not config.is_file():
            raise SettingsError(f"--config: no such file: {config}")
        return FromFile(**stated)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"--config {config}: {error}") from None
    except ValidationError as error:
        problems = [_problem(detail["loc"], detail["msg"], stated, config) for detail in error.errors()]
        raise SettingsError("\n".join(problems)) from None


def _problem(loc: tuple[int | str, ...], message: str, stated: dict[str, Any], config: Path | None) -> str:
    name = str(loc[0]) if loc else "?"
    variable = ENV_PREFIX + name.upper()
    if name in stated:
        origin = "the command line"
    elif variable in os.environ:
        origin = f"the environment, {variable}"
    else:
        origin = str(config)
    reason = (
        "no such setting" if message.startswith("Extra inputs") else message.removeprefix("Value error, ")
    )
    return f"setting {name} ({origin}): {reason}"
