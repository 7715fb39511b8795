"""`/api/customers` and `/api/orders`."""

from service.customers.views.customers import blueprint as customers
from service.customers.views.orders import blueprint as orders

BLUEPRINTS = (customers, orders)
