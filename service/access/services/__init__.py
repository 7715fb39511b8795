"""The rules of getting in."""

from service.access.services.credentials import Credentials, Invited
from service.access.services.keys import ApiKeys, KnownKey, MadeKey, NewKey
from service.access.services.sessions import Sessions, SignedIn
from service.access.services.sign_in import LoggedFailures, SignIn, SignInWatcher
from service.access.services.watching import AuditedFailures

__all__ = [
    "ApiKeys",
    "AuditedFailures",
    "Credentials",
    "Invited",
    "KnownKey",
    "LoggedFailures",
    "MadeKey",
    "NewKey",
    "Sessions",
    "SignIn",
    "SignInWatcher",
    "SignedIn",
]
