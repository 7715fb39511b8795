"""The Flask application, put together."""

import os
import re

from flask import Flask
from flask_cors import CORS
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from service import cli, wiring
from service.access.views import BLUEPRINTS as access  # noqa: N811  # one name per domain
from service.agents.views import BLUEPRINTS as agents  # noqa: N811  # one name per domain
from service.analytics.views import blueprint as analytics
from service.assignment.views import blueprint as assignment
from service.audit.views import blueprint as audit
from service.customers.views import BLUEPRINTS as customers  # noqa: N811  # one name per domain
from service.database import db
from service.desk.views import BLUEPRINTS as desk  # noqa: N811  # one name per domain
from service.health.views import blueprint as health
from service.http import callers, documentation, headers, problems, rendering
from service.inbound.views import BLUEPRINTS as inbound  # noqa: N811  # one name per domain
from service.intelligence.views import blueprint as intelligence
from service.migrating import MIGRATIONS
from service.notifications.views import BLUEPRINTS as notifications  # noqa: N811  # one name per domain
from service.outbox.views import blueprint as outbox
from service.performance.views import blueprint as performance
from service.privacy.views import blueprint as privacy
from service.provider_control.views import blueprint as provider_control
from service.settings import Settings, read_environment
from service.sla.tracking.views import blueprint as service_levels
from service.sla.views import BLUEPRINTS as sla  # noqa: N811  # one name per domain
from service.streams.views import blueprint as streams
from service.telemetry import logging, requests
from service.telemetry.metrics import Metrics
from service.telemetry.metrics.views import blueprint as metrics_view
from service.tickets.views import BLUEPRINTS as tickets  # noqa: N811  # one name per domain
from service.wiring import Substitutes

MAX_BODY_BYTES = 2**20
CLIENT_HEADERS = [
    "Content-Type",
    "X-API-Key",
    "Authorization",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
    "traceparent",
    "tracestate",
]
SHOWN_HEADERS = [
    *("ETag", "Idempotency-Replayed", "Link", "Location", "RateLimit", "RateLimit-Policy"),
    *("Retry-After", "X-Request-ID"),
]


def create_app(settings: Settings | None = None, substitutes: Substitutes | None = None) -> Flask:
    """Raises `SettingsError` naming every fault. Opens no connection and starts no thread."""
    settings = settings or Settings.parse(read_environment(os.environ))
    logging.configure(settings.log_level, settings.log_file)
    app = rendering.Api("service", static_folder=None)
    app.url_map.merge_slashes = False  # an address with an empty part is none of ours, and no redirect
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=MAX_BODY_BYTES)

    metrics = Metrics()
    rendering.install(app)
    requests.install(app, metrics.requests)
    headers.install(app, hsts_max_age_s=settings.hsts_max_age_s)
    if settings.cors_origins:
        CORS(
            app,
            origins=[re.compile(re.escape(origin) + r"\Z") for origin in settings.cors_origins],
            methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
            allow_headers=CLIENT_HEADERS,
            expose_headers=SHOWN_HEADERS,
        )
    problems.install(app)
    callers.install(app, wiring.wire(app, settings, substitutes or Substitutes(), metrics))
    Migrate(app, db, directory=str(MIGRATIONS))
    documentation.configure(app)
    documentation.install(
        app,
        [
            *(health, intelligence, *desk, assignment, *sla, service_levels, *tickets, *customers, *agents),
            *(*access, privacy, provider_control, analytics, performance, audit, outbox, metrics_view),
            *(*notifications, streams, *inbound),
        ],
    )
    cli.install(app)
    if settings.trusted_proxies:
        trusted = settings.trusted_proxies  # so many of the last entries are theirs, what is before anybody's
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=0)  # type: ignore[method-assign]  # Flask's own way to wrap it
    return app
