"""`/api/auth`, invitations, and `/api/admin/keys`."""

from service.access.views.auth import blueprint as auth
from service.access.views.invitations import blueprint as invitations
from service.access.views.keys import blueprint as keys

BLUEPRINTS = (auth, invitations, keys)
