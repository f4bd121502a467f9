"""The running check: one rater of a store proves accounts from their journals, all the time and unhurried.

It takes about a hundredth of a core: every account in turn gets a look at its end, which shows a record that
was changed, and its journal is followed from where it was proven before: by this check, or when it was
archived. Whoever holds the lease does it, and when that rater is gone, another. What was proven is not read
again; ``cgrates-py verify`` does that. It has to stay there: an account that vanished or went back is a
difference for as long as this rater checks.
"""

import asyncio
from collections.abc import AsyncIterator

import structlog

from cgrates_py.accounts import name_of
from storage.archive_files import NoFileError
from storage.journal import Replay
from storage.ledger import Ledger
from storage.proof import Snapshot
from storage.store import AccountKey, StoreCorruptError, StoreError
from storage.valkey import ValkeyStore

_log = structlog.get_logger(__name__)

ROUND_S = 0.5
"""Between two rounds."""
ACCOUNTS_A_ROUND = 25
"""Accounts looked at in a round, some 80 µs each: 50 a second."""
SUSPECTS_A_ROUND = 10
"""Of these, accounts that differ or whose journal is not followed to its end yet."""
SUSPECTS_MAX = 1_000
"""More of them have to wait for their next turn; how far they were followed is remembered."""
ELEMENTS_A_ROUND = 200
"""Journal elements followed in a round, some 10 µs each: 400 a second."""
ELEMENTS_AT_ONCE = 100
"""Journal elements of one account in a round: what a debit may have to wait for, below a millisecond."""
SCANS_A_ROUND = 5
"""Steps of a scan in a round: there may be far more stored answers than accounts."""
LEASE_S = 5.0
"""A rater that dies is followed by another after this long."""
LEAVE_S = 0.5
"""A store that takes longer is left without a word; then the lease runs out."""

_Unsettled = dict[AccountKey, tuple[Replay, Snapshot]]
"""Replays that want more elements to reach a snapshot."""
_Asked = list[tuple[AccountKey, int, int]]
"""Of each account the elements beyond a version, up to another."""


class Auditor:
    """Checks the accounts of a store while ``run`` runs, if no other does."""

    def __init__(self, store: ValkeyStore, name: str) -> None:
        self._store = store
        self._name = name
        self._ledger = Ledger()
        self._suspects: dict[AccountKey, None] = {}
        self._page: list[AccountKey] = []
        self._pages: AsyncIterator[set[AccountKey]] | None = None
        self._unseen = set[AccountKey]()
        """Proven accounts that the running scan has not come across yet."""
        self._active = False
        self._checked_before = self._findings_before = 0

    @property
    def difference(self) -> int:
        """How many accounts are not what their journals say; 0 in a rater that does not check."""
        return len(self._ledger.differing)

    @property
    def checked(self) -> int:
        """How many times an account was found whole, since the rater started."""
        return self._checked_before + self._ledger.checked

    @property
    def findings(self) -> int:
        """How many times an account was found not to be what its journal says, since the rater started."""
        return self._findings_before + self._ledger.findings

    async def run(self) -> None:
        """Check for ever, in rounds; wait while another rater does, or the store is away."""
        away = False
        try:
            while True:
                try:
                    if await self._store.be_auditor(self._name, int(LEASE_S * 1000)):
                        self._begin()
                        await self.round()
                    else:
                        self._end()
                    away = False
                except StoreError as error:
                    if not away:
                        _log.info("accounts are not checked while the store is away", reason=str(error))
                    away = True
                except Exception:
                    _log.exception("a round of checks failed")
                await asyncio.sleep(ROUND_S)
        finally:
            if self._active:
                await self._leave()

    async def round(self) -> None:
        """Look at some accounts, and follow some of their journals. Raises StoreError."""
        accounts = await self._next_accounts()
        if not accounts:
            return
        before = dict(self._ledger.differing)
        unsettled = {
            key: (replay, snapshot)
            for key, snapshot in zip(accounts, await self._store.snapshots(accounts), strict=True)
            if (replay := self._ledger.look(key, snapshot)) is not None
            and not isinstance(snapshot, StoreCorruptError)
        }
        unsettled = await self._follow(unsettled)
        for key in accounts:
            self._note(key, before.get(key), key in unsettled)

    async def _follow(self, wanted: _Unsettled) -> _Unsettled:
        """Read what replays want, as far as a round may; return those that are not at their end."""
        budget, asked = ELEMENTS_A_ROUND, _Asked()
        for key, (replay, snapshot) in wanted.items():
            upto = min(replay.version + min(ELEMENTS_AT_ONCE, budget), snapshot.elements)
            if budget > 0:
                budget -= upto - replay.version
                asked.append((key, replay.version, upto))
        pages = await self._elements(asked) if asked else []
        unsettled = dict(wanted)
        for (key, _, _), page in zip(asked, pages, strict=True):
            if isinstance(page, StoreError):
                self._ledger.unreadable(key, str(page))
                del unsettled[key]
            elif not self._ledger.follow(wanted[key][0], page, wanted[key][1]):
                del unsettled[key]
        return unsettled

    async def _elements(self, asked: _Asked) -> list[list[bytes] | StoreCorruptError | NoFileError]:
        """Read elements; where archived ones cannot be read, that is told of these accounts alone."""
        try:
            return [*await self._store.elements(*asked)]
        except (StoreCorruptError, NoFileError):
            return [await self._elements_of(each) for each in asked]

    async def _elements_of(
        self, asked: tuple[AccountKey, int, int]
    ) -> list[bytes] | StoreCorruptError | NoFileError:
        try:
            (page,) = await self._store.elements(asked)
        except (StoreCorruptError, NoFileError) as error:
            return error
        return page

    def _note(self, key: AccountKey, before: str | None, wants_more: bool) -> None:
        """Log what changed about an account, and keep in view what is not settled."""
        reason = self._ledger.differing.get(key)
        if reason is not None and before is None:
            _log.error("account differs from its journal", account=name_of(key), reason=reason)
        elif reason is None and before is not None:
            _log.warning("account agrees with its journal again", account=name_of(key))
        if (wants_more or reason is not None) and len(self._suspects) < SUSPECTS_MAX:
            self._suspects[key] = None

    async def _next_accounts(self) -> list[AccountKey]:
        chosen = dict.fromkeys(list(self._suspects)[:SUSPECTS_A_ROUND])
        for key in chosen:
            del self._suspects[key]
        for _ in range(SCANS_A_ROUND):
            while self._page and len(chosen) < ACCOUNTS_A_ROUND:
                chosen[self._page.pop()] = None
            if len(chosen) >= ACCOUNTS_A_ROUND or not await self._turn_page():
                break
        return list(chosen)

    async def _turn_page(self) -> bool:
        """Read the next page of accounts; False at the end, after which it begins anew.

        The last page has the accounts that should have come, and did not.
        """
        if self._pages is None:
            self._pages, self._unseen = self._store.traces(), self._ledger.proven()
        page = await anext(self._pages, None)
        if page is None:
            self._pages, self._page = None, list(self._unseen)
            return False
        self._unseen -= page
        self._page = list(page)
        return True

    def _begin(self) -> None:
        if not self._active:
            self._active = True
            _log.info("checks accounts against their journals")

    def _end(self) -> None:
        """Forget what another looks after now."""
        if self._active:
            self._active = False
            self._checked_before, self._findings_before = self.checked, self.findings
            self._ledger, self._pages, self._page = Ledger(), None, []
            self._suspects.clear()

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(LEAVE_S):
                await self._store.be_auditor(self._name, 0)
        except (StoreError, TimeoutError) as error:
            _log.debug("the next auditor has to wait", reason=str(error))
