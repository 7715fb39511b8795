"""A desk to test against: pytest fixtures, and the stub in a test's hands. Needs pytest beside the service.

fixtures.py   the plug-in: `pytest_plugins = ["service.testing.fixtures"]`
desk.py       a desk that runs, and how a test calls it
stub.py       what the stub answers, and what it was asked
clock.py      time that a test can move on
"""
