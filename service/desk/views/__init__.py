"""The inbox, the pages of tickets and customers, profiles, and what is described how."""

from service.desk.views.changes import blueprint as changes
from service.desk.views.configuration import blueprint as configuration
from service.desk.views.inbox import blueprint as inbox
from service.desk.views.pages import blueprint as pages
from service.desk.views.profiles import blueprint as profiles

BLUEPRINTS = (inbox, changes, pages, profiles, configuration)
