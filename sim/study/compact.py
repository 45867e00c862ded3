"""Putting shards together: `runs.parquet` and `series.parquet`, in the order of runs, a shard in memory at a time.

The bytes depend on the runs alone: not on how they were cut into shards, nor on who did them.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sim.mistakes import Mistake
from sim.study.sharding import Plan
from sim.study.work import read_shard
from sim.world import SERIES

GROUP = 2**15
"""Rows that are written together: always as many, however they come."""


class Rows:
    """A parquet file that is written a few rows at a time, in groups of equal size."""

    def __init__(self, path: Path, schema: pa.Schema, **options: Any) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", **options)
        self._waiting: list[pa.Table] = []
        self._count = 0
        self._schema = schema

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
        if self._count < GROUP:
            return
        whole, start = pa.concat_tables(self._waiting), 0
        while whole.num_rows - start >= GROUP:
            self._write(whole.slice(start, GROUP))
            start += GROUP
        self._waiting, self._count = (
            [whole.slice(start).take(np.arange(whole.num_rows - start))],
            whole.num_rows - start,
        )

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table.combine_chunks(), row_group_size=GROUP)


def compact(plan: Plan, folder: Path) -> None:
    """Write the tables of a sweep whose shards are all there.

    Raises:
        Mistake: if one of them is not sound.
    """
    floats = list(SERIES)
    series_schema = pa.schema([("run", pa.int32()), *((name, pa.float32()) for name in floats)])
    with Rows(folder / "runs.parquet", plan.table_schema) as runs:
        if not plan.study.keep.series:
            for shard in range(plan.shards):
                runs.add(_sound(plan, shard).select(plan.table_schema.names))
            return
        options = {"use_dictionary": ["run"], "use_byte_stream_split": floats}
        with Rows(folder / "series.parquet", series_schema, **options) as series:
            for shard in range(plan.shards):
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
    lists = table.select(table.schema.names[-len(SERIES) :]).combine_chunks()
    months = np.diff(lists.column(0).chunk(0).offsets.to_numpy()) if table.num_rows else np.zeros(0, int)
    run = np.repeat(table["run"].to_numpy().astype(np.int32), months)
    return pa.table([pa.array(run), *(column.chunk(0).flatten() for column in lists.columns)], schema=schema)
