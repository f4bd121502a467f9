"""An application whose account is gone: its calls fail, and whoever runs the server is told so once."""

from structlog.testing import capture_logs

from protocol.dispatch import Status
from protocol.metering import Transaction
from tests.metering.desk import AUTHORIZE, AUTHREP, CATALOGUE, REPORT, Desk, application, request


async def test_the_loss_of_an_account_is_logged_once() -> None:
    gone = [application(name, account=("t", name)) for name in ("lost", "missing")]
    desk = await Desk().fill((*CATALOGUE, *gone))
    reports = [[Transaction(AppId=each, Usage=[("hits", "1")]) for each in ("a1", "missing")]]
    with capture_logs() as lines:
        for _ in range(2):
            for method in (AUTHORIZE, AUTHREP):
                status, body = await desk.post(method, request(AppId="lost"))
                assert (status, body) == (
                    Status.REFUSED,
                    b"ACCOUNT_NOT_FOUND: no account of subject 'lost'",
                )
            for transactions in reports:
                status, body = await desk.post(REPORT, request(Transactions=transactions))
                assert (status, body) == (
                    Status.REFUSED,
                    b"ACCOUNT_NOT_FOUND: no account of subject 'missing'",
                )
    told = [line["reason"].split()[-1] for line in lines if "is gone" in line["event"]]
    assert told == ["'lost'", "'missing'"]
