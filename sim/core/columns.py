"""Tables of named columns and records of named numbers, spelled alike in Python and in compiled code.

So `firms.contribution[i]` and `rules.sharing.take_rate` mean the same in both.

The columns of one type lie together in one block. Compiled code sees a table as the addresses of its blocks, and a column as a plain
pointer: arrays would bring reference counts and bounds into every access (16 µs more a call, and twice the time to compile). The
Python object owns the memory and is alive as long as a call that was handed it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, get_type_hints

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.imputils import impl_ret_untracked
from numba.core.pythonapi import NativeValue
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_getattr_generic, models, register_model, unbox
from numba.np import arrayobj, numpy_support

from sim.core.jit import CHECKED, PLAIN  # compiled code is made of this file too: it belongs to the cache's fingerprint
from sim.core.promotion import SingleColumn

Single = Annotated[np.ndarray, "f4"]
Double = Annotated[np.ndarray, "f8"]
Short = Annotated[np.ndarray, "i4"]
Long = Annotated[np.ndarray, "i8"]
JOINED = "joined"
"""The kind of columns that another member of the bundle holds."""
CACHE_LINE = 64
"""Bytes; tables that lie side by side begin at a multiple of it."""


class Table:
    """A table of `size` rows; subclasses annotate their columns as Single, Double, Short or Long."""

    layout: ClassVar[dict[str, tuple[str, int]]]
    """name → (type of the block, row in the block)."""
    widths: ClassVar[dict[str, int]]
    """type → number of columns."""
    starts: ClassVar[dict[str, int]]
    """type → where its block begins, in bytes times `size`."""
    bytes_a_row: ClassVar[int]
    """What a row takes, over all columns."""
    size: int

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls, include_extras=True)
        kinds = {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}
        widest_first = sorted(set(kinds.values()), key=lambda kind: (-np.dtype(kind).itemsize, kind))
        cls.widths = dict.fromkeys(widest_first, 0)  # so that each number lies at a multiple of its own width
        cls.layout = {}
        for name, kind in kinds.items():
            cls.layout[name] = (kind, cls.widths[kind])
            cls.widths[kind] += 1
        cls.starts, cls.bytes_a_row = {}, 0
        for kind, width in cls.widths.items():
            cls.starts[kind] = cls.bytes_a_row
            cls.bytes_a_row += np.dtype(kind).itemsize * width

    def __init__(self, size: int, memory: np.ndarray | None = None, begins: int = 0) -> None:
        """A table in memory of its own, of zeros; or in somebody else's, from a byte on."""
        self.size, self._begins = size, begins
        self.memory = np.zeros(size * self.bytes_a_row, np.uint8) if memory is None else memory

    def __getattr__(self, name: str) -> np.ndarray:
        """A column, when Python first asks for it: most runs of a sweep are never asked for most of them.

        A whole block has the name of its type, as in compiled code: its columns one behind the other.
        """
        if name in self.widths:
            column = self.block(name).reshape(-1)
        elif name in self.layout:
            kind, row = self.layout[name]
            column = self.block(kind)[row]
        else:
            raise AttributeError(f"{type(self).__name__} has no column {name!r}")
        if PLAIN and column.dtype == np.float32:
            column = column.view(SingleColumn)
        self.__dict__[name] = column
        return column

    def join(self, names: Iterable[str], memory: np.ndarray) -> None:
        """Let further columns of numbers be found by their names, which lie one behind the other in other memory."""
        for row, name in enumerate(names):
            self.__dict__[name] = memory[row * self.size : (row + 1) * self.size]

    def block(self, kind: str) -> np.ndarray:
        """All columns of a type, a row each."""
        begins = self._begins + self.size * self.starts[kind]
        return np.ndarray((self.widths[kind], self.size), kind, self.memory, begins)

    def addresses(self) -> list[int]:
        """Where each block lies."""
        first = address(self.memory) + self._begins
        return [first + self.size * start for start in self.starts.values()]

    def copy(self) -> Any:
        """A table of its own with the same values."""
        taken = self.memory[self._begins :][: self.size * self.bytes_a_row]
        return type(self)(self.size, taken.copy())


def in_one_piece(*wanted: tuple[type[Table], int]) -> list[Any]:
    """Tables of these sizes in one piece of memory: a sweep makes a world every few milliseconds."""
    begins = [0]
    for table, size in wanted:
        begins.append(begins[-1] + -(-size * table.bytes_a_row // CACHE_LINE) * CACHE_LINE)
    memory = np.zeros(begins.pop() + CACHE_LINE, np.uint8)
    first = -address(memory) % CACHE_LINE
    return [table(size, memory, first + begin) for (table, size), begin in zip(wanted, begins, strict=True)]


def record_type(fields: list[Any]) -> np.dtype:
    """A type of record whose fields are attributes in Python too."""
    return np.dtype((np.record, fields))


def new_record(kind: np.dtype, value: Any = None) -> Any:
    """A record of its own, of zeros or of the given values."""
    array = np.zeros(1, kind)
    if value is not None:
        array[0] = value
    return array[0]


class Bundle:
    """Tables, records and arrays that are handed to compiled code as one; subclasses name them in `members`.

    A member's kind is a subclass of Table, a record type (the member is an array of one record), "f8" or "i8" (an array of numbers) or
    "addresses" (of late kernels); "u8" is a whole number itself.
    """

    members: ClassVar[dict[str, Any]]
    compiled: ClassVar[BundleType]
    _numba_type_: ClassVar[BundleType]
    """The same, where numba looks for the type of a value."""

    def __init_subclass__(cls) -> None:
        cls.compiled = cls._numba_type_ = BundleType.of(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.members and "_place" in self.__dict__:
            told = f"{type(self).__name__}.{name}: compiled code knows where it lies; write into it, e.g. {name}[:] = …"
            raise AttributeError(told)
        super().__setattr__(name, value)

    def seal(self) -> None:
        """Write down the addresses that compiled code is handed; call it once all members are there."""
        words: list[int] = []
        for name, kind in self.members.items():
            member = getattr(self, name)
            if isinstance(member, Table):
                words += [member.size, *member.addresses()]
            else:
                words.append(int(member) if kind == "u8" else address(_base(member)))
        self._hand(np.array(words, np.uint64))

    def _hand(self, addresses: np.ndarray) -> None:
        """Let these be the addresses that compiled code is handed."""
        self._addresses = addresses
        self._place = address(addresses)


def address(array: np.ndarray) -> int:
    """Where the numbers of an array lie."""
    return array.ctypes.data


def _base(member: Any) -> np.ndarray:
    """The array behind a member: a record lies in an array of one."""
    if isinstance(member, np.record) and member.base is not None:
        return member.base
    return np.asarray(member)


def _column_type(kind: str) -> types.Type:
    """How compiled code sees a column: where it begins; as an array, which knows its size, where indices are checked."""
    number = numpy_support.from_dtype(np.dtype(kind))
    return types.Array(number, 1, "C") if CHECKED else types.CPointer(number)


class TableType(types.Type):
    """How compiled code sees a table: where its size and the addresses of its blocks are written down."""

    def __init__(self, name: str, layout: dict[str, tuple[str, int]], widths: dict[str, int], joined: int = 0) -> None:
        """A view on a table.

        Args:
            name: of the table.
            layout: column → kind of its block, and its row there.
            widths: kind → number of columns.
            joined: how many words behind the table's own its bundle tells where the columns of the kind `JOINED` lie.
        """
        self.layout, self.widths = layout, widths
        self.words = {"size": 0} | {kind: place for place, kind in enumerate(widths, 1)}
        self.fields: dict[str, types.Type] = {"size": types.intp}
        self.fields |= {kind: _column_type(kind) for kind in widths}
        if joined:
            self.words[JOINED], self.fields[JOINED] = joined, _column_type("f8")
        super().__init__(f"{name}{_mark(layout)}")

    @classmethod
    def of(cls, table: type[Table]) -> TableType:
        """The view that code has which knows the table alone."""
        return cls(f"{table.__name__}Table", dict(table.layout), dict(table.widths))

    def joined(self, names: Iterable[str], distance: int) -> TableType:
        """The same table with the columns that another member of its bundle holds, so many words behind this one."""
        layout = self.layout | {name: (JOINED, row) for row, name in enumerate(names)}
        return TableType(self.name, layout, self.widths, distance)


class BundleType(types.Type):
    """How compiled code sees a bundle: where the words lie that the Python object has sealed."""

    def __init__(self, name: str, fields: dict[str, types.Type], words: dict[str, int], end: int) -> None:
        """A view on a bundle.

        Args:
            name: of the bundle.
            fields: member → its type.
            words: member → the place of its first word.
            end: how many words there are.
        """
        self.fields, self.words, self.end = fields, words, end
        super().__init__(f"{name}{_mark({name: str(kind) for name, kind in fields.items()})}")

    @classmethod
    def of(cls, bundle: type[Bundle]) -> BundleType:
        """The view that code has which knows the bundle's members."""
        fields = {name: _member_type(kind) for name, kind in bundle.members.items()}
        words, place = {}, 0
        for name, kind in fields.items():
            words[name] = place
            place += len(kind.words) if isinstance(kind, TableType) else 1
        return cls(f"{bundle.__name__}Bundle", fields, words, place)

    def extended(self, known: dict[str, types.Type], more: dict[str, types.Type]) -> BundleType:
        """The same bundle to code that knows more: of some members, and members of a word each behind all others."""
        if not known and not more:
            return self
        words = self.words | {name: self.end + place for place, name in enumerate(more)}
        return BundleType(self.name, self.fields | known | more, words, self.end + len(more))


def _mark(layout: dict[str, Any]) -> str:
    """A mark of a layout: compiled code that is kept for another one, before a column or a rule was added, must not be taken for this."""
    return f"_{zlib.crc32(repr(layout).encode()):08x}"


def _member_type(kind: Any) -> types.Type:
    if isinstance(kind, np.dtype):
        return numpy_support.from_dtype(kind)
    if isinstance(kind, str):
        if kind == "u8":
            return types.uint64
        return types.CPointer(numpy_support.from_dtype(np.dtype("u8" if kind == "addresses" else kind)))
    return TableType.of(kind)


@register_model(TableType)
@register_model(BundleType)
class _Words(models.PrimitiveModel):
    """One address, however many members: kernels that pass worlds on stay small, and quick to compile."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.IntType(64).as_pointer())


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


def _place(builder: Any, words: Any, place: int) -> Any:
    return builder.gep(words, [ir.Constant(ir.IntType(64), place)])


def _read(context: Any, builder: Any, words: Any, place: int, kind: types.Type) -> Any:
    """The word at a place, as a number or an address. Words never change while they are in use, so a loop need not read them again."""
    word = builder.load(_place(builder, words, place))
    word.set_metadata("invariant.load", builder.module.add_metadata([]))
    wanted = context.get_value_type(kind)
    return builder.inttoptr(word, wanted) if isinstance(wanted, ir.PointerType) else word


def word_of(context: Any, builder: Any, bundle: BundleType, words: Any, name: str, place: Any) -> Any:
    """The whole number at a place of a member that is an array."""
    array = _read(context, builder, words, bundle.words[name], bundle.fields[name])
    return builder.load(builder.gep(array, [place]))


@lower_getattr_generic(BundleType)
def _get_member(context: Any, builder: Any, bundle: BundleType, words: Any, name: str) -> Any:
    kind, place = bundle.fields[name], bundle.words[name]
    if isinstance(kind, TableType):
        return _place(builder, words, place)
    return impl_ret_untracked(context, builder, kind, _read(context, builder, words, place, kind))


@lower_getattr_generic(TableType)
def _get_column(context: Any, builder: Any, table: TableType, words: Any, name: str) -> Any:
    """`table.name` is the column's row in its block; `table.f4` is a whole block, `table.size` a number."""
    size = _read(context, builder, words, table.words["size"], types.intp)
    if name == "size":
        return size
    kind, row = table.layout.get(name, (name, 0))
    seen = table.fields[kind]
    block = _read(context, builder, words, table.words[kind], types.CPointer(seen.dtype))
    begins = builder.gep(block, [builder.mul(size, size.type(row))]) if row else block
    if not CHECKED:
        return begins
    count = size if name in table.layout else builder.mul(size, size.type(table.widths[kind]))
    width = context.get_constant(types.intp, seen.dtype.bitwidth // 8)
    array = arrayobj.make_array(seen)(context, builder)
    arrayobj.populate_array(array, begins, [count], [width], width, meminfo=None)
    return array._getvalue()


@unbox(BundleType)
def _unbox(bundle: BundleType, value: Any, c: Any) -> NativeValue:
    """Where the Python object has written the addresses down; an array would be held for good, as nothing here lets it go again."""
    place = c.pyapi.object_getattr_string(value, "_place")
    address = c.pyapi.long_as_voidptr(place)
    c.pyapi.decref(place)
    words = c.builder.bitcast(address, ir.IntType(64).as_pointer())
    return NativeValue(words, is_error=c.pyapi.c_api_error())
