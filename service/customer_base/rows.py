"""The statistics of a customer as a row, and back."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Row

from providers.statistics import ContactStatistics, CustomerStatistics

FIGURES = tuple(field.name for field in fields(CustomerStatistics) if field.name != "contacts")


def order_columns(statistics: CustomerStatistics) -> dict[str, Any]:
    """All that comes of orders."""
    values = {name: getattr(statistics, name) for name in FIGURES}
    return values | {
        "recent_days": list(statistics.recent_days),
        "recent_order_days": len(statistics.recent_days),
        "month_days": list(statistics.month_days),
        "categories": dict(statistics.categories),
    }


def contact_columns(contacts: ContactStatistics) -> dict[str, Any]:
    return {"contacts": asdict(contacts)}


def statistics_in(row: Row[Any]) -> CustomerStatistics:
    values = {name: getattr(row, name) for name in FIGURES}
    return CustomerStatistics(
        **values
        | {
            "recent_days": tuple(row.recent_days),
            "month_days": tuple(row.month_days),
            "contacts": contacts_in(row.contacts),
        }
    )


def contacts_in(stored: Mapping[str, Any]) -> ContactStatistics:
    return ContactStatistics(**stored)
