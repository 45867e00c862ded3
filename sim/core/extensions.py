"""Extensions: files of Python from outside the package that declare mechanisms, steps, series, measures and more.

Such a file is code, and runs only when the person at the keyboard names it. It is known by its name and by the hash of its text; results
keep both, and the text, so that workers on any machine load the same, and so that a result is not taken for one of another version.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from sim.core import storage
from sim.core.errors import Mistake, shown
from sim.core.reading_files import read_bytes, read_text
from sim.core.registries import changed, registry, restored_on_error

HOME = "risingtide_extensions"
"""The package to which the modules of extensions belong."""
Named = str | Path | ModuleType


@dataclass(frozen=True)
class Extension:
    """A file from outside that has been loaded."""

    name: str
    """The name of the file, without its ending."""
    path: Path
    """Where it was loaded from."""
    sha256: str
    """The hash of its text."""
    text: str
    module: str
    """The module that it is here."""

    @property
    def kept(self) -> dict[str, str]:
        """What a manifest keeps of it."""
        return {"sha256": self.sha256, "text": self.text}


LOADED: dict[str, Extension] = registry({})
"""The extensions of this process, by name."""


def use(*named: Named) -> None:
    """Load extensions; they stay for the rest of this process, and change nothing that does not ask for them.

    Args:
        named: files of Python, modules that have been imported, or the folders of results that keep the texts of their own.

    Raises:
        Mistake: if one cannot be loaded.
    """
    for each in named:
        if isinstance(each, ModuleType):
            adopt(each)
        elif Path(each).is_dir():
            load_kept(_kept_in(Path(each)))
        else:
            load(each)


def load(path: str | Path) -> Extension:
    """Load a file as an extension; a file that is loaded already is not run again.

    Raises:
        Mistake: if it is no file of Python, is wrong, or bears the name of another one.
    """
    where = Path(path)
    if where.suffix != ".py" or not where.stem.isidentifier():
        raise Mistake([f"{where}: an extension is a file of Python whose name is a word, such as my_tax.py"])
    try:
        return _load(where, read_bytes(where))
    except OSError as error:
        raise Mistake([f"{where}: cannot be read ({error.strerror}); name the file of an extension"]) from None


def adopt(module: ModuleType) -> Extension:
    """Use a module that has been imported as an extension. It must be a single file, which workers can load by itself.

    Raises:
        Mistake: if it is none.
    """
    if file := getattr(module, "__file__", None):
        path = Path(file)
        new = _extension(path, read_bytes(path), module.__name__)
        if not _is_loaded(new):
            LOADED[new.name] = new
            changed()
        return new
    raise Mistake([f"extensions: {shown(module)} has no file; write what it declares into one, such as my_tax.py"])


def load_kept(kept: Mapping[str, Mapping[str, str]]) -> None:
    """Load the extensions that a plan or a result keeps, out of their texts.

    Raises:
        Mistake: if one cannot be loaded, or its text is not the one that its hash was made of.
    """
    for name, said in kept.items():
        data = said["text"].encode()
        if not name.isidentifier() or hashlib.sha256(data).hexdigest() != said["sha256"]:
            raise Mistake([f"extension {shown(name)}: its text has been changed since it was kept"])
        if not _is_loaded(_extension(Path(f"{name}.py"), data)):
            _load(_file_of(name, data), data)


def kept() -> dict[str, dict[str, str]]:
    """What a manifest keeps of the extensions of this process."""
    return {name: each.kept for name, each in sorted(LOADED.items())}


def hashes() -> dict[str, str]:
    """The hash of each extension of this process, by name."""
    return {name: each.sha256 for name, each in sorted(LOADED.items())}


def check(folder: Path, kept: Any) -> None:
    """See that the extensions with which a result was made are those of this process.

    Raises:
        Mistake: if one is missing, or is another version.
    """
    for name, said in kept.items() if isinstance(kept, dict) else ():
        here, wanted = LOADED.get(name), said.get("sha256") if isinstance(said, dict) else None
        if here is None:
            way_out = (
                f"name it, as its code runs only then: --with {name}.py, or --with {folder} for the text kept there"
            )
            raise Mistake([f"{folder}: was made with the extension {name}.py; {way_out}"])
        if here.sha256 != wanted:
            told = (
                f"{here.path} is another version of the extension (sha256 {here.sha256[:12]}, not {str(wanted)[:12]})"
            )
            raise Mistake([f"{folder}: {told}; --with {folder} takes the one that it was made with"])


def _file_of(name: str, data: bytes) -> Path:
    """A file that holds this text: compiled code is kept for a file."""
    from sim.core import code_cache  # here, not above: it needs the compiler

    base = code_cache.base() or Path(tempfile.mkdtemp(prefix="risingtide-"))
    path = base / "extensions" / hashlib.sha256(data).hexdigest()[:16] / f"{name}.py"
    if not path.is_file() or read_bytes(path) != data:
        storage.make_folder(path.parent)
        storage.write_file(path, data)
    return path


def strangers(modules: Iterable[str]) -> list[str]:
    """Those of the modules that declare something and that no other process can load: neither the package's nor an extension's."""
    ours = {each.module for each in LOADED.values()}
    return sorted({name for name in modules if name.partition(".")[0] != "sim" and name not in ours})


def _kept_in(folder: Path) -> dict[str, Any]:
    """The extensions that a result keeps.

    Raises:
        Mistake: if it keeps none.
    """
    try:
        found = json.loads(read_text(folder / "manifest.json"))["extensions"]
        if all(isinstance(said["text"], str) and isinstance(said["sha256"], str) for said in found.values()):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise Mistake([f"{folder}: keeps no extension; name a file of Python, or a result that was made with one"])


def _extension(path: Path, data: bytes, module: str = "") -> Extension:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Mistake([f"{path}: is no text in UTF-8"]) from None
    return Extension(path.stem, path, hashlib.sha256(data).hexdigest(), text, module or f"{HOME}.{path.stem}")


def _is_loaded(new: Extension) -> bool:
    """Whether an extension is there already.

    Raises:
        Mistake: if another one of its name is.
    """
    there = LOADED.get(new.name)
    if there and there.sha256 != new.sha256:
        raise Mistake(
            [f"{new.path}: another extension of this name is loaded ({there.path}); rename one, or start anew"]
        )
    return there is not None


def _load(path: Path, data: bytes) -> Extension:
    new = _extension(path, data)
    if _is_loaded(new):
        return LOADED[new.name]
    name = f"{HOME}.{new.name}"
    spec = spec_from_file_location(name, path)
    assert spec is not None
    module = module_from_spec(spec)
    with restored_on_error():
        sys.modules[name] = module
        try:
            exec(compile(new.text, str(path), "exec"), module.__dict__)  # noqa: S102  # the very text that was hashed
        except Mistake:
            del sys.modules[name]
            raise
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise Mistake([f"{path}{_line(error, path)}: {type(error).__name__}: {error}"]) from error
        LOADED[new.name] = new
        changed()
    return new


def _line(error: BaseException, path: Path) -> str:
    """Where in a file something went wrong, to stand behind its name."""
    if isinstance(error, SyntaxError):
        return f":{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f":{lines[-1]}" if lines else ""
