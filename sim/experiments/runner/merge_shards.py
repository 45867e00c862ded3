"""Putting shards together: `runs.parquet` and `series.parquet`, in the order of runs, a shard in memory at a time.

The bytes depend on the runs alone: not on how they were cut into shards, nor on who did them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import Mistake
from sim.core.state import SERIES
from sim.experiments.runner.shard_work import read_shard
from sim.experiments.runner.sharding import BY_MONTH, Plan

RUNS, MONTHS = 2**13, 2**16
"""Rows of runs and of series that are written together: always as many, however they come."""


class Rows:
    """A parquet file that is written a few rows at a time, in groups of equal size."""

    def __init__(self, path: Path, schema: pa.Schema, group: int, **options: Any) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", **options)
        self._waiting: list[pa.Table] = []
        self._count = 0
        self._schema, self._group = schema, group

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._write(pa.concat_tables(self._waiting) if self._waiting else self._schema.empty_table())
        self._writer.close()

    def add(self, table: pa.Table) -> None:
        """Some more rows."""
        self._waiting.append(table)
        self._count += table.num_rows
        if self._count < self._group:
            return
        whole, start = pa.concat_tables(self._waiting), 0
        while whole.num_rows - start >= self._group:
            self._write(whole.slice(start, self._group))
            start += self._group
        self._waiting, self._count = (
            [whole.slice(start).take(np.arange(whole.num_rows - start))],
            whole.num_rows - start,
        )

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table.combine_chunks(), row_group_size=self._group)


def compact(plan: Plan, folder: Path, shards: Sequence[int]) -> None:
    """Write the tables of a sweep whose shards, named in their order, are all there.

    Raises:
        Mistake: if one of them is not sound.
    """
    floats = list(SERIES)
    series_schema = pa.schema([("run", pa.int32()), *((name, pa.float32()) for name in floats)])
    with Rows(folder / "runs.parquet", plan.table_schema, RUNS) as runs:
        if not plan.study.keep.series:
            for shard in shards:
                runs.add(_sound(plan, shard).select(plan.table_schema.names))
            return
        options = {"use_dictionary": ["run"], "use_byte_stream_split": floats}
        with Rows(folder / "series.parquet", series_schema, MONTHS, **options) as series:
            for shard in shards:
                table = _sound(plan, shard)
                runs.add(table.select(plan.table_schema.names).replace_schema_metadata(None))
                series.add(_long(table, series_schema))


def _sound(plan: Plan, shard: int) -> pa.Table:
    table = read_shard(plan, shard)
    if table is None:
        raise Mistake([f"{plan.path(shard)}: is missing or damaged; run the same command again, which does it anew"])
    return table


def _long(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The series of a shard, a row a run and month."""
    lists = table[BY_MONTH].combine_chunks()
    numbers, ends = lists.values.to_numpy(), lists.offsets.to_numpy()
    each = [numbers[first:last].reshape(len(SERIES), -1) for first, last in pairwise(ends)]
    whole = np.concatenate(each, axis=1) if each else np.zeros((len(SERIES), 0), np.float32)
    run = np.repeat(table["run"].to_numpy().astype(np.int32), np.diff(ends) // len(SERIES))
    return pa.table([run, *whole], schema=schema)
