"""Columns: a table whose columns are named attributes, in Python and in compiled code alike.

Columns of one type lie together in one two-dimensional block. Compiled functions are handed the blocks, and `Table.view` makes the
named table of them inside: a call with fifty separate arrays costs 16 µs and two and a half times the time to compile.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, get_type_hints

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model
from numba.np import numpy_support
from numba.np.arrayobj import make_array, populate_array

import sim.compiled  # noqa: F401  (compiled code is made of this file too: it belongs to the cache's fingerprint)

Single = Annotated[np.ndarray, "f4"]
Double = Annotated[np.ndarray, "f8"]
Short = Annotated[np.ndarray, "i4"]
Long = Annotated[np.ndarray, "i8"]


class Table:
    """A table of `size` rows; subclasses annotate their columns as Single, Double, Short or Long."""

    layout: ClassVar[dict[str, tuple[int, int]]]
    """name → (block, row in the block)."""
    kinds: ClassVar[list[str]]
    """The type of each block."""
    compiled: ClassVar[TableType]

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls, include_extras=True)
        columns = {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}
        cls.kinds = sorted(set(columns.values()))
        counts = dict.fromkeys(cls.kinds, 0)
        cls.layout = {}
        for name, kind in columns.items():
            cls.layout[name] = (cls.kinds.index(kind), counts[kind])
            counts[kind] += 1
        cls.compiled = TableType(cls.__name__, tuple(cls.kinds), tuple((n, *at) for n, at in cls.layout.items()))

    def __init__(self, size: int) -> None:
        rows = [max(row for block, row in self.layout.values() if block == k) + 1 for k in range(len(self.kinds))]
        self.attach(tuple(np.zeros((rows[k], size), kind) for k, kind in enumerate(self.kinds)))

    def attach(self, blocks: tuple[np.ndarray, ...]) -> None:
        """Let the named columns be views of these blocks."""
        self.blocks = blocks
        for name, (block, row) in self.layout.items():
            setattr(self, name, blocks[block][row])

    def copy(self) -> Any:
        """A table of its own with the same values."""
        twin = object.__new__(type(self))
        twin.attach(tuple(block.copy() for block in self.blocks))
        return twin


class TableType(types.Type):
    """How compiled code sees a table."""

    def __init__(self, name: str, kinds: tuple[str, ...], layout: tuple[tuple[str, int, int], ...]) -> None:
        self.kinds = [types.Array(numpy_support.from_dtype(np.dtype(kind)), 2, "C") for kind in kinds]
        self.layout = {column: (block, row) for column, block, row in layout}
        super().__init__(f"{name}{kinds}{layout}")


@register_model(TableType)
class _TableModel(models.StructModel):
    def __init__(self, manager: Any, table: TableType) -> None:
        super().__init__(manager, table, [(f"block{k}", kind) for k, kind in enumerate(table.kinds)])


@infer_getattr
class _ColumnType(AttributeTemplate):
    key = TableType

    def generic_resolve(self, table: TableType, name: str) -> types.Type | None:
        if name not in table.layout:
            return None
        return types.Array(table.kinds[table.layout[name][0]].dtype, 1, "C")


@lower_getattr_generic(TableType)
def _column(context: Any, builder: Any, table: TableType, value: Any, name: str) -> Any:
    """The code for `table.name`: a one-dimensional view of the column's row in its block."""
    block, row = table.layout[name]
    fields = cgutils.create_struct_proxy(table)(context, builder, value=value)
    whole = make_array(table.kinds[block])(context, builder, value=getattr(fields, f"block{block}"))
    size = cgutils.unpack_tuple(builder, whole.shape, 2)[1]
    step = cgutils.unpack_tuple(builder, whole.strides, 2)[1]
    start = builder.gep(whole.data, [builder.mul(size, size.type(row))])
    column = types.Array(table.kinds[block].dtype, 1, "C")
    view = make_array(column)(context, builder)
    populate_array(
        view,
        data=start,
        shape=[size],
        strides=[step],
        itemsize=whole.itemsize,
        meminfo=whole.meminfo,
        parent=whole.parent,
    )
    return impl_ret_borrowed(context, builder, column, view._getvalue())


def opener(table: type[Table]) -> Any:
    """A compiled function that makes the named table out of a tuple of its blocks."""

    @intrinsic
    def view(_context: Any, blocks: Any) -> Any:
        def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            fields = cgutils.create_struct_proxy(table.compiled)(context, builder)
            for k, block in enumerate(cgutils.unpack_tuple(builder, arguments[0], len(table.kinds))):
                setattr(fields, f"block{k}", block)
            return impl_ret_borrowed(context, builder, signature.return_type, fields._getvalue())

        return table.compiled(blocks), make

    return view
