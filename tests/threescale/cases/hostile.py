"""Input that nobody sends in earnest: never a fault of ours, never half of a batch."""

from tests.threescale.cases.shorthand import SHOP, app, ask, case, counter, escaped, get, limited, report

_UTF8 = ("not_valid_data", "all data must be valid UTF8")
_PERCENT = ("bad_request", "Invalid query parameters: invalid %-encoding")
_SYNTAX = ("bad_request", "request contains syntax errors, should not be repeated without modification")
_ONE = "t[0][app_id]=a1&t[0][usage][hits]=1"
_MIB = 2**20
_NOT_XML = ("%00", "%01", "%1B", "%EF%BF%BE", "%EF%BF%BF", "%0D%0A", "%09")


def _many(count: int) -> str:
    return "&".join(f"p{number}=" for number in range(count))


def _bad(query: str, error: tuple[str, str] | None = _SYNTAX, status: int = 400) -> dict[str, object]:
    return get("authrep", f"app_id=a1&usage[hits]=1&{query}", status, error=error)


CASES = [
    case(
        "a body of 5 MiB is refused",
        SHOP,
        report(
            f"{_ONE}&x={'y' * (5 * _MIB)}",
            400,
            error=("bad_request", "total query size exceeds limit (4194304)"),
        ),
        counter(0),
        report(_ONE),
        counter(1),
    ),
    case(
        "a body of just below 4 MiB is read",
        SHOP,
        report(f"{_ONE}&x={'y' * (4 * _MIB - 200)}"),
        counter(1),
    ),
    case(
        "5,000 parameters are too many, in a query or a body",
        SHOP,
        _bad(_many(4997), ("bad_request", "total number of query parameters (5000) exceeds limit (4096)")),
        report(
            f"{_ONE}&{_many(4997)}",
            400,
            error=("bad_request", "total number of query parameters (5000) exceeds limit (4096)"),
        ),
        report(f"{_ONE}&{_many(4093)}"),
        counter(1),
    ),
    case(
        "nesting of 40 is too deep, of 30 it is not",
        SHOP,
        _bad(f"a{'[b]' * 40}=1"),
        report(f"{_ONE}&t[1]{'[x]' * 40}=1", 400, error=_SYNTAX),
        get("authrep", f"app_id=a1&usage[hits]=1&a{'[b]' * 30}=1", 200),
        counter(1),
    ),
    case(
        "a structure that contradicts itself is refused",
        SHOP,
        _bad("usage[]=1"),
        _bad("x=1&x[y]=2"),
        _bad("x[]=1&x[y]=2"),
        _bad("x[y]=1&x[y][z]=2"),
        report(f"{_ONE}&t=1", status=400),
        counter(0),
    ),
    case(
        "invalid UTF-8 is told wherever it stands",
        SHOP,
        *(
            _bad(text, _UTF8, 422)
            for text in ("x=%ff", "%ff=x", "x[%c3]=1", "x=%ed%a0%80", "x=%c0%af", "x=%f8%88%80%80%80")
        ),
        report(f"{_ONE}&x=%ff", 422, error=_UTF8),
        report(f"{_ONE}&t[1][usage][%ff]=1", 422, error=_UTF8),
        counter(0),
    ),
    case(
        "broken percent-encoding is told wherever it stands",
        SHOP,
        *(_bad(text, _PERCENT) for text in ("x=%zz", "x=%", "x=%4", "%zz=x", "x[%]=1", "x=%%20")),
        report(f"{_ONE}&x=%zz", 400, error=_PERCENT),
        counter(0),
    ),
    case(
        "a parameter that comes twice counts as the last",
        limited(day=9),
        get("authrep", "app_id=a1&usage[hits]=1&usage[hits]=2", 200, shows={"hits day": 2}),
        get("authrep", "app_id=a1&usage[hits]=1&usage%5Bhits%5D=3", 200, shows={"hits day": 5}),
        report("t[0][app_id]=boo&t[0][usage][hits]=1&t[0][app_id]=a1"),
        counter(6),
    ),
    case(
        "names without much sense are only other parameters",
        limited(day=20),
        *(
            get("authrep", f"app_id=a1&usage[hits]=1&{text}", 200, shows={"hits day": number})
            for number, text in enumerate(
                (
                    "&&",
                    "=",
                    "=x",
                    "a",
                    "a]=1",
                    "%5D=1",
                    "a;b=1",
                    "x=1;y=2",
                    "+=+",
                    "provider_key=pk&",
                    f"{'n' * 20_000}=1",
                ),
                1,
            )
        ),
    ),
    case(
        "characters that XML has no place for do not spoil an answer",
        (*SHOP, app("keyed", keys=["k"])),
        *(
            get(
                "authorize",
                f"app_id=x{text}",
                404,
                xml=[{"path": ".", "attr": "code", "value": "application_not_found"}],
            )
            for text in _NOT_XML
        ),
        *(
            get("authorize", f"app_id=keyed&app_key=x{text}y", 409, texts={"authorized": "false"})
            for text in _NOT_XML
        ),
        get(
            "authorize",
            f"app_id=a1&usage[x%00]={escaped('<1>')}",
            404,
            xml=[{"path": ".", "attr": "code", "value": "metric_invalid"}],
        ),
        get(
            "authorize",
            f"app_id={escaped('наука €')}",
            404,
            error=("application_not_found", 'application with id="наука €" was not found'),
        ),
    ),
    case(
        "an option that cannot be read is no fault of ours",
        SHOP,
        *(
            get("authrep", "app_id=a1&usage[hits]=1", None, options, status_in=[200, 400, 422])
            for options in ("%zz", "%ff=1", "a[b=1", f"a{'[b]' * 40}=1", "=&=", "x" * 8000, "a=1&a[b]=2")
        ),
    ),
    case(
        "wrong methods and paths are nowhere",
        SHOP,
        *(
            ask(
                method,
                "/transactions/authrep.xml",
                404,
                "provider_key=pk&app_id=a1&usage[hits]=1",
                body_is="",
            )
            for method in ("PUT", "PATCH", "DELETE", "TRACE")
        ),
        ask(
            "POST",
            "/transactions/authrep.xml",
            404,
            body="provider_key=pk&app_id=a1&usage[hits]=1",
            body_is="",
        ),
        *(
            ask("GET", path, 404, body_is="")
            for path in (
                "/transactions/authrep.xml/",
                "/transactions/",
                "/transactions//authrep.xml",
                "/TRANSACTIONS/authrep.xml",
                "/transactions/../check.txt",
            )
        ),
        counter(0),
    ),
    case(
        "many transactions with one bad name among them leave nothing behind",
        SHOP,
        report(
            "&".join(f"t[{n}][app_id]=a1&t[{n}][usage][hits]=1" for n in range(1000)) + "&t[500]=x",
            None,
            status_in=[400],
        ),
        report(
            "&".join(
                f"t[{n}][app_id]=a1&t[{n}][usage][{'bogus' if n == 999 else 'hits'}]=1" for n in range(1000)
            )
        ),
        counter(0),
    ),
    case(
        "identifiers of any length are only unknown",
        SHOP,
        get("authorize", f"app_id={'a' * 30_000}", None, status_in=[404]),
        get("authorize", f"provider_key={'a' * 30_000}&app_id=a1", None, status_in=[403]),
        get("authrep", f"app_id=a1&usage[{'m' * 30_000}]=1", None, status_in=[404]),
        get("authrep", f"app_id=a1&usage[hits]={'1' * 30_000}", None, status_in=[403]),
        get(
            "authrep",
            f"app_id=a1&usage[hits]=1&request_id={'r' * 30_000}",
            None,
            status_in=[200, 400, 403, 422],
        ),
    ),
    case(
        "transactions without sense count nothing and are no fault of ours",
        SHOP,
        *(
            report(body, None, status_in=[202, 400])
            for body in (
                "t[0][usage][hits]=1",
                "t[0][app_id]=a1",
                "t[0][app_id][x]=a1&t[0][usage][hits]=1",
                "t[][usage][hits]=1",
                "t[0][]=1",
                "t[0][0][0]=1",
                "t[0][app_id]=a1&t[0][usage][][hits]=1",
                "t[0][app_id]=a1&t[0][usage][hits][x]=1",
                "t[0][app_id]=%20&t[0][usage][hits]=1",
            )
        ),
        counter(0),
    ),
]
