"""The docs site: what `make docs` makes of the Markdown, and that no link of it leads nowhere."""

from __future__ import annotations

import ast
import html
import importlib.util
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

import crossgap

ROOT = Path(__file__).parents[1]
HOOK = runpy.run_path(str(ROOT / "scripts/docs_site.py"), run_name="docs_site")
NEEDED = [name for name in ("mkdocs", "material", "mkdocstrings") if not importlib.util.find_spec(name)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as strictly as `make docs` does."""
    if NEEDED:
        pytest.skip(f"needs {', '.join(NEEDED)}: pip install 'crossgap[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_every_page_is_there_and_no_link_leads_nowhere(site: Path) -> None:
    documents = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert [path for path in documents if not (site / path.with_suffix(".html")).exists()] == []
    broken = []
    for page in site.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"#]+)', page.read_text(encoding="utf-8")):
            local = "://" not in link and not link.startswith(("data:", "mailto:", "/"))
            if local and not (page.parent / unquote(html.unescape(link))).exists():
                broken.append(f"{page.relative_to(site)}: {link}")
    assert broken == []


def test_public_names_are_told_with_their_docstrings(site: Path) -> None:
    reference = (site / "reference.html").read_text(encoding="utf-8")
    assert [name for name in crossgap.__all__ if f'id="crossgap.{name}"' not in reference] == []
    assert (crossgap.CrossgapError.__doc__ or "").partition(".")[0] in reference


def test_code_that_a_page_links_to_can_be_read_on_the_site(site: Path) -> None:
    page = (site / "methods" / "cyclegan.html").read_text(encoding="utf-8")
    assert 'href="../code/src/crossgap/methods/cyclegan/phase.py.html"' in page
    assert "class" in (site / "code/src/crossgap/methods/cyclegan/phase.py.html").read_text(encoding="utf-8")


def test_a_pattern_in_the_menu_stands_for_the_pages_that_nothing_else_names() -> None:
    nav = [{"Guides": ["first.md", "*.md", "last.md"]}, {"Methods": ["methods/*.md"]}]
    pages = ["a.md", "first.md", "last.md", "methods/x.md", "methods/y.md", "worlds/z.md"]
    assert HOOK["in_place_of_patterns"](nav, pages) == [
        {"Guides": ["first.md", "a.md", "last.md"]},
        {"Methods": ["methods/x.md", "methods/y.md"]},
    ]


@pytest.mark.parametrize(
    ("path", "link", "there"),
    [
        ("README.md", "docs/methods/taskgan.md", "methods/taskgan.md"),
        ("README.md", "examples/own_data.py", "code/examples/own_data.py.md"),
        ("docs/methods/cut.md", "../log.md", "../log.md"),
        ("docs/methods/cut.md", "../../README.md", "../index.md"),
        ("docs/methods/cut.md", "../../src/crossgap/losses.py", "../code/src/crossgap/losses.py.md"),
        ("docs/gallery.md", "../results/imaging/quick_maps.png", "results/imaging/quick_maps.png"),
        ("docs/gallery.md", "https://captum.ai", "https://captum.ai"),
        ("docs/gallery.md", "no/such/file.md", "no/such/file.md"),
    ],
)
def test_links_between_files_become_links_between_pages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, link: str, there: str
) -> None:
    for file in (path, "docs/methods/taskgan.md", "examples/own_data.py", "docs/log.md", "README.md",
                 "src/crossgap/losses.py", "results/imaging/quick_maps.png"):  # fmt: skip
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    (tmp_path / path).write_text(text := f"Read [this]({link}) or ![that]({link}#part).")
    monkeypatch.setitem(HOOK["targets"].__globals__, "ROOT", tmp_path)
    assert HOOK["as_on_site"](text, path) == text.replace(link, there)


def said_in_the_code() -> str:
    """All that the code can say, but for docstrings; "…" stands where a value comes."""
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings:
                found.append(node.value)
    return "\n".join(found)


def test_messages_of_the_troubleshooting_are_those_of_the_code() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    messages = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert len(messages) > 20
    said = said_in_the_code()
    parts = [part.strip() for message in messages for part in message.split("…") if len(part.strip()) > 3]
    assert [part for part in parts if part not in said] == []
