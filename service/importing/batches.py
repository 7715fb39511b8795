"""Records, a transaction's worth at a time."""

from collections.abc import Iterator

from service.importing.columns import Columns
from service.importing.reading import rows_of
from service.importing.rows import Row
from service.importing.sources import Format, Stream

LARGEST_BATCH = 2**23
"""Characters in memory at once, however many records that are."""


def records_of(stream: Stream, file_format: Format, columns: Columns, after_line: int) -> Iterator[Row]:
    """Raises `UnusableFile`, at the first or where compression turns out to be broken."""
    rows = rows_of(stream, file_format, key=columns.key, check_columns=columns.check, after_line=after_line)
    return columns.records(rows) if file_format is Format.CSV else rows


def batches_of(records: Iterator[Row], columns: Columns, most: int) -> Iterator[list[Row]]:
    """No key is twice in one: the second is for a batch that sees what became of the first."""
    batch: list[Row] = []
    keys: set[str] = set()
    size = 0
    for record in records:
        key = columns.key_of(record)
        if batch and (len(batch) >= most or size + record.size > LARGEST_BATCH or key in keys):
            yield batch
            batch, keys, size = [], set(), 0
        batch.append(record)
        size += record.size
        if key is not None:
            keys.add(key)
    if batch:
        yield batch
