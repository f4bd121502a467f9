"""Who asks Scrooge: what shows nothing is nobody, whatever the set-up says."""

import pytest

from cgrates_py.usage.scrooge.access import pushing_user, reading_user
from cgrates_py.usage.scrooge.known import Known
from protocol.usage import DialectRequest
from rater.usage.scrooge_setup import ScroogeSetup, User

KNOWN = Known(ScroogeSetup(users=(User("bob", ""), User("ann", "k"), User("old", "o", active=False))))


def asking(header: str = "", **query: str) -> DialectRequest:
    headers = {"authorization": header} if header else {}
    return DialectRequest("GET", "/", "scrooge", Query=list(query.items()), Headers=headers)


@pytest.mark.parametrize(
    "request_",
    [
        asking(),
        asking("ApiKey bob:"),
        asking("ApiKey :"),
        asking("Token "),
        asking(username="bob"),
        asking(username="bob", api_key=""),
        asking("ApiKey old:o"),
        asking("ApiKey ann:\ud800"),
    ],
)
def test_a_user_without_a_key_is_nobody(request_: DialectRequest) -> None:
    assert pushing_user(request_, KNOWN) is None
    assert reading_user(request_, KNOWN) is None


def test_a_key_shows_whose_it_is() -> None:
    assert pushing_user(asking("ApiKey ann:k"), KNOWN) == KNOWN.users["ann"]
    assert reading_user(asking("Token k"), KNOWN) == KNOWN.users["ann"]
