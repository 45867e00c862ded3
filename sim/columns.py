"""Tables of named columns and records of named numbers, spelled alike in Python and in compiled code.

So `firms.contribution[i]` and `rules.sharing.take_rate` mean the same in both.

The columns of one type lie together in one block. Compiled code sees a table as the addresses of its blocks, and a column as a plain
pointer: arrays would bring reference counts and bounds into every access (16 µs more a call, and twice the time to compile). The
Python object owns the memory and is alive as long as a call that was handed it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, get_type_hints

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_untracked
from numba.core.pythonapi import NativeValue
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model, typeof_impl, unbox
from numba.np import numpy_support

import sim.compiled  # noqa: F401  (compiled code is made of this file too: it belongs to the cache's fingerprint)

Single = Annotated[np.ndarray, "f4"]
Double = Annotated[np.ndarray, "f8"]
Short = Annotated[np.ndarray, "i4"]
Long = Annotated[np.ndarray, "i8"]


class Table:
    """A table of `size` rows; subclasses annotate their columns as Single, Double, Short or Long."""

    layout: ClassVar[dict[str, tuple[str, int]]]
    """name → (type of the block, row in the block)."""
    widths: ClassVar[dict[str, int]]
    """type → number of columns."""
    size: int

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls, include_extras=True)
        kinds = {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}
        cls.widths = dict.fromkeys(sorted(set(kinds.values())), 0)
        cls.layout = {}
        for name, kind in kinds.items():
            cls.layout[name] = (kind, cls.widths[kind])
            cls.widths[kind] += 1

    def __init__(self, size: int) -> None:
        self._attach({kind: np.zeros((width, size), kind) for kind, width in self.widths.items()})

    def _attach(self, blocks: dict[str, np.ndarray]) -> None:
        self.blocks = blocks
        self.size = next(iter(blocks.values())).shape[1]
        for name, (kind, row) in self.layout.items():
            setattr(self, name, blocks[kind][row])

    def copy(self) -> Any:
        """A table of its own with the same values."""
        twin = object.__new__(type(self))
        twin._attach({kind: block.copy() for kind, block in self.blocks.items()})
        return twin


def record_type(fields: list[tuple[str, Any]]) -> np.dtype:
    """A type of record whose fields are attributes in Python too."""
    return np.dtype((np.record, fields))


def new_record(kind: np.dtype, value: Any = None) -> Any:
    """A record of its own, of zeros or of the given values."""
    array = np.zeros(1, kind)
    if value is not None:
        array[0] = value
    return array.view(np.recarray)[0]


class Bundle:
    """Tables, records and arrays that are handed to compiled code as one; subclasses name them in `members`.

    A member's kind is a subclass of Table, a record type (the member is an array of one record), or "f8" (an array of numbers);
    "u8" is a whole number itself.
    """

    members: ClassVar[dict[str, Any]]
    compiled: ClassVar[BundleType]

    def __init_subclass__(cls) -> None:
        cls.compiled = BundleType(cls)
        typeof_impl.register(cls)(lambda _value, _context: cls.compiled)

    def seal(self) -> None:
        """Write down the addresses that compiled code is handed; call it once all members are there."""
        words: list[int] = []
        for name, kind in self.members.items():
            member = getattr(self, name)
            if isinstance(kind, type) and issubclass(kind, Table):
                words += [member.size, *(block.ctypes.data for block in member.blocks.values())]
            else:
                words.append(int(member) if kind == "u8" else _base(member).ctypes.data)
        self._addresses = np.array(words, np.uint64)


def _base(member: Any) -> np.ndarray:
    """The array behind a member: a record lies in an array of one."""
    if isinstance(member, np.record) and member.base is not None:
        return member.base
    return np.asarray(member)


class TableType(types.Type):
    """How compiled code sees a table: its size, and the address of each block."""

    def __init__(self, table: type[Table]) -> None:
        self.fields = {"size": types.intp}
        self.fields |= {kind: types.CPointer(numpy_support.from_dtype(np.dtype(kind))) for kind in table.widths}
        self.layout = dict(table.layout)
        super().__init__(f"{table.__name__}Table")


class BundleType(types.Type):
    """How compiled code sees a bundle."""

    def __init__(self, bundle: type[Bundle]) -> None:
        self.fields = {name: _member_type(kind) for name, kind in bundle.members.items()}
        super().__init__(f"{bundle.__name__}Bundle")


def _member_type(kind: Any) -> types.Type:
    if isinstance(kind, np.dtype):
        return numpy_support.from_dtype(kind)
    if isinstance(kind, str):
        return types.uint64 if kind == "u8" else types.CPointer(numpy_support.from_dtype(np.dtype(kind)))
    return TableType(kind)


@register_model(TableType)
@register_model(BundleType)
class _Model(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, list(kind.fields.items()))


@infer_getattr
class _Column(AttributeTemplate):
    key = TableType

    def generic_resolve(self, table: TableType, name: str) -> types.Type | None:
        return table.fields[table.layout[name][0]] if name in table.layout else table.fields.get(name)


@infer_getattr
class _Member(AttributeTemplate):
    key = BundleType

    def generic_resolve(self, bundle: BundleType, name: str) -> types.Type | None:
        return bundle.fields.get(name)


@lower_getattr_generic(BundleType)
def _get_member(context: Any, builder: Any, bundle: BundleType, value: Any, name: str) -> Any:
    fields = cgutils.create_struct_proxy(bundle)(context, builder, value=value)
    return impl_ret_untracked(context, builder, bundle.fields[name], getattr(fields, name))


@lower_getattr_generic(TableType)
def _get_column(context: Any, builder: Any, table: TableType, value: Any, name: str) -> Any:
    """`table.name` is the address of the column's row in its block; `table.size` and `table.f4` (a whole block) are fields."""
    fields = cgutils.create_struct_proxy(table)(context, builder, value=value)
    if name not in table.layout:
        return getattr(fields, name)
    kind, row = table.layout[name]
    return builder.gep(getattr(fields, kind), [builder.mul(fields.size, fields.size.type(row))])


@unbox(BundleType)
def _unbox(bundle: BundleType, value: Any, c: Any) -> NativeValue:
    """Read the addresses that the Python object has sealed, in the order in which `seal` wrote them."""
    holder = c.pyapi.object_getattr_string(value, "_addresses")
    whole = c.unbox(types.Array(types.uint64, 1, "C"), holder)
    array = c.context.make_array(types.Array(types.uint64, 1, "C"))(c.context, c.builder, whole.value)
    c.pyapi.decref(holder)
    position = iter(range(64))

    def load(kind: types.Type) -> Any:
        word = c.builder.load(c.builder.gep(array.data, [ir.Constant(ir.IntType(64), next(position))]))
        wanted = c.context.get_value_type(kind)
        return c.builder.inttoptr(word, wanted) if isinstance(wanted, ir.PointerType) else word

    proxy = cgutils.create_struct_proxy(bundle)(c.context, c.builder)
    for name, kind in bundle.fields.items():
        if isinstance(kind, TableType):
            table = cgutils.create_struct_proxy(kind)(c.context, c.builder)
            for field, field_type in kind.fields.items():
                setattr(table, field, load(field_type))
            setattr(proxy, name, table._getvalue())
        else:
            setattr(proxy, name, load(kind))
    return NativeValue(proxy._getvalue(), is_error=whole.is_error, cleanup=whole.cleanup)
