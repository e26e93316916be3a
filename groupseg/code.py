"""Which code a piece of work runs, and a digest of it that comments, docstrings and layout do not change.

A result is kept for as long as the code behind it is the same. Which code that is, is found from the imports: no list
is kept by hand.
"""

import ast
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from grimp import ImportGraph

PACKAGES = ("groupseg", "stages")

# Passed over: they check parameters and fill in those that are left out, report errors, say where files lie and fetch
# files whose digests are known, and so cannot change what a result is. `groupseg` itself only names what the package
# exports.
NEUTRAL = frozenset(
    {"groupseg", "stages"}
    | {f"groupseg.{name}" for name in ("alone", "defaults", "errors", "extras", "processes", "restored", "terminal")}
    | {"groupseg.io", "groupseg.io.plain_file", "groupseg.io.yaml_file"}
    | {f"stages.{name}" for name in ("params", "paths", "schema", "faults", "stage")}
    | {f"stages.sections.{name}" for name in ("base", "data", "models", "run")}
    | {"groupseg.published.configurations"}
    | {f"groupseg.sources.{name}" for name in ("cache", "digests", "fetch", "part", "response", "transfer")}
)


class Code:
    """The modules of the project and what each imports, wherever in the file: also what a function imports when called.

    Args:
        root: The folder that holds the packages; they must be found there when they are imported.
        packages: Names of the packages.
    """

    def __init__(self, root: Path = Path(), packages: tuple[str, ...] = PACKAGES) -> None:
        self.root = root
        self.imports = _imports(packages)
        self._data_files = cache(_data_files)  # asked of most files for many digests

    def closure(self, modules: Iterable[str], without: Collection[str] = ()) -> frozenset[str]:
        """Returns the modules, and all that they import, directly or not.

        What a package's `__init__.py` does is left out unless the package itself is imported.

        Args:
            modules: Where to begin.
            without: Modules that are not followed, such as those of another kind of model.
        """
        found: set[str] = set()
        waiting = set(modules)
        stop = NEUTRAL | set(without)
        while waiting:
            module = waiting.pop()
            found.add(module)
            waiting |= self.imports.find_modules_directly_imported_by(module) - found - stop
        return frozenset(found)

    def modules(self, starts: tuple[str, ...]) -> frozenset[str]:
        """Returns all modules whose names start in one of some ways."""
        return frozenset(name for name in self.imports.modules if name.startswith(starts))

    def digest(self, modules: Iterable[str], without: Collection[str] = ()) -> str:
        """Returns the digest of all code and data files behind some modules, 16 hexadecimal digits."""
        lines = [f"{path.as_posix()} {code_file_digest(self.root / path)}" for path in self.files(modules, without)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def files(self, modules: Iterable[str], without: Collection[str] = ()) -> list[Path]:
        """Lists the files behind some modules, relative to the root: theirs, and the data files that they read."""
        found = {self._path(module) for module in self.closure(modules, without)}
        data = {path.relative_to(self.root) for file in found for path in self._data_files(self.root / file)}
        return sorted(found | data)

    def _path(self, module: str) -> Path:
        path = Path(*module.split("."))
        return path / "__init__.py" if (self.root / path).is_dir() else path.with_suffix(".py")


def code_file_digest(path: Path) -> str:
    """Returns a digest of what a file does: of Python its syntax tree without docstrings, else its bytes."""
    return _content_digest(path.read_bytes(), path.suffix == ".py")


# Most files are behind many digests.
@cache
def _content_digest(content: bytes, python: bool) -> str:
    if python:
        content = repr(_plain(ast.parse(content))).encode()
    return hashlib.sha256(content).hexdigest()


@cache
def _imports(packages: tuple[str, ...]) -> "ImportGraph":
    from grimp import build_graph

    return build_graph(*packages, cache_dir=None, exclude_type_checking_imports=True)


def _data_files(module: Path) -> list[Path]:
    """Lists the files of its package that a module may read: of a kind, such as .txt, that a string of it ends in.

    What a template includes counts as the template does.
    """
    kinds = _kinds(module.read_bytes()) if (found := list(_beside(module.parent))) else frozenset()
    templates = [path.read_text("utf-8") for path in found if path.suffix == ".j2" and ".j2" in kinds]
    kinds |= {Path(name).suffix for text in templates for name in re.findall('{% include "(.+?)" %}', text)}
    return [path for path in found if path.suffix in kinds]


def _beside(folder: Path) -> Iterator[Path]:
    """Yields the files of a package that are no Python, such as lists of words and templates."""
    for path in folder.iterdir():
        if path.is_dir():
            if path.name != "__pycache__" and not (path / "__init__.py").exists():
                yield from _beside(path)
        elif path.suffix not in (".py", ".pyc", ".typed") and not path.name.startswith("."):
            yield path


@cache
def _kinds(content: bytes) -> frozenset[str]:
    nodes = (node.value for node in ast.walk(ast.parse(content)) if isinstance(node, ast.Constant))
    return frozenset(f".{text.rpartition('.')[2]}" for text in nodes if isinstance(text, str) and "." in text)


def _plain(node: Any) -> Any:
    """Turns a syntax tree into tuples: the same for all versions of Python, which differ in empty fields alone."""
    if isinstance(node, ast.AST):
        fields = [(name, _plain(value)) for name, value in ast.iter_fields(node) if value not in (None, [])]
        return type(node).__name__, [field for field in fields if field[0] not in ("ctx", "kind")]
    if isinstance(node, list):
        return [_plain(item) for item in node if not _is_text(item)]
    return node


def _is_text(node: Any) -> bool:
    """Whether a statement is a string that nothing takes: a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
