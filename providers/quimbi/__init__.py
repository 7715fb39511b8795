"""The Quimbi Backend behind the common interface.

settings.py   what an operator sets
provider.py   ties the rest together
payloads/     pure: what to send, and what came back, in both dialects of the wire
client.py     its key, and how it says that it does not know a customer, to `providers.http`
"""
