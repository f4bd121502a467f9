"""What answers look like: headers, extensions, escaping, filters."""

from tests.threescale.cases.shorthand import (
    HEADERS,
    REASON,
    SHOP,
    app,
    ask,
    case,
    counter,
    escaped,
    get,
    limit,
    limited,
    metric,
    service,
)

_WILD = "<&\"'>]]>"
_OVER = "usage limits are exceeded"
_COMMON = {
    "content-type": "application/vnd.3scale-v2.0+xml",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, Link, 3scale-rejection-reason",
    "x-content-type-options": "nosniff",
}
_FINE = _COMMON | {"content-security-policy": "default-src 'self'"}
_CORS = {
    "access-control-max-age": "86400",
    "access-control-allow-methods": "GET, POST, PATCH, PUT, DELETE",
    "access-control-allow-headers": (
        "Authorization, Accept-Encoding, Content-Type, Cache-Control, Accept, If-Match, If-Modified-Since, "
        "If-None-Match, If-Unmodified-Since, X-Requested-With, X-HTTP-Method-Override, 3scale-options"
    ),
}
_REFERRER = (service(referrer_filters_required=True), metric("hits"))


CASES = [
    case(
        "every answer has the dialect's headers",
        limited(day=1),
        get("authorize", "app_id=a1", 200, headers_are=_FINE),
        get("authorize", "app_id=a1&usage[hits]=2", 409, headers_are=_FINE),
        get("authorize", "app_id=boo", 404, headers_are=_COMMON),
        get("authorize", "provider_key=", 403, headers_are=_COMMON),
        ask("GET", "/transactions/nowhere.xml", 404, headers_are=_COMMON, body_is=""),
        ask("DELETE", "/transactions.xml", 404, headers_are=_COMMON, body_is=""),
    ),
    case(
        "a browser's question before the request is answered for any path",
        SHOP,
        ask("OPTIONS", "/transactions/authorize.xml", 204, headers_are=_COMMON | _CORS, body_is=""),
        ask("OPTIONS", "/transactions.xml", 204, headers_are=_CORS),
    ),
    case(
        "HEAD does what GET does, and says it without a body",
        limited(day=5),
        ask("HEAD", "/transactions/authrep.xml", 200, "provider_key=pk&app_id=a1&usage[hits]=2", body_is=""),
        ask("HEAD", "/transactions/authrep.xml", 409, "provider_key=pk&app_id=a1&usage[hits]=4", body_is=""),
        ask("HEAD", "/transactions/nowhere.xml", 404, body_is=""),
        ask("HEAD", "/available", 200, body_is=""),
        counter(2),
    ),
    case(
        "what is put into XML is text there",
        (
            service(backend_version="oauth"),
            metric(_WILD),
            metric("part", _WILD),
            limit(_WILD, day=5),
            app("a1", keys=[_WILD], plan_name=_WILD, redirect_url=f"http://ex.org/{_WILD}"),
        ),
        get(
            "oauth_authorize",
            "app_id=a1",
            200,
            "list_app_keys=1&hierarchy=1",
            texts={
                "plan": _WILD,
                "application/key": _WILD,
                "application/redirect_url": f"http://ex.org/{_WILD}",
            },
            xml=[
                {"path": "usage_reports/usage_report", "attr": "metric", "sequence": [_WILD]},
                {"path": "app_keys/key", "attr": "id", "sequence": [_WILD]},
                {"path": "hierarchy/metric", "attr": "name", "sequence": [_WILD]},
                {"path": "hierarchy/metric", "attr": "children", "value": "part"},
            ],
        ),
        get(
            "authorize",
            f"app_id=a1&app_key={escaped('x' + _WILD)}",
            409,
            reason=f'application key "x{_WILD}" is invalid',
        ),
        get(
            "authorize",
            f"app_id={escaped(_WILD)}",
            404,
            error=("application_not_found", f'application with id="{_WILD}" was not found'),
        ),
    ),
    case(
        "the reason of every refusal has a code in the header that is asked for",
        (
            *_REFERRER,
            app("ref", referrer_filters=["a.b"]),
            app("off", state="suspended"),
            app("a1"),
            limit("hits", day=0),
        ),
        get(
            "authorize",
            "app_id=ref&referrer=x",
            409,
            REASON,
            reason='referrer "x" is not allowed',
            headers_are={"3scale-rejection-reason": "referrer_not_allowed"},
        ),
        get(
            "authorize",
            "app_id=off",
            409,
            REASON,
            headers_are={"3scale-rejection-reason": "application_not_active"},
        ),
        get(
            "authorize",
            "app_id=a1&usage[hits]=1",
            409,
            REASON,
            headers_are={"3scale-rejection-reason": "limits_exceeded"},
        ),
        get("authorize", "app_id=a1&usage[hits]=1", 409, headers_absent=["3scale-rejection-reason"]),
        get("authorize", "app_id=a1", 200, REASON, headers_absent=["3scale-rejection-reason"]),
    ),
    case(
        "no body is sent if anything but 0 and false asks for none",
        SHOP,
        *(
            get("authorize", "app_id=a1", 200, f"no_body{value}", body_is="")
            for value in ("=1", "=", "=true", "=x", "=00")
        ),
        *(
            get("authorize", "app_id=a1", 200, f"no_body={value}", texts={"authorized": "true"})
            for value in ("0", "false")
        ),
        get("authorize", "app_id=a1&no_body=1", 200, body_is=""),
        get("authorize", "app_id=boo&no_body=yes", 404, body_is=""),
        get("authorize", "provider_key=&app_id=a1", 403, "no_body=1", body_is=""),
    ),
    case(
        "what cannot be read is told even where no body is wanted",
        SHOP,
        get(
            "authorize",
            "app_id=%ff",
            422,
            "no_body=1",
            error=("not_valid_data", "all data must be valid UTF8"),
        ),
        get(
            "authorize",
            "app_id=%zz",
            400,
            "no_body=1",
            error=("bad_request", "Invalid query parameters: invalid %-encoding"),
        ),
    ),
    case(
        "options need their exact name and value, and unknown ones are passed over",
        limited(day=5),
        get("authorize", "app_id=a1", 200, "limit_headers=true", headers_absent=["3scale-limit-remaining"]),
        get("authorize", "app_id=a1", 200, "Limit_Headers=1", headers_absent=["3scale-limit-remaining"]),
        get(
            "authorize",
            "app_id=a1",
            200,
            "a[b][]=c&zzz&limit_headers=1&=",
            headers_present=["3scale-limit-remaining"],
        ),
        get(
            "authorize",
            "app_id=a1",
            200,
            "hierarchy=yes&list_app_keys=",
            counts={"hierarchy": 0, "app_keys": 0},
        ),
    ),
    case(
        "the hierarchy names direct children, once for each limit",
        (
            *SHOP,
            metric("reads", "hits"),
            metric("writes", "hits"),
            metric("bulk", "writes"),
            limit("hits", day=5, hour=5),
            limit("bulk", day=5),
        ),
        get(
            "authorize",
            "app_id=a1",
            200,
            "hierarchy=1",
            counts={"hierarchy/metric": 3, "hierarchy/metric[@name='hits']": 2},
            xml=[
                {"path": "hierarchy/metric[@name='hits']", "attr": "children", "words": ["reads", "writes"]},
                {"path": "hierarchy/metric[@name='bulk']", "attr": "children", "value": ""},
            ],
        ),
    ),
    case(
        "the keys of an application are listed even when it is refused",
        (service(), app(keys=["k1", "k2"])),
        get(
            "authorize",
            "app_id=a1&app_key=no",
            409,
            "list_app_keys=1",
            counts={"app_keys/key": 2},
            xml=[
                {"path": "app_keys", "attr": "app", "value": "a1"},
                {"path": "app_keys", "attr": "svc", "value": "1001"},
            ],
        ),
    ),
    case(
        "limit headers come with a refusal for limits alone",
        (*_REFERRER, app(referrer_filters=["a"]), limit("hits", day=5)),
        get(
            "authorize",
            "app_id=a1",
            409,
            HEADERS,
            reason="referrer is missing",
            headers_absent=["3scale-limit-remaining"],
        ),
        get(
            "authorize",
            "app_id=a1&referrer=a&usage[hits]=6",
            409,
            HEADERS,
            headers_are={
                "3scale-limit-remaining": "0",
                "3scale-limit-reset": "43200",
                "3scale-limit-max-value": "5",
            },
        ),
    ),
    case(
        "a star in a filter stands for anything, and all the rest for itself",
        (
            *_REFERRER,
            app(referrer_filters=["*.ex.org", "a*c", "10.0.0.1"]),
            app("b1", referrer_filters=["*"]),
        ),
        *(
            get("authorize", f"app_id=a1&referrer={text}", 200)
            for text in ("www.ex.org", "a.b.ex.org", ".ex.org", "ac", "a.b.c", "10.0.0.1", "*")
        ),
        *(
            get("authorize", f"app_id=a1&referrer={text}", 409)
            for text in ("ex.org", "www.ex.org.evil", "acd", "bac", "10x0x0x1", "AC")
        ),
        get("authorize", "app_id=b1&referrer=whatever", 200),
    ),
    case(
        "filters are not asked where the service requires none",
        (service(), app(referrer_filters=["a"])),
        get("authorize", "app_id=a1&referrer=b", 200),
        get("authorize", "app_id=a1", 200),
    ),
]
