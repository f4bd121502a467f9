"""The methods a caller can ask for, and the names by which they go on the wire."""

from enum import IntEnum


class Method(IntEnum):
    """One operation of the server. The number travels in the envelope, so it never changes meaning."""

    GET_COST = 1
    DEBIT_BALANCE = 2
    DEBIT_SMS = 3
    DEBIT_SECONDS = 4
    GET_MAX_SESSION_TIME = 5
    ADD_VOLUME_DISCOUNT_SECONDS = 6
    RESET_VOLUME_DISCOUNT_SECONDS = 7
    ADD_RECIEVED_CALL_SECONDS = 8
    RESET_USER_BUDGET = 9
    DEBIT = 10
    GET_ACCOUNT = 11
    STATUS = 12
    METRICS = 13
    LOGIN = 14
    METERING_AUTHORIZE = 15
    METERING_AUTHREP = 16
    METERING_REPORT = 17
    METERING_ADMINISTER = 18
    USAGE_ASK = 19
    USAGE_READ = 20
    USAGE_ADMINISTER = 21
    CHARGES_LIST = 22
    EXPLAIN = 23


NAMES = {
    Method.GET_COST: "Responder.GetCost",
    Method.DEBIT_BALANCE: "Responder.DebitBalance",
    Method.DEBIT_SMS: "Responder.DebitSMS",
    Method.DEBIT_SECONDS: "Responder.DebitSeconds",
    Method.GET_MAX_SESSION_TIME: "Responder.GetMaxSessionTime",
    Method.ADD_VOLUME_DISCOUNT_SECONDS: "Responder.AddVolumeDiscountSeconds",
    Method.RESET_VOLUME_DISCOUNT_SECONDS: "Responder.ResetVolumeDiscountSeconds",
    Method.ADD_RECIEVED_CALL_SECONDS: "Responder.AddRecievedCallSeconds",
    Method.RESET_USER_BUDGET: "Responder.ResetUserBudget",
    Method.DEBIT: "Responder.Debit",
    Method.GET_ACCOUNT: "Responder.GetAccount",
    Method.STATUS: "Responder.Status",
    Method.METRICS: "Responder.Metrics",
    Method.LOGIN: "Auth.Login",
    Method.METERING_AUTHORIZE: "Metering.Authorize",
    Method.METERING_AUTHREP: "Metering.AuthRep",
    Method.METERING_REPORT: "Metering.Report",
    Method.METERING_ADMINISTER: "Metering.Administer",
    Method.USAGE_ASK: "Usage.Ask",
    Method.USAGE_READ: "Usage.Read",
    Method.USAGE_ADMINISTER: "Usage.Administer",
    Method.CHARGES_LIST: "Charges.List",
    Method.EXPLAIN: "Responder.Explain",
}
"""The first name of each method; journals and metrics use the part behind the dot."""

BY_NAME = {name: method for method, name in NAMES.items()} | {
    "Responder.Get": Method.GET_COST,  # the name that the published page uses
    "Responder.DebitCents": Method.DEBIT_BALANCE,  # the name that a rater of 2012 knew
}
"""Every accepted name."""

HOST_METHODS = frozenset({Method.STATUS, Method.METRICS, Method.LOGIN})
"""Answered by the process that listens, never forwarded to a rater."""

METERING = frozenset(
    {
        Method.METERING_AUTHORIZE,
        Method.METERING_AUTHREP,
        Method.METERING_REPORT,
        Method.METERING_ADMINISTER,
    }
)
"""Their argument is not a call descriptor (``protocol.metering``)."""

USAGE = frozenset({Method.USAGE_ASK, Method.USAGE_READ, Method.USAGE_ADMINISTER, Method.CHARGES_LIST})
"""Their argument is an HTTP request, or what a list of charges is asked by (``protocol.usage``)."""
