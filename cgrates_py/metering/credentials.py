"""Who asks about which service and application: all that is checked before usage, in the dialect's order.

Every check reads the catalogue; what is not in memory raises ``UnreadError``, and is asked again once read.
"""

from cgrates_py.metering.cache import Catalogue
from protocol.metering import FLAWS, MeteringRequest
from rater.metering.catalogue import (
    ACTIVE,
    OAUTH,
    USER_KEY,
    Application,
    Provider,
    Service,
    ServiceToken,
    UserKey,
)
from rater.metering.product import Product, Subscription
from storage.documents import application_key, provider_key, service_key, token_key, user_key_key

SHOWN_MAX = 256
"""Characters of a caller's text that an error repeats."""

Verdict = tuple[str, str]
"""Why a request is refused with a status document: (code, reason)."""


class MeteringError(Exception):
    """The request is answered by an error document: its code and message. The caller's fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class KnownServiceError(MeteringError):
    """Such an error of who had good credentials: it is kept as an integration error of the service."""

    def __init__(self, code: str, message: str, service_id: str) -> None:
        super().__init__(code, message)
        self.service_id = service_id
        self.at_once = False
        """Whether a report is refused with it, not accepted and dropped."""


def service_of(catalogue: Catalogue, asked: MeteringRequest) -> Product:
    """Find the service that the credentials open. Raises MeteringError."""
    key, service = _credentials(catalogue, asked)
    flaw = asked.Flaw
    try:
        product = catalogue.product(service or _service(catalogue, key, asked.ServiceId))
    except MeteringError:
        if flaw is not None:
            raise MeteringError(flaw, FLAWS.get(flaw, "")) from None
        raise
    if flaw == "end_users_no_longer_supported" and asked.Transactions is None:
        raise KnownServiceError(flaw, FLAWS[flaw], product.service.service_id)
    if flaw is not None:
        raise MeteringError(flaw, FLAWS.get(flaw, ""))
    return product


def _credentials(catalogue: Catalogue, asked: MeteringRequest) -> tuple[str, Service | None]:
    """Tell the provider key, and the service if a token named it."""
    if asked.ProviderKey:
        return asked.ProviderKey, None
    if not asked.ServiceToken:
        raise MeteringError(
            "provider_key_or_service_token_required", "Provider key or service token are required"
        )
    if not asked.ServiceId:
        raise MeteringError("service_id_missing", "Service ID is missing")
    for service_id in _candidates(asked.ServiceId):
        if catalogue.get(token_key(asked.ServiceToken, service_id), ServiceToken) is not None:
            service = catalogue.get(service_key(service_id), Service)
            if service is not None:
                return service.provider_key, service
    raise MeteringError(
        "service_token_invalid",
        f'service token "{shown(asked.ServiceToken)}" or service id "{shown(asked.ServiceId)}" is invalid',
    )


def _service(catalogue: Catalogue, key: str, given: str | None) -> Service:
    """Find the service of a provider key: the one that is named, or the default one."""
    provider = catalogue.get(provider_key(key), Provider)
    if not given:
        default = catalogue.get(service_key(provider.default_id), Service) if provider is not None else None
        if default is None:
            raise MeteringError(
                "provider_key_invalid_or_service_missing",
                f'provider key "{shown(key)}" invalid and/or service ID missing',
            )
        return default
    for service_id in _candidates(given):
        service = catalogue.get(service_key(service_id), Service)
        if service is None:
            continue
        if service.provider_key == key:
            return service
        if provider is None or not provider.service_ids:
            raise MeteringError("provider_key_invalid", f'provider key "{shown(key)}" is invalid')
        break
    raise MeteringError("service_id_invalid", f'service id "{shown(given)}" is invalid')


def _candidates(service_id: str) -> tuple[str, ...]:
    """Tell what a service id may mean: it may carry a name before the last dash."""
    tail = service_id.rpartition("-")[2]
    return (tail, service_id) if tail and tail != service_id else (service_id,)


def subscription_of(catalogue: Catalogue, product: Product, asked: MeteringRequest) -> Subscription:
    """Find the application of an authorisation. Raises MeteringError."""
    service = product.service
    if asked.OAuth and not asked.AppId:
        raise refused(product, "application_not_found", "application id is missing")
    if asked.AppId and asked.UserKey:
        raise refused(product, "authentication_error", "either app_id or user_key is allowed, not both")
    if service.mode == USER_KEY and not asked.OAuth:
        if not asked.UserKey:
            raise refused(product, "user_key_invalid", "user key is missing")
        return by_user_key(catalogue, product, asked.UserKey)
    if not asked.AppId:
        raise refused(product, "application_not_found", "application id is missing")
    return by_app_id(catalogue, product, asked.AppId)


def by_app_id(catalogue: Catalogue, product: Product, app_id: str) -> Subscription:
    """Find an application by its id. Raises MeteringError."""
    service = product.service
    found = catalogue.get(application_key(service.service_id, app_id), Application)
    if found is None or found.service_generation != service.generation:
        raise refused(
            product, "application_not_found", f'application with id="{shown(app_id)}" was not found'
        )
    return catalogue.subscription(found, product)


def by_user_key(catalogue: Catalogue, product: Product, user_key: str) -> Subscription:
    """Find an application by one of its user keys. Raises MeteringError."""
    service = product.service
    named = catalogue.get(user_key_key(service.service_id, user_key), UserKey)
    if named is not None:
        found = catalogue.get(application_key(service.service_id, named.app_id), Application)
        if (
            found is not None
            and found.service_generation == service.generation
            and user_key in found.user_keys
        ):
            return catalogue.subscription(found, product)
    raise refused(product, "user_key_invalid", f'user key "{shown(user_key)}" is invalid')


def verdict_of(subscription: Subscription, asked: MeteringRequest) -> Verdict | None:
    """Judge what does not depend on usage: keys, redirect, referrer, states; the first that fails counts."""
    application, service = subscription.application, subscription.product.service
    if asked.OAuth and service.mode != OAUTH:
        return "oauth_not_enabled", "oauth is not enabled"
    if wrong := _wrong_key(application, service, asked.AppKey):
        return wrong
    if asked.OAuth and (wrong := _wrong_redirect(application, asked)):
        return wrong
    if wrong := _wrong_referrer(application, service, asked.Referrer):
        return wrong
    if application.state != ACTIVE:
        return "application_not_active", "application is not active"
    if service.state != ACTIVE:
        return "service_not_active", "service is not active"
    return None


def _wrong_key(application: Application, service: Service, key: str | None) -> Verdict | None:
    if service.mode == USER_KEY:
        return None
    if service.mode == OAUTH:
        if key is None or key in application.keys:
            return None
    elif not application.keys or key in application.keys:
        return None
    reason = f'application key "{shown(key)}" is invalid' if key else "application key is missing"
    return "application_key_invalid", reason


def _wrong_redirect(application: Application, asked: MeteringRequest) -> Verdict | None:
    for name, given in (("redirect_url", asked.RedirectUrl), ("redirect_uri", asked.RedirectUri)):
        if given is not None:
            if not given or given == application.redirect_url:
                return None
            return f"{name}_invalid", f'{name} "{shown(given)}" is invalid'
    return None


def _wrong_referrer(application: Application, service: Service, referrer: str | None) -> Verdict | None:
    filters = application.referrer_filters
    if not service.referrer_filters_required or not filters or referrer == "*":
        return None
    if not referrer:
        return "referrer_not_allowed", "referrer is missing"
    if any(matches(pattern, referrer) for pattern in filters):
        return None
    return "referrer_not_allowed", f'referrer "{shown(referrer)}" is not allowed'


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text is what a filter says, in which ``*`` stands for any characters or none.

    Each part between stars is looked for once, from the left: the time grows with the lengths alone.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(rest[-1]) and text.endswith(rest[-1])


def shown(text: str) -> str:
    """Cut a caller's text for an error."""
    return text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"


def refused(product: Product, code: str, message: str) -> KnownServiceError:
    """Make the error of a request whose credentials and service are good."""
    return KnownServiceError(code, message, product.service.service_id)
