"""HTTP for providers: one client whose deadline holds and whose failures are those of `providers.errors`."""

from providers.http.client import LARGEST_REPLY, HttpClient, causes, retry_after_s, segment

__all__ = ["LARGEST_REPLY", "HttpClient", "causes", "retry_after_s", "segment"]
