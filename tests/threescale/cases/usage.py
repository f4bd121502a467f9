"""What is counted, on which metrics, in which periods, and when it is too much."""

from tests.threescale.cases.shorthand import (
    HEADERS,
    REASON,
    SHOP,
    app,
    case,
    clock,
    counter,
    errors,
    escaped,
    get,
    limit,
    limited,
    metric,
    report,
    service,
)

_OVER = "usage limits are exceeded"
_MOST = 2**63 - 1
_TREE = (
    service(),
    metric("hits"),
    metric("reads", "hits"),
    metric("writes", "hits"),
    metric("bulk", "writes"),
    app(),
)
_BYTES = (*SHOP, metric("bytes"))


def _invalid(value: str) -> tuple[str, str]:
    return ("usage_value_invalid", f'usage value "{value}" for metric "hits" is invalid')


_EMPTY = ("usage_value_invalid", 'usage value for metric "hits" can not be empty')

CASES = [
    case(
        "a value is digits, with blanks around or not",
        limited(day=1000),
        get("authrep", "app_id=a1&usage[hits]=007", 200, shows={"hits day": 7}),
        get("authrep", "app_id=a1&usage[hits]=%202%20", 200, shows={"hits day": 9}),
        get("authrep", "app_id=a1&usage[hits]=+3", 200, shows={"hits day": 12}),
        get("authrep", "app_id=a1&usage[hits]=%20%2350%20", 200, shows={"hits day": 50}),
    ),
    case(
        "everything else is refused and counts nothing",
        limited(day=1000),
        *(
            get("authrep", f"app_id=a1&usage[hits]={escaped(value)}", 403, error=_invalid(value))
            for value in ("-1", "+1", "1.5", "1e3", "#", "##3", "-#5", "# 5", "0x1", "1 2", "٣", "tons!")
        ),
        *(
            get("authrep", f"app_id=a1&usage{text}", 403, error=_EMPTY)
            for text in ("[hits]=", "[hits]=%20", "[hits]", "[hits][x]=1", "[hits][]=1")
        ),
        get("authorize", "app_id=a1", 200, shows={"hits day": 0}),
        errors(17),
    ),
    case(
        "the greatest value is 2^63 - 1, and counters go on beyond it",
        limited(eternity=_MOST),
        get("authorize", f"app_id=a1&usage[hits]={_MOST + 1}", 403, error=_invalid(str(_MOST + 1))),
        get("authrep", f"app_id=a1&usage[hits]={'9' * 40}", 403, error=_invalid("9" * 40)),
        get("authrep", f"app_id=a1&usage[hits]={_MOST}", 200, shows={"hits eternity": _MOST}),
        get("authrep", "app_id=a1&usage[hits]=1", 409, reason=_OVER, shows={"hits eternity": _MOST}),
        report(f"t[0][app_id]=a1&t[0][usage][hits]={_MOST}"),
        get("authorize", "app_id=a1", 409, shows={"hits eternity": 2 * _MOST}),
    ),
    case(
        "a limit is reached exactly, and not passed",
        limited(day=3),
        get("authrep", "app_id=a1&usage[hits]=3", 200, shows={"hits day": 3}),
        get("authorize", "app_id=a1", 200, counts={"usage_reports/usage_report[@exceeded]": 0}),
        get(
            "authrep",
            "app_id=a1&usage[hits]=1",
            409,
            REASON,
            reason=_OVER,
            shows={"hits day": 3},
            headers_are={"3scale-rejection-reason": "limits_exceeded"},
        ),
        counter(3),
    ),
    case(
        "a limit of nothing forbids",
        limited(month=0),
        get("authorize", "app_id=a1", 200, shows={"hits month": 0}),
        get("authorize", "app_id=a1&usage[hits]=0", 200),
        get("authorize", "app_id=a1&usage[hits]=1", 409, reason=_OVER),
    ),
    case(
        "with a usage only the limits of its metrics and their ancestors count",
        (*_BYTES, limit("hits", day=10), limit("bytes", day=5)),
        report("t[0][app_id]=a1&t[0][usage][bytes]=9"),
        get("authorize", "app_id=a1&usage[hits]=1", 200),
        get("authorize", "app_id=a1&usage[hits]=1&usage[bytes]=0", 409, reason=_OVER),
        get("authorize", "app_id=a1", 409, reason=_OVER),
    ),
    case(
        "a call is counted on all of its metrics or on none",
        (*_BYTES, limit("bytes", day=5)),
        get("authrep", "app_id=a1&usage[hits]=1&usage[bytes]=6", 409, reason=_OVER),
        counter(0),
        counter(0, "bytes"),
        get("authrep", "app_id=a1&usage[hits]=1&usage[bytes]=5", 200),
        counter(1),
        counter(5, "bytes"),
    ),
    case(
        "what is counted on a metric is counted on each ancestor once for each child",
        (*_TREE, limit("hits", day=100)),
        get("authrep", "app_id=a1&usage[reads]=1&usage[bulk]=2&usage[hits]=4", 200, shows={"hits day": 7}),
        counter(7),
        counter(1, "reads"),
        counter(2, "writes"),
        counter(2, "bulk"),
    ),
    case(
        "the limit of an ancestor is checked with what all of its descendants bring",
        (*_TREE, limit("hits", day=4)),
        get("authrep", "app_id=a1&usage[reads]=2&usage[bulk]=3", 409, reason=_OVER),
        get("authrep", "app_id=a1&usage[reads]=2&usage[bulk]=2", 200),
        counter(4),
    ),
    case(
        "a flat usage reaches no ancestor, when it is checked or counted",
        (*_TREE, limit("hits", day=0)),
        get("authrep", "app_id=a1&usage[reads]=2", 409, reason=_OVER),
        get("authrep", "app_id=a1&usage[reads]=2", 200, "flat_usage=1"),
        report("t[0][app_id]=a1&t[0][usage][bulk]=3", options="flat_usage=1"),
        counter(0),
        counter(2, "reads"),
        counter(3, "bulk"),
        counter(0, "writes"),
    ),
    case(
        "a set puts a number into every period of its metric and the ancestors",
        (*_TREE, limit("reads", day=100, month=100)),
        get("authrep", "app_id=a1&usage[reads]=9", 200),
        get("authrep", "app_id=a1&usage[reads]=%235", 200, shows={"reads day": 5, "reads month": 5}),
        counter(5),
        counter(5, "reads", "eternity"),
        report("t[0][app_id]=a1&t[0][usage][reads]=%230"),
        counter(0, "reads", "month"),
        counter(0),
    ),
    case(
        "of two sets of one family the last decides the parent",
        _TREE,
        report("t[0][app_id]=a1&t[0][usage][reads]=%238&t[0][usage][writes]=%233"),
        counter(3),
        counter(8, "reads"),
        counter(3, "writes"),
    ),
    case(
        "a set is held against the limit by itself",
        limited(day=10),
        report("t[0][app_id]=a1&t[0][usage][hits]=20"),
        get("authrep", "app_id=a1&usage[hits]=1", 409, reason=_OVER),
        get("authorize", "app_id=a1&usage[hits]=%2311", 409, reason=_OVER),
        get("authrep", "app_id=a1&usage[hits]=%2310", 200, shows={"hits day": 10}),
    ),
    case(
        "zeros are not counted, and begin nothing",
        SHOP,
        get("authrep", "app_id=a1&usage[hits]=0", 200),
        report("t[0][app_id]=nobody&t[0][usage][bogus]=0"),
        errors(0),
        counter(0),
    ),
    case(
        "of the entries of a usage the first bad one is told",
        SHOP,
        get(
            "authorize",
            "app_id=a1&usage[bogus]=1&usage[hits]=x",
            404,
            error=("metric_invalid", 'metric "bogus" is invalid'),
        ),
        get("authorize", "app_id=a1&usage[hits]=x&usage[bogus]=1", 403, error=_invalid("x")),
    ),
    case(
        "metric names are exact but for blanks around them",
        limited(day=9),
        get("authrep", "app_id=a1&usage[%20hits%20]=1", 200, shows={"hits day": 1}),
        get(
            "authorize", "app_id=a1&usage[Hits]=1", 404, error=("metric_invalid", 'metric "Hits" is invalid')
        ),
    ),
    case(
        "a log counts nothing by itself, and odd ones are passed over",
        limited(day=9),
        get("authrep", "app_id=a1&log[code]=200", 200, shows={"hits day": 0}),
        get("authrep", "app_id=a1&usage[hits]=1&log[code]=200", 200, shows={"hits day": 1}),
        get("authrep", "app_id=a1&usage[hits]=1&log[code]=teapot&log[request]=x", 200, shows={"hits day": 2}),
        get("authrep", "app_id=a1&usage[hits]=1&log=200", 200, shows={"hits day": 3}),
        get("authrep", "app_id=a1&usage[hits]=1&log[code][x]=1", 200, shows={"hits day": 4}),
    ),
    case(
        "counters begin anew with each period, and the longer ones go on",
        limited(minute=9, hour=9, day=9, week=9, month=9, year=9, eternity=9),
        clock("2026-12-31T23:59:59Z"),
        get("authrep", "app_id=a1&usage[hits]=2", 200),
        clock("2027-01-01T00:00:00Z"),
        get(
            "authorize",
            "app_id=a1",
            200,
            shows={
                "hits minute": 0,
                "hits hour": 0,
                "hits day": 0,
                "hits week": 2,
                "hits month": 0,
                "hits year": 0,
                "hits eternity": 2,
            },
        ),
        clock("2027-01-04T00:00:00Z"),
        get("authorize", "app_id=a1", 200, shows={"hits week": 0, "hits eternity": 2}),
    ),
    case(
        "remaining calls are the fewest of all limits concerned",
        (*_BYTES, limit("hits", day=10, month=100), limit("bytes", hour=1000)),
        get(
            "authrep",
            "app_id=a1&usage[hits]=2&usage[bytes]=400",
            200,
            HEADERS,
            headers_are={
                "3scale-limit-remaining": "1",
                "3scale-limit-reset": "3600",
                "3scale-limit-max-value": "1000",
            },
        ),
        get(
            "authrep",
            "app_id=a1&usage[hits]=3",
            200,
            HEADERS,
            headers_are={
                "3scale-limit-remaining": "1",
                "3scale-limit-reset": "43200",
                "3scale-limit-max-value": "10",
            },
        ),
        get(
            "authorize",
            "app_id=a1&usage[hits]=0",
            200,
            HEADERS,
            headers_are={"3scale-limit-remaining": "-1", "3scale-limit-reset": "-1"},
            headers_absent=["3scale-limit-max-value"],
        ),
    ),
    case(
        "a limit that was just used up leaves no call",
        limited(minute=2),
        clock("2026-11-22T12:00:59.5Z"),
        get(
            "authrep",
            "app_id=a1&usage[hits]=2",
            200,
            HEADERS,
            headers_are={
                "3scale-limit-remaining": "0",
                "3scale-limit-reset": "1",
                "3scale-limit-max-value": "2",
            },
        ),
        get(
            "authrep",
            "app_id=a1&usage[hits]=1",
            409,
            HEADERS,
            headers_are={"3scale-limit-remaining": "0", "3scale-limit-reset": "1"},
        ),
    ),
]
