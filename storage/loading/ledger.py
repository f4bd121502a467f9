"""The balances of one account while its opening actions run."""

from dataclasses import dataclass

from rater.account import Account, MinuteBucket
from rater.quantity import AMOUNT_MAX
from rater.tariff import ANY


@dataclass(frozen=True, slots=True)
class Balance:
    """Which balance an action is about: its type, its Id (may be empty), and a bucket's destination."""

    kind: str
    balance_id: str
    destination_id: str

    def means(self, other: "Balance") -> bool:
        """Tell whether a debit of this one may take from ``other``: no Id is any, ``*any`` is everywhere."""
        return (
            self.kind == other.kind
            and self.balance_id in {"", other.balance_id}
            and self.destination_id in {"", ANY, other.destination_id}
        )


class Ledger:
    """Running balances (scale 10⁻⁹). ``overdrawn`` tells that units were debited that were not there."""

    def __init__(self, disabled: bool) -> None:
        self.disabled = disabled
        self.overdrawn = False
        self._amounts: dict[Balance, int] = {}
        self._priorities: dict[Balance, int] = {}

    def topup(self, balance: Balance, units: int, priority: int) -> None:
        """Add units."""
        self._amounts[balance] = self._amounts.get(balance, 0) + units
        self._priorities[balance] = priority

    def topup_reset(self, balance: Balance, units: int, priority: int) -> None:
        """Make it exactly these units, whatever was left."""
        self._amounts[balance] = units
        self._priorities[balance] = priority

    def debit(self, balance: Balance, units: int, _priority: int) -> None:
        """Take units. Money may go below zero; minutes, SMS and traffic come from all balances meant."""
        if balance.kind == "*monetary":
            self._amounts[balance] = self._amounts.get(balance, 0) - units
            return
        for candidate in [known for known in self._amounts if balance.means(known)]:
            taken = min(units, self._amounts[candidate])
            self._amounts[candidate] -= taken
            units -= taken
        self.overdrawn = self.overdrawn or units > 0

    def reset(self) -> None:
        """Empty every balance."""
        self._amounts.clear()
        self._priorities.clear()

    def enable(self) -> None:
        """Let the account be used."""
        self.disabled = False

    def disable(self) -> None:
        """Keep the account from being used."""
        self.disabled = True

    def overflows(self) -> bool:
        """Tell whether some balance is beyond what a record holds."""
        totals = (
            self._total("*monetary"),
            self._total("*sms"),
            self._total("*data"),
            *self._amounts.values(),
        )
        return any(abs(total) > AMOUNT_MAX for total in totals)

    def account(self, key: tuple[str, str], allow_negative: bool) -> Account:
        """Make the account of the balances so far. Money, SMS and traffic of several Ids add up."""
        return Account(
            customer=key[0],
            subject=key[1],
            credit=self._total("*monetary"),
            sms=self._total("*sms"),
            traffic=self._total("*data"),
            buckets=tuple(
                MinuteBucket(balance.destination_id, amount, self._priorities[balance])
                for balance, amount in self._amounts.items()
                if balance.kind == "*voice"
            ),
            allow_negative=allow_negative,
            disabled=self.disabled,
        )

    def _total(self, kind: str) -> int:
        return sum(amount for balance, amount in self._amounts.items() if balance.kind == kind)
