"""The desk that the service ships for tests, by the name that these tests know it by."""

from service.testing.desk import CLIENT_TIMEOUT_S, Desk, running_desk

__all__ = ["CLIENT_TIMEOUT_S", "Desk", "running_desk"]
