"""Who may do what, written down a second time: the desk is held to this, and this to nobody's code.

A new route needs a line here. Its `status` is what one who may do it gets for the probe that is sent: what is
read is there (200), what is written is no JSON (400), and what needs no body does something harmless.
"""

from dataclasses import dataclass

ROLES = ("agent", "senior_agent", "team_lead", "manager", "admin")
OWN, TEAM, ANY = "own", "team", "any"
NEARER = {OWN: 1, TEAM: 2, ANY: 3}

RIGHTS_OF_ROLES = """
                        agent  senior  lead  manager  admin
tickets.read            team   team    team  any      any
tickets.create          any    any     any   any      any
tickets.change          own    team    team  any      any
tickets.delete          -      -       team  any      any
tickets.assign          own    team    team  any      any
tickets.assign_beyond_capacity  -  -   team  any      any
messages.write          team   team    team  any      any
messages.change         own    team    team  any      any
messages.as_customer    -      -       team  any      any
drafts.write            team   team    team  any      any
intelligence.read       any    any     any   any      any
customers.read          any    any     any   any      any
customers.change        any    any     any   any      any
customers.export        -      -       -     any      any
customers.erase         -      -       -     -        any
orders.record           -      -       -     any      any
configuration.read      any    any     any   any      any
fields.change           -      -       -     any      any
account.read            own    own     own   own      own
account.change          own    own     own   own      own
agents.read             any    any     any   any      any
agents.change           -      -       team  any      any
agents.create           -      -       -     any      any
agents.deactivate       -      -       -     any      any
teams.change            -      -       team  any      any
teams.create            -      -       -     any      any
keys.manage             -      -       -     -        any
audit.read              -      -       -     any      any
providers.read          -      -       -     any      any
providers.change        -      -       -     -        any
events.read             team   team    team  any      any
analytics.read          -      -       any   any      any
performance.read        own    own     team  any      any
service_levels.read     any    any     any   any      any
service_levels.change   -      -       -     any      any
metrics.read            -      -       -     -        any
webhooks.manage         -      -       -     -        any
notifications.manage    -      -       -     any      any
outbox.manage           -      -       -     -        any
"""

RIGHTS_OF_KEYS = {
    "desk": """
        tickets.read tickets.create tickets.change tickets.delete tickets.assign
        tickets.assign_beyond_capacity messages.write messages.change
        messages.as_customer drafts.write intelligence.read customers.read customers.change orders.record
        configuration.read agents.read events.read analytics.read performance.read account.read
        service_levels.read
    """,
    "admin": """
        providers.read providers.change fields.change service_levels.read service_levels.change
        webhooks.manage notifications.manage outbox.manage account.read
    """,
    "metrics": "metrics.read",
    "read": """
        tickets.read customers.read configuration.read agents.read events.read account.read
        service_levels.read
    """,
    "form": "tickets.create account.read",
    "intelligence": "intelligence.read configuration.read account.read",
    "agents": """
        agents.read agents.change agents.create agents.deactivate teams.change teams.create account.read
    """,
    "keys": "keys.manage account.read",
    "audit": "audit.read account.read",
    "privacy": "customers.export customers.erase account.read",
    "events": "events.read account.read",
}

ROUTES = """
GET    /api/admin/inbound-webhooks                              webhooks.manage     200
POST   /api/admin/inbound-webhooks                              webhooks.manage     400
GET    /api/admin/inbound-webhooks/<source_id>                  webhooks.manage     200
PATCH  /api/admin/inbound-webhooks/<source_id>                  webhooks.manage     400
DELETE /api/admin/inbound-webhooks/<source_id>                  webhooks.manage     204
POST   /api/admin/inbound-webhooks/<source_id>/rotate           webhooks.manage     400
GET    /api/admin/keys                                          keys.manage         200
POST   /api/admin/keys                                          keys.manage         400
GET    /api/admin/keys/<key_id>                                 keys.manage         200
PATCH  /api/admin/keys/<key_id>                                 keys.manage         400
DELETE /api/admin/keys/<key_id>                                 keys.manage         204
GET    /api/admin/notification-rules                            notifications.manage  200
POST   /api/admin/notification-rules                            notifications.manage  400
GET    /api/admin/notification-rules/<rule_id>                  notifications.manage  200
PATCH  /api/admin/notification-rules/<rule_id>                  notifications.manage  400
DELETE /api/admin/notification-rules/<rule_id>                  notifications.manage  412
GET    /api/admin/webhooks                                      webhooks.manage     200
POST   /api/admin/webhooks                                      webhooks.manage     400
GET    /api/admin/webhooks/<webhook_id>                         webhooks.manage     200
PATCH  /api/admin/webhooks/<webhook_id>                         webhooks.manage     400
DELETE /api/admin/webhooks/<webhook_id>                         webhooks.manage     412
POST   /api/admin/webhooks/<webhook_id>/rotate-secret           webhooks.manage     400
POST   /api/admin/webhooks/<webhook_id>/test                    webhooks.manage     202
GET    /api/admin/webhooks/<webhook_id>/deliveries              webhooks.manage     200
POST   /api/admin/webhooks/<webhook_id>/deliveries/<delivery_id>/replay  webhooks.manage  404
GET    /api/admin/outbox                                        outbox.manage       200
POST   /api/admin/outbox/replay                                 outbox.manage       400
GET    /api/admin/outbox/<delivery_id>                          outbox.manage       200
POST   /api/admin/outbox/<delivery_id>/replay                   outbox.manage       200
GET    /api/admin/providers                                     providers.read      200
GET    /api/admin/providers/<name>                              providers.read      200
PATCH  /api/admin/providers/<name>                              providers.change    400
POST   /api/admin/providers/<name>/reset-circuit                providers.change    400
GET    /api/admin/providers/history                             providers.read      200
POST   /api/admin/providers/reset                               providers.change    400
GET    /api/agents                                              agents.read         200
POST   /api/agents                                              agents.create       400
GET    /api/agents/me                                           account.read        200
PATCH  /api/agents/me                                           account.change      400
GET    /api/agents/<agent_id>                                   agents.read         200
PATCH  /api/agents/<agent_id>                                   agents.change       400
DELETE /api/agents/<agent_id>                                   agents.deactivate   412
POST   /api/agents/<agent_id>/invitation                        agents.create       200
GET    /api/agents/<agent_id>/queue                             tickets.read        200
POST   /api/agents/<agent_id>/reactivate                        agents.deactivate   200
GET    /api/agents/available                                    agents.read         200
GET    /api/ai/customers/<customer_id>/churn                    intelligence.read   200
GET    /api/ai/customers/<customer_id>/intelligence             intelligence.read   200
GET    /api/ai/customers/<customer_id>/ltv                      intelligence.read   200
GET    /api/ai/tickets/<ticket_id>/draft-response               drafts.write        200
POST   /api/ai/tickets/<ticket_id>/draft-response/regenerate    drafts.write        400
GET    /api/ai/tickets/<ticket_id>/recommendation               drafts.write        200
PATCH  /api/ai/tickets/<ticket_id>/recommendation/actions/<index>  drafts.write     400
POST   /api/ai/tickets/<ticket_id>/regenerate-draft             drafts.write        400
GET    /api/analytics/agents/<agent_id>                         performance.read    200
GET    /api/analytics/agents/<agent_id>/today                   performance.read    200
GET    /api/analytics/customers/churn                           analytics.read      200
GET    /api/analytics/drafts                                    analytics.read      200
GET    /api/analytics/team                                      analytics.read      200
GET    /api/analytics/tickets/channels                          analytics.read      200
GET    /api/analytics/tickets/volume                            analytics.read      200
GET    /api/audit                                               audit.read          200
GET    /api/audit/export                                        audit.read          200
GET    /api/auth/me                                             account.read        200
POST   /api/auth/password                                       account.change      400
GET    /api/customers                                           customers.read      200
POST   /api/customers                                           customers.change    400
GET    /api/customers/<customer_id>                             customers.read      200
PATCH  /api/customers/<customer_id>                             customers.change    400
DELETE /api/customers/<customer_id>                             customers.erase     422
GET    /api/customers/<customer_id>/export                      customers.export    200
GET    /api/customers/<customer_id>/orders                      customers.read      200
GET    /api/customers/<customer_id>/tickets                     tickets.read        200
GET    /api/mcp/customer/<customer_id>                          customers.read      200
GET    /api/mcp/customer/<customer_id>/churn-risk               intelligence.read   200
GET    /api/mcp/customer/<customer_id>/orders                   customers.read      200
GET    /api/mcp/customer/random                                 customers.read      200
PATCH  /api/messages/<message_id>                               messages.change     400
DELETE /api/messages/<message_id>                               messages.change     204
POST   /api/orders                                              orders.record       400
GET    /api/analytics/sla/compliance                            analytics.read      200
GET    /api/sla/at-risk                                         tickets.read        200
GET    /api/sla/breaches                                        tickets.read        200
GET    /api/sla/dashboard                                       analytics.read      200
GET    /api/tickets/<ticket_id>/sla                             tickets.read        200
GET    /api/tickets/<ticket_id>/sla/explain                     tickets.read        200
GET    /api/sla/calendars                                       service_levels.read  200
POST   /api/sla/calendars                                       service_levels.change  400
GET    /api/sla/calendars/<calendar_id>                         service_levels.read  200
PATCH  /api/sla/calendars/<calendar_id>                         service_levels.change  400
DELETE /api/sla/calendars/<calendar_id>                         service_levels.change  412
GET    /api/sla/policies                                        service_levels.read  200
POST   /api/sla/policies                                        service_levels.change  400
POST   /api/sla/policies/dry-run                                service_levels.change  400
POST   /api/sla/policies/order                                  service_levels.change  400
GET    /api/sla/policies/<policy_id>                            service_levels.read  200
PATCH  /api/sla/policies/<policy_id>                            service_levels.change  400
DELETE /api/sla/policies/<policy_id>                            service_levels.change  412
GET    /api/system/configuration                                configuration.read  200
GET    /api/teams                                               agents.read         200
POST   /api/teams                                               teams.create        400
GET    /api/teams/<team_id>                                     agents.read         200
PATCH  /api/teams/<team_id>                                     teams.change        400
DELETE /api/teams/<team_id>                                     teams.create        412
PUT    /api/teams/<team_id>/members/<member_id>                 teams.change        404
DELETE /api/teams/<team_id>/members/<member_id>                 teams.change        404
GET    /api/ticket-fields                                       configuration.read  200
POST   /api/ticket-fields                                       fields.change       400
PATCH  /api/ticket-fields/<key>                                 fields.change       400
DELETE /api/ticket-fields/<key>                                 fields.change       204
GET    /api/tickets                                             tickets.read        200
POST   /api/tickets                                             tickets.create      400
GET    /api/tickets/<ticket_id>                                 tickets.read        200
PATCH  /api/tickets/<ticket_id>                                 tickets.change      400
DELETE /api/tickets/<ticket_id>                                 tickets.delete      412
POST   /api/tickets/<ticket_id>/accept                          tickets.assign      400
POST   /api/tickets/<ticket_id>/assign                          tickets.assign      400
GET    /api/tickets/<ticket_id>/assignments                     tickets.read        200
POST   /api/tickets/<ticket_id>/auto-assign                     tickets.assign      400
GET    /api/tickets/<ticket_id>/events                          tickets.read        200
GET    /api/tickets/<ticket_id>/messages                        tickets.read        200
POST   /api/tickets/<ticket_id>/messages                        messages.write      400
GET    /api/tickets/<ticket_id>/notes                           tickets.read        200
POST   /api/tickets/<ticket_id>/notes                           messages.write      400
POST   /api/tickets/<ticket_id>/reset-conversation              messages.change     200
POST   /api/tickets/<ticket_id>/restore                         tickets.delete      200
GET    /api/tickets/<ticket_id>/score-breakdown                 tickets.read        200
POST   /api/tickets/<ticket_id>/transfer                        tickets.assign      400
POST   /api/tickets/<ticket_id>/unassign                        tickets.assign      400
GET    /api/tickets/unassigned                                  tickets.read        200
GET    /api/events                                              events.read         200
POST   /api/events/tickets                                      events.read         200
GET    /metrics                                                 metrics.read        200
"""

PUBLIC = """
GET    /livez
GET    /readyz
GET    /health
GET    /openapi.json
GET    /docs/
GET    /docs/<path>
POST   /api/auth/login
POST   /api/auth/refresh
POST   /api/auth/logout
POST   /api/auth/accept-invitation
GET    /api/events/stream
POST   /api/inbound/<source_id>
"""


@dataclass(frozen=True)
class Route:
    method: str
    rule: str
    permission: str
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def names_a_ticket(self) -> bool:
        return "<ticket_id>" in self.rule or "<message_id>" in self.rule


def _table() -> dict[str, dict[str, str]]:
    lines = [line.split() for line in RIGHTS_OF_ROLES.strip().splitlines()[1:]]
    return {
        role: {words[0]: words[number] for words in lines if words[number] != "-"}
        for number, role in enumerate(ROLES, start=1)
    }


OF_ROLES = _table()
OF_KEYS = {scope: dict.fromkeys(permissions.split(), ANY) for scope, permissions in RIGHTS_OF_KEYS.items()}
EVERY_ROUTE = [
    Route(method, rule, permission, int(status))
    for method, rule, permission, status in (line.split() for line in ROUTES.strip().splitlines())
]
EVERY_PUBLIC = {" ".join(line.split()) for line in PUBLIC.strip().splitlines()}


def expected(route: Route, rights: dict[str, str], needed: str | None) -> int:
    """`needed`: the reach to get to what the address names; None where that is nobody's."""
    reach = rights.get(route.permission)
    if reach is None:
        return 403
    if needed is None or reach == ANY:
        return route.status
    if route.names_a_ticket and NEARER[rights["tickets.read"]] < NEARER[needed]:
        return 404
    return route.status if NEARER[needed] <= NEARER[reach] else 403
