"""``threescale``: what API gateways ask about, kept on the store whether the server runs or not."""

from cgrates_py.cli.threescale_credentials import key, referrer_filter, user_key
from cgrates_py.cli.threescale_options import noun
from cgrates_py.cli.threescale_plans import limit, metric, rate, token
from cgrates_py.cli.threescale_services import application, service

app = noun("Keep what API gateways ask about: services, applications, metrics, limits, rates, tokens.")
app.add_typer(service, name="service")
app.add_typer(application, name="application")
app.add_typer(key, name="key")
app.add_typer(user_key, name="user-key")
app.add_typer(referrer_filter, name="filter")
app.add_typer(metric, name="metric")
app.add_typer(limit, name="limit")
app.add_typer(rate, name="rate")
app.add_typer(token, name="token")
