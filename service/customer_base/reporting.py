"""What operators are told of the fits."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.customer_base.parameters import Fitted, ParameterVersions

TOLD_VERSIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FitReport:
    """`in_use` is None until something was adopted; `newest` are of all versions, also those refused."""

    in_use: Fitted | None
    newest: Sequence[Fitted]


class FitReports:
    def __init__(self, versions: ParameterVersions) -> None:
        self._versions = versions

    def report(self) -> FitReport:
        """Raises `DatabaseUnavailable`."""
        return FitReport(in_use=self._versions.in_use(), newest=self._versions.newest(TOLD_VERSIONS))
