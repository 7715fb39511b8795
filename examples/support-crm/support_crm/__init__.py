"""What a CRM's scoring service knows of a customer, as a provider of the support desk.

settings.py   what an operator sets
client.py     asks the service, and believes only what can be true
provider.py   the service's scores as answers of the desk
"""
