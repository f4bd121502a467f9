"""Who asks, for which service, as which application."""

from tests.threescale.cases.shorthand import (
    REASON,
    SHOP,
    app,
    case,
    escaped,
    get,
    limit,
    metric,
    report,
    service,
    token,
)

_MISSING = ("provider_key_or_service_token_required", "Provider key or service token are required")
_NO_APP = ("application_not_found", "application id is missing")
_TOKENS = (service(service_tokens=["tok"]), metric("hits"), app(), token("tok", "9999"))
_KEYED = (service(), metric("hits"), app(keys=["k1", "k2"]))
_USER_KEYS = (service(backend_version="1"), metric("hits"), app(user_keys=["u1"], keys=["k1"]))
_HOME = "http://ex.org/a?b=1"
_OAUTH = (
    service(backend_version="oauth"),
    metric("hits"),
    app(keys=["k1"], redirect_url=_HOME),
    limit("hits", day=5),
)

CASES = [
    case(
        "credentials that are blank or no text count as none",
        SHOP,
        get("authorize", "provider_key=&app_id=a1", 403, error=_MISSING),
        get("authorize", "provider_key=%20%20&app_id=a1", 403, error=_MISSING),
        get("authorize", "provider_key[x]=pk&app_id=a1", 403, error=_MISSING),
        get("authorize", "provider_key[]=pk&app_id=a1", 403, error=_MISSING),
        get("authrep", "service_token=&service_id=1001", 403, error=_MISSING),
    ),
    case(
        "an application id that is blank or no text counts as none",
        SHOP,
        get("authorize", "app_id=%20", 404, error=_NO_APP),
        get("authorize", "app_id[]=a1", 404, error=_NO_APP),
        get("authorize", "app_id[x]=a1", 404, error=_NO_APP),
        get("authorize", "app_id", 404, error=_NO_APP),
    ),
    case(
        "a token opens the service that it was registered with, and no other",
        _TOKENS,
        get("authorize", "service_token=tok&service_id=1001&app_id=a1", 200),
        get(
            "authorize",
            "service_token=tok&service_id=1002&app_id=a1",
            403,
            error=("service_token_invalid", 'service token "tok" or service id "1002" is invalid'),
        ),
        get(
            "authorize",
            "service_token=tok&service_id=9999&app_id=a1",
            403,
            error=("service_token_invalid", 'service token "tok" or service id "9999" is invalid'),
        ),
        get(
            "authorize",
            "service_token=tok&service_id=%20&app_id=a1",
            422,
            error=("service_id_missing", "Service ID is missing"),
        ),
    ),
    case(
        "a provider has its own services alone",
        (*SHOP, service("2001", "other"), app("b1", "2001")),
        get("authorize", "provider_key=other&app_id=b1", 200),
        get(
            "authorize",
            "provider_key=other&service_id=1001&app_id=a1",
            403,
            error=("service_id_invalid", 'service id "1001" is invalid'),
        ),
        get(
            "authorize",
            "provider_key=nobody&service_id=1001&app_id=a1",
            403,
            error=("provider_key_invalid", 'provider key "nobody" is invalid'),
        ),
        report(
            "provider_key=other&service_id=1001&t[0][app_id]=a1&t[0][usage][hits]=1",
            403,
            error=("service_id_invalid", 'service id "1001" is invalid'),
        ),
    ),
    case(
        "the first service is the default one whatever its id is made of",
        (service("shop"), service("1002"), app("s1", "shop"), app("b1", "1002")),
        get("authorize", "app_id=s1", 200),
        get("authorize", "app_id=b1&service_id=1002", 200),
        get(
            "authorize",
            "app_id=b1",
            404,
            error=("application_not_found", 'application with id="b1" was not found'),
        ),
    ),
    case(
        "of a service id with a name only what follows the last dash counts, if there is such a service",
        (*SHOP, service("x-1002"), app("b1", "x-1002")),
        get("authorize", "service_id=a-b-1001&app_id=a1", 200),
        get("authorize", "service_id=x-1002&app_id=b1", 200),
        get(
            "authorize",
            "service_id=1001-&app_id=a1",
            403,
            error=("service_id_invalid", 'service id "1001-" is invalid'),
        ),
    ),
    case(
        "an application id is taken as it is, a key without the blanks around it",
        _KEYED,
        get("authorize", "app_id=a1&app_key=%20k1%20", 200),
        get(
            "authorize",
            "app_id=%20a1&app_key=k1",
            404,
            error=("application_not_found", 'application with id=" a1" was not found'),
        ),
    ),
    case(
        "of a parameter that comes twice the last one counts",
        SHOP,
        get("authorize", "app_id=boo&app_id=a1", 200),
        get("authorize", "provider_key=pk&provider_key=wrong&service_id=1001&app_id=a1", 403),
    ),
    case(
        "an application with keys needs one of them, one without takes any",
        (*_KEYED, app("open")),
        get("authorize", "app_id=a1&app_key=k2", 200),
        get("authorize", "app_id=open&app_key=anything", 200),
        get(
            "authorize",
            "app_id=a1",
            409,
            REASON,
            reason="application key is missing",
            headers_are={"3scale-rejection-reason": "application_key_invalid"},
        ),
        get("authrep", "app_id=a1&app_key=no&usage[hits]=1", 409, reason='application key "no" is invalid'),
    ),
    case(
        "a service of user keys takes user keys alone, and asks for no application key",
        _USER_KEYS,
        get("authrep", "user_key=u1&app_key=wrong&usage[hits]=1", 200),
        get("authorize", "user_key=no", 403, error=("user_key_invalid", 'user key "no" is invalid')),
        get("authorize", "user_key=%20", 403, error=("user_key_invalid", "user key is missing")),
    ),
    case(
        "both identifiers are one too many, before either is looked up",
        SHOP,
        get(
            "authorize",
            "app_id=boo&user_key=bar",
            403,
            error=("authentication_error", "either app_id or user_key is allowed, not both"),
        ),
    ),
    case(
        "an oauth endpoint needs an application id whatever else is sent",
        _OAUTH,
        get("oauth_authorize", "user_key=u1", 404, error=_NO_APP),
        get("oauth_authrep", "app_id=%20&usage[hits]=1", 404, error=_NO_APP),
    ),
    case(
        "a key that is sent to an oauth service is checked, an empty one too",
        _OAUTH,
        get("oauth_authorize", "app_id=a1", 200),
        get("oauth_authorize", "app_id=a1&app_key=k1", 200),
        get("oauth_authorize", "app_id=a1&app_key=", 409, reason="application key is missing"),
        get("oauth_authorize", "app_id=a1&app_key=%20", 409, reason="application key is missing"),
    ),
    case(
        "oauth endpoints need an oauth service",
        SHOP,
        get(
            "oauth_authrep",
            "app_id=a1&usage[hits]=1",
            409,
            REASON,
            reason="oauth is not enabled",
            texts={"application/id": "a1", "application/key": ""},
            headers_are={"3scale-rejection-reason": "oauth_not_enabled"},
        ),
    ),
    case(
        "a redirect must be the application's, and the url goes before the uri",
        _OAUTH,
        get("oauth_authorize", f"app_id=a1&redirect_url={escaped(_HOME)}", 200),
        get("oauth_authorize", "app_id=a1&redirect_url=", 200),
        get(
            "oauth_authorize",
            f"app_id=a1&redirect_url={escaped(_HOME)}&redirect_uri=wrong",
            200,
            texts={"application/redirect_url": _HOME},
            counts={"application/redirect_uri": 0},
        ),
        get(
            "oauth_authorize",
            f"app_id=a1&redirect_uri={escaped(_HOME)}",
            200,
            texts={"application/redirect_uri": _HOME},
            counts={"application/redirect_url": 0},
        ),
        get(
            "oauth_authorize",
            "app_id=a1&redirect_url=http%3A%2F%2Fex.org",
            409,
            REASON,
            reason='redirect_url "http://ex.org" is invalid',
            headers_are={"3scale-rejection-reason": "redirect_url_invalid"},
        ),
        get(
            "oauth_authrep",
            "app_id=a1&redirect_uri=no&usage[hits]=1",
            409,
            REASON,
            reason='redirect_uri "no" is invalid',
            headers_are={"3scale-rejection-reason": "redirect_uri_invalid"},
        ),
    ),
    case(
        "oauth_authrep counts, and shows the application beside the usage",
        _OAUTH,
        get(
            "oauth_authrep",
            "app_id=a1&app_key=k1&usage[hits]=2",
            200,
            shows={"hits day": 2},
            texts={"application/id": "a1", "application/key": "k1"},
        ),
        get("authorize", "app_id=a1", 200, shows={"hits day": 2}, counts={"application": 0}),
    ),
    case(
        "checks come in order: credentials, end users, the form of usage, the service, the application",
        SHOP,
        get("authorize", "provider_key=&user_id=1&usage=5", 403, error=_MISSING),
        get(
            "authorize",
            "user_id=1&usage=5&service_id=no",
            400,
            error=(
                "end_users_no_longer_supported",
                "End-users are no longer supported, do not specify the user_id parameter",
            ),
        ),
        get("authorize", "usage=5&service_id=no", 403, body_is=""),
        get("authorize", "usage[]=1&app_id=a1", 403, body_is=""),
        get(
            "authorize",
            "usage[bogus]=1&service_id=no&app_id=boo",
            403,
            error=("service_id_invalid", 'service id "no" is invalid'),
        ),
        get("authorize", "usage[bogus]=x&app_id=boo", 404),
    ),
    case(
        "of several reasons to refuse the first is told: key, the application's state, the service's",
        (service(state="suspended"), metric("hits"), limit("hits", day=0), app(state="pending", keys=["k"])),
        get("authorize", "app_id=a1&usage[hits]=1", 409, reason="application key is missing"),
        get("authorize", "app_id=a1&app_key=k&usage[hits]=1", 409, reason="application is not active"),
    ),
]
