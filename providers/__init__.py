"""Customer intelligence, from plug-ins behind one interface.

Nothing in this package knows a web framework, an ORM or a cache extension; what it needs of its host
comes through `providers.ports`.
"""
