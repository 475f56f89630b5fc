from collections.abc import Iterator
from pathlib import Path

import pytest

from signverse import digests

PROJECT = {
    "signverse/__init__.py": '"""The package."""\n',
    "signverse/captions.py": '''"""Captions."""

from signverse.text import clean

LIMIT = 3  # words


def cut(text: str) -> list[str]:
    """The first words of a text."""
    from signverse.late import words

    return words(clean(text))[:LIMIT]


class Cutter:
    """Cuts."""

    size = 1
''',
    "signverse/text.py": "import re\n\nimport signverse.table as t\n\n"
    'def clean(text):\n    return re.sub("x", t.X, text)\n',
    "signverse/table.py": 'X = "y"\n',
    "signverse/late.py": "def words(text):\n    return text.split()\n",
    "signverse/other.py": "import signverse.captions\n\nOTHER = 1\n",
    "signverse/package/__init__.py": "from signverse.package import inner\n",
    "signverse/package/inner.py": "INNER = 1\n",
    "signverse/outer/__init__.py": "OUTER = 1\n",
    "signverse/outer/leaf.py": "from signverse.outer.twig import TWIG\n",
    "signverse/outer/twig.py": "TWIG = 1\n",
    "scripts/deep.py": "from signverse.outer.leaf import TWIG\n",
    "scripts/job.py": "import signverse.captions\n\nif 1:\n    signverse.captions.cut('a')\n",
    "scripts/short.py": "from signverse import package\n",
    "scripts/loop_a.py": "import signverse.loop\n",
    "signverse/loop.py": "import signverse.loop_back\n",
    "signverse/loop_back.py": "import signverse.loop\n\nBACK = 1\n",
}


def forget() -> None:
    for cached in (digests.digest, digests._tree, digests._meaning):
        cached.cache_clear()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small project in the place of ours."""
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(digests, "ROOT", tmp_path)
    forget()
    yield tmp_path
    forget()


def digest_after(project: Path, name: str, old: str, new: str, module: str) -> str:
    path = project / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    forget()
    return digests.digest(module)


def test_a_digest_is_sixteen_hexadecimal_digits_and_stays(project: Path) -> None:
    first = digests.digest("scripts.job")
    forget()
    assert digests.digest("scripts.job") == first
    assert len(first) == 16
    assert int(first, 16) >= 0


def test_a_digest_does_not_depend_on_the_folder_of_the_project(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digests.digest("scripts.job")
    moved = tmp_path / "moved"
    for name in PROJECT:
        (moved / name).parent.mkdir(exist_ok=True, parents=True)
        (project / name).rename(moved / name)
    monkeypatch.setattr(digests, "ROOT", moved)
    forget()
    assert digests.digest("scripts.job") == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("signverse/captions.py", "  # words", "  # words, not characters"),
        ("signverse/captions.py", '"""Captions."""', '"""All about captions."""'),
        ("signverse/captions.py", '"""Captions."""\n', ""),
        ("signverse/captions.py", '    """The first words of a text."""\n', ""),
        ("signverse/captions.py", '"""Cuts."""', '"""Cuts texts."""'),
        ("signverse/captions.py", "cut(text: str)", "cut(\n    text: str,\n)"),
        ("signverse/captions.py", "\n\n\n", "\n\n\n\n\n"),
        ("signverse/table.py", '"y"', "'y'"),
        ("signverse/text.py", "import re\n", "# the standard library's\nimport re\n"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(
    project: Path, name: str, old: str, new: str
) -> None:
    before = digests.digest("scripts.job")
    assert digest_after(project, name, old, new, "scripts.job") == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("scripts/job.py", "cut('a')", "cut('b')"),
        ("signverse/captions.py", "LIMIT = 3", "LIMIT = 4"),
        ("signverse/captions.py", "[:LIMIT]", "[LIMIT:]"),
        ("signverse/captions.py", "LIMIT", "LIMIT_OF_WORDS"),
        ("signverse/captions.py", "size = 1", "size = 1.0"),
        ("signverse/captions.py", "    size = 1", '    """Cuts."""\n\n    size = None'),
    ],
)
def test_names_constants_and_code_count(project: Path, name: str, old: str, new: str) -> None:
    before = digests.digest("scripts.job")
    assert digest_after(project, name, old, new, "scripts.job") != before


def test_the_code_of_a_module_imported_by_an_import_counts(project: Path) -> None:
    before = digests.digest("scripts.job")
    assert digest_after(project, "signverse/table.py", '"y"', '"z"', "scripts.job") != before


def test_an_import_inside_a_function_counts(project: Path) -> None:
    before = digests.digest("scripts.job")
    new = "text.split(',')"
    assert digest_after(project, "signverse/late.py", "text.split()", new, "scripts.job") != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("signverse/package/__init__.py", "import inner", "import inner as i"),
        ("signverse/package/inner.py", "INNER = 1", "INNER = 2"),
    ],
)
def test_a_module_imported_from_its_package_counts(
    project: Path, name: str, old: str, new: str
) -> None:
    before = digests.digest("scripts.short")
    assert digest_after(project, name, old, new, "scripts.short") != before


@pytest.mark.parametrize("name", ["__init__", "leaf", "twig"])
def test_submodules_of_a_package_and_its_init_count(project: Path, name: str) -> None:
    before = digests.digest("scripts.deep")
    new = "import re\n\n"
    path = project / "signverse" / "outer" / f"{name}.py"
    path.write_text(new + path.read_text(encoding="utf-8"), encoding="utf-8")
    forget()
    assert digests.digest("scripts.deep") != before


def test_the_digest_of_the_captions_covers_every_module_of_their_package(root: Path) -> None:
    forget()
    reached = digests._reachable("workflow_scripts.structure_captions")
    modules = {path.stem for path in (root / "signverse" / "captions").glob("[a-z]*.py")}
    used_when_fetching = {"encodings"}
    assert {f"signverse.captions.{name}" for name in modules - used_when_fetching} <= reached
    assert "signverse.captions" in reached


def test_a_module_that_is_not_imported_does_not_count(project: Path) -> None:
    before = digests.digest("scripts.job")
    assert digest_after(project, "signverse/other.py", "= 1", "= 2", "scripts.job") == before


def test_moving_code_to_another_module_of_the_same_text_counts(project: Path) -> None:
    before = digests.digest("scripts.job")
    (project / "signverse/late.py").rename(project / "signverse/later.py")
    after = digest_after(
        project, "signverse/captions.py", "signverse.late ", "signverse.later ", "scripts.job"
    )
    assert after != before


def test_modules_that_import_each_other_have_a_digest(project: Path) -> None:
    before = digests.digest("scripts.loop_a")
    after = digest_after(project, "signverse/loop_back.py", "= 1", "= 2", "scripts.loop_a")
    assert after != before


def test_different_modules_have_different_digests(project: Path) -> None:
    modules = ["scripts.job", "scripts.short", *(f"signverse.{m}" for m in ("captions", "late"))]
    assert len({digests.digest(module) for module in modules}) == 4


@pytest.mark.parametrize("module", ["scripts.none", "signverse.none", "none"])
def test_a_module_that_does_not_exist_is_an_error(project: Path, module: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=rf"no module {module} below "):
        digests.digest(module)


def test_the_scripts_of_the_cheap_stages_have_digests(root: Path) -> None:
    forget()
    scripts = ["structure_captions", "pack_shard", "collect_status"]
    found = {digests.digest(f"workflow_scripts.{script}") for script in scripts}
    assert len(found) == len(scripts)


def test_the_project_imports_itself_by_full_names_only(root: Path) -> None:
    """Digests follow these only."""
    files = [*root.glob("signverse/**/*.py"), *root.glob("workflow_scripts/*.py")]
    assert len(files) > 20
    assert [f.name for f in files if "from ." in f.read_text(encoding="utf-8")] == []
