"""What the docs site has beside docs/: README as its first page, public names with their docstrings, and a
page of each file that a link leads to. A hook of MkDocs, named in mkdocs.yml.

Links are written as a plain Git host needs them, from file to file. Here those that leave docs/ are turned
into links between pages.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OUTSIDE = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
"""Markdown outside of docs/ that is a page, and which."""
REFERENCE = "reference.md"
PICTURES = (".png", ".jpg", ".gif", ".svg")
LINK = re.compile(r"(?<=\]\()([^)#\s]+)")


def on_config(config: Any) -> None:
    """Put pages in the place of patterns in `nav`."""
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    config.nav = in_place_of_patterns(config.nav, pages)


def on_files(files: Any, config: Any) -> Any:
    """Add what lies outside of docs/: README, the reference, and all that a page links to."""
    from mkdocs.structure.files import File, InclusionLevel

    files.append(File.generated(config, REFERENCE, content=reference(), inclusion=InclusionLevel.INCLUDED))
    for path, page in OUTSIDE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    for path in linked(path_of(file.src_uri) for file in files.documentation_pages()):
        if path.endswith(PICTURES):
            files.append(File.generated(config, page_of(path), abs_src_path=str(ROOT / path)))
        else:
            hidden = InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, page_of(path), content=shown(path), inclusion=hidden))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn a page's links into links between pages."""
    return as_on_site(markdown, path_of(page.file.src_uri))


def in_place_of_patterns(nav: Any, pages: list[str]) -> Any:
    """`nav` with the pages that each pattern matches and nothing else names."""
    named = set(_leaves(nav))

    def expand(entry: Any) -> Any:
        if isinstance(entry, dict):
            return {title: expand(inner) for title, inner in entry.items()}
        if isinstance(entry, list):
            return [page for inner in entry for page in _as_list(expand(inner))]
        if "*" not in entry:
            return entry
        depth = entry.count("/")
        return [
            page for page in pages
            if page not in named and fnmatch(page, entry) and page.count("/") == depth
        ]  # fmt: skip

    return expand(nav)


def _as_list(entry: Any) -> list[Any]:
    return entry if isinstance(entry, list) else [entry]


def _leaves(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for inner in nav.values() if isinstance(nav, dict) else nav:
            yield from _leaves(inner)


def path_of(page: str) -> str:
    """Where a page's text is, from the repository's root."""
    outside = {page: path for path, page in OUTSIDE.items()}
    return outside.get(page, f"docs/{page}")


def page_of(path: str) -> str:
    """The page, or the picture, that shows a file of the repository."""
    if path in OUTSIDE or path.startswith("docs/"):
        return OUTSIDE.get(path, path.removeprefix("docs/"))
    return path if path.endswith(PICTURES) else f"code/{path}.md"


def targets(path: str) -> Iterator[tuple[str, str]]:
    """The links of a file that lead to others of the repository: as written, and from its root."""
    if (ROOT / path).suffix == ".md" and (ROOT / path).is_file():
        for link in LINK.findall((ROOT / path).read_text(encoding="utf-8")):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), link))
            if "://" not in link and (ROOT / target).exists():
                yield link, target
    elif (ROOT / path).is_dir():
        yield from ((file.name, f"{path}/{file.name}") for file in sorted((ROOT / path).glob("*.py")))


def linked(paths: Iterable[str]) -> Iterator[str]:
    """What lies outside of docs/ and is linked to from these files, or from a folder that is."""
    waiting, seen = list(paths), set()
    while waiting:
        for _, target in targets(waiting.pop()):
            if target not in seen and target not in OUTSIDE and not target.startswith("docs/"):
                seen.add(target)
                waiting.append(target)
                yield target


def shown(path: str) -> str:
    """A page of a file's text, or of a folder's files; a search does not find it."""
    head = f"---\nsearch: {{exclude: true}}\n---\n\n# `{path}`\n\n"
    if (ROOT / path).is_dir():
        here = posixpath.dirname(page_of(path))
        links = [(name, posixpath.relpath(page_of(target), here)) for name, target in targets(path)]
        return head + "\n".join(f"- [`{name}`]({link})" for name, link in links)
    kind = "python" if path.endswith(".py") else "text"
    return f"{head}``````{kind}\n{(ROOT / path).read_text(encoding='utf-8')}\n``````\n"


def as_on_site(markdown: str, path: str) -> str:
    """The Markdown of a file, with links between pages."""
    known, here = dict(targets(path)), posixpath.dirname(page_of(path))

    def link(found: re.Match[str]) -> str:
        target = known.get(found[0])
        return posixpath.relpath(page_of(target), here or ".") if target else found[0]

    return LINK.sub(link, markdown)


def reference() -> str:
    """The page of public names: those of `crossgap/__init__.py`, by the room that each is in."""
    tree = ast.parse((ROOT / "src/crossgap/__init__.py").read_text(encoding="utf-8"))
    rooms: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crossgap."):
            rooms.setdefault((node.module or "").split(".")[1], []).extend(name.name for name in node.names)
    text = "# API\n\nThe public names: `from crossgap import …`.\n"
    for room, names in rooms.items():
        text += f"\n## {room}\n" + "".join(f"\n::: crossgap.{name}\n" for name in names)
    return text
