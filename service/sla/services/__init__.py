"""What is promised to whom, and in whose working time."""

from service.sla.services.book import PolicyBook, facts_of

__all__ = ["PolicyBook", "facts_of"]
