"""The strategies by which tickets find their agents: name and class of each.

Their names alone are known down here, so that settings and teams can be checked. Nothing is imported
before `service.assignment.strategies` asks for it.
"""

from collections.abc import Mapping

STRATEGIES: Mapping[str, str] = {
    "skills": "service.assignment.strategies.skills:Skills",
    "language": "service.assignment.strategies.language:Language",
    "vip_to_senior": "service.assignment.strategies.vip_to_senior:VipToSenior",
    "last_agent": "service.assignment.strategies.last_agent:LastAgent",
    "least_loaded": "service.assignment.strategies.least_loaded:LeastLoaded",
    "round_robin": "service.assignment.strategies.round_robin:RoundRobin",
}
"""In the order in which they are asked where nobody says otherwise."""
