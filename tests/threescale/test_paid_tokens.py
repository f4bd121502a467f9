"""Tokens of a language model through authrep: the account pays what the publisher says, or is refused."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest
from genai_prices import Usage, calc_price
from genai_prices.types import ModelInfo

from rater import instant
from rater.quantity import decimal_text
from tests.shell.servers import Server, run_here, serving
from tests.threescale.conftest import ADMIN_KEY
from tests.threescale.model_prices import ModelRates, model_rates
from tests.threescale.vectors_runner import Runner

PROVIDER, MODEL = "google", "gemini-2.5-pro"
NOW = "2026-06-01T12:00:00Z"
CREDIT = Decimal("5")
ACCOUNT = "tokens:buyer"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Runner, ModelRates]]:
    place: Path = tmp_path_factory.mktemp("tokens") / "data"
    priced = model_rates(_publisher(1, 1)[1])
    with serving(place, "--test-clock", "--raters", "1", CGRATES_ADMIN_KEY=ADMIN_KEY) as server:
        made = run_here("account", "create", ACCOUNT, "--credit", str(CREDIT), "--data-dir", server.data_dir)
        assert made.returncode == 0, made.stderr
        runner = Runner(server.http, ADMIN_KEY)
        runner.hold(NOW)
        _fill(runner, priced)
        yield server, runner, priced
        runner.wire.close()


def test_calls_take_their_price_until_the_credit_does_not_pay_the_next(
    shop: tuple[Server, Runner, ModelRates],
) -> None:
    server, runner, priced = shop
    left = CREDIT
    for number, tokens in enumerate([(1, 1), (200_000, 8_192), (200_001, 8_192), (1_000_000, 65_536)]):
        price = _publisher(*tokens)[0]
        assert price < left
        assert _authrep(runner, priced, tokens, f"call-{number}") == (200, "")
        assert _authrep(runner, priced, tokens, f"call-{number}") == (200, "")  # a repeat, which pays nothing
        left -= price
        assert _credit(server) == left
    assert _publisher(1_000_000, 65_536)[0] > left
    assert _authrep(runner, priced, (1_000_000, 65_536), "refused") == (409, "limits_exceeded")
    assert _credit(server) == left
    assert run_here("verify", "--data-dir", server.data_dir).returncode == 0


def test_a_report_is_paid_at_its_own_time_and_also_without_credit(
    shop: tuple[Server, Runner, ModelRates],
) -> None:
    server, runner, priced = shop
    before = _credit(server)
    tokens = (1_000_000, 65_536)
    pairs = [("provider_key", "pk"), ("transactions[0][app_id]", "assistant")]
    pairs += [(f"transactions[0][usage][{name}]", str(n)) for name, n in priced.usage(*tokens).items()]
    pairs += [("transactions[0][timestamp]", "2026-06-01 00:00:00")]
    headers: dict[str, str | None] = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = runner.wire.send("POST", "/transactions.xml", headers, urlencode(pairs).encode())
    assert answer.status == 202
    assert _credit(server) == before - _publisher(*tokens)[0]


def _publisher(input_tokens: int, output_tokens: int) -> tuple[Decimal, ModelInfo]:
    found = calc_price(
        Usage(input_tokens=input_tokens, output_tokens=output_tokens),
        MODEL,
        provider_id=PROVIDER,
        genai_request_timestamp=datetime.fromisoformat(NOW),
    )
    return found.total_price, found.model


def _fill(runner: Runner, priced: ModelRates) -> None:
    do = runner.admin.do
    do("POST", "services/", {"service": {"id": "77", "provider_key": "pk"}})
    for metric in priced.metrics:
        parent = metric.parent_id or None
        do(
            "POST",
            f"services/77/metrics/{metric.metric_id}",
            {"metric": {"name": metric.name, "parent_id": parent}},
        )
        rates = [
            {
                "from": instant.text(rate.from_ns),
                "per": rate.per,
                "whole": rate.whole,
                "tiers": [{"start": tier.start, "price": decimal_text(tier.price)} for tier in rate.tiers],
            }
            for rate in priced.rates
            if rate.metric_id == metric.metric_id
        ]
        do("PUT", f"services/77/metrics/{metric.metric_id}/rates", {"rates": rates})
    application = {"state": "active", "plan_id": "any", "plan_name": "Any", "account": ACCOUNT}
    do("POST", "services/77/applications/assistant", {"application": application})


def _authrep(runner: Runner, priced: ModelRates, tokens: tuple[int, int], request_id: str) -> tuple[int, str]:
    pairs = [("provider_key", "pk"), ("app_id", "assistant")]
    pairs += [(f"usage[{name}]", str(number)) for name, number in priced.usage(*tokens).items()]
    headers: dict[str, str | None] = {
        "Idempotency-Key": request_id,
        "3scale-options": "rejection_reason_header=1",
    }
    answer = runner.wire.send("GET", f"/transactions/authrep.xml?{urlencode(pairs)}", headers, b"")
    return answer.status, answer.headers.get("3scale-rejection-reason", "")


def _credit(server: Server) -> Decimal:
    shown = run_here("account", "show", ACCOUNT, "--json", "--data-dir", server.data_dir)
    assert shown.returncode == 0, shown.stderr
    return Decimal(json.loads(shown.stdout, parse_float=Decimal)["Credit"])
