"""The project's rules about itself: names, sizes, style, documents that are up to date."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SMK = sorted((ROOT / "rules").glob("*.smk"))
LIBRARY = sorted((ROOT / "signverse").rglob("*.py"))
SCRIPTS = sorted((ROOT / "workflow_scripts").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BIN = Path(sys.executable).parent


def rule_texts() -> dict[str, str]:
    """Rule → its text, of all rules but `all`."""
    text = "\n".join(path.read_text("utf-8") for path in SMK)
    parts = re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)[1:]
    return {name: re.split(r"^\S", body, flags=re.MULTILINE)[0]
            for name, body in zip(parts[::2], parts[1::2], strict=True)}  # fmt: skip


RULES = rule_texts()


def run(*command: str) -> subprocess.CompletedProcess[str]:
    program, *arguments = command
    return subprocess.run(
        [str(BIN / program), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("snakefmt", "--check", "Snakefile", "rules"),
        ("snakemake", "--lint"),
    ],
    ids=" ".join,
)
def test_the_checkers_have_nothing_to_object_to(command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_docstring_log_benchmark_environment_and_a_script_of_its_name(rule: str) -> None:
    text = RULES[rule]
    assert re.match(r' +"""[A-Z].+\."""\n', text)
    assert re.search(rf'log:\s+"<logs>/{rule}/\S+\.log"', text)
    assert re.search(rf'benchmark:\s+"<benchmarks>/{rule}/\S+\.tsv"', text)
    assert re.search(r'conda:\s+"\.\./envs/\w+\.yaml"', text)
    assert re.search(rf'script:\s+"\.\./workflow_scripts/{rule}\.py"', text)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_by_code_or_recipe_when_it_reruns(rule: str) -> None:
    own_digest = f'code=digest("workflow_scripts.{rule}")'
    assert own_digest in RULES[rule] or "recipe=" in RULES[rule] or "PLAN.digest" in RULES[rule]


def test_scripts_and_rules_have_the_same_names() -> None:
    assert {path.stem for path in SCRIPTS} == set(RULES)


def test_sections_of_the_config_are_names_of_rules() -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
    sections = {key for key, value in config.items() if isinstance(value, dict)}
    assert sections - {"select", "platform", "traffic"} <= set(RULES)  # these are of several rules


def test_every_key_of_the_config_is_read_somewhere() -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))
    code = "\n".join(p.read_text("utf-8") for p in [*SMK, ROOT / "Snakefile", *LIBRARY, *SCRIPTS])

    def leaves(section: dict) -> set[str]:
        return {
            k for key, v in section.items() for k in (leaves(v) if isinstance(v, dict) else [key])
        }

    unread = {key for key in leaves(config) if not re.search(rf'["\']?\b{key}\b["\']?', code)}
    assert unread == set()


def test_the_snakefile_is_a_table_of_contents() -> None:
    lines = (ROOT / "Snakefile").read_text("utf-8").splitlines()
    assert len(lines) < 60
    assert [line for line in lines if line.startswith("rule")] == ["rule all:"]
    included = {re.findall(r'"(rules/.+?)"', line)[0] for line in lines if "include:" in line}
    assert included == {f"rules/{path.name}" for path in SMK}


@pytest.mark.parametrize("path", [p for p in SMK if p.stem != "common"], ids=lambda p: p.name)
def test_a_lane_opens_with_its_contract(path: Path) -> None:
    head = path.read_text("utf-8").partition("\n\n")[0]
    for word in ("Needs:", "Makes:", "Config:"):
        assert f"# {word}" in head


def test_no_rule_runs_code_inside_the_snakefile() -> None:
    assert not [rule for rule, text in RULES.items() if re.search(r"^ +(run|shell):", text, re.M)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_a_script_is_a_function_and_an_unpacking_block_below_40_lines(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) < 40
    assert ast.get_docstring(tree)
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] == ["main"]
    assert ast.unparse(tree.body[-1]).startswith("if 'snakemake' in globals():")


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_small_documented_and_free_of_snakemake(path: Path) -> None:
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= 300
    assert ast.get_docstring(tree)
    assert not re.search(r"^\s*(import|from) snakemake", text, re.MULTILINE)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name} has no docstring"
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 45, f"{node.name} is long"


def test_tests_are_at_least_as_many_lines_as_the_code() -> None:
    code, tests = (
        sum(len(path.read_text("utf-8").splitlines()) for path in paths)
        for paths in ([*LIBRARY, *SCRIPTS, *SMK], TESTS)
    )
    assert tests >= code


@pytest.mark.parametrize("path", LIBRARY, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_has_its_mirror_in_the_unit_tests(path: Path) -> None:
    inside = path.relative_to(ROOT / "signverse")
    name = inside.stem.strip("_")
    tree = ast.parse(path.read_text("utf-8"))
    if any(isinstance(node, ast.FunctionDef) for node in tree.body):
        assert (ROOT / "tests/unit" / inside.parent / f"test_{name}.py").is_file()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_a_script_has_its_mirror_in_the_script_tests(path: Path) -> None:
    assert (ROOT / "tests/scripts" / f"test_{path.stem}.py").is_file()


def test_the_graph_in_the_readme_is_the_graph_of_the_rules() -> None:
    without_window = "fetch_video={'keep': true}"
    done = run("snakemake", "--rulegraph", "mermaid-js", "--config", without_window)
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]", done.stdout, re.MULTILINE))
    real = {(names[a], names[b]) for a, b in re.findall(r"(id\d+) --> (id\d+)", done.stdout)}
    readme = (ROOT / "README.md").read_text("utf-8")
    drawn = re.findall(r"^    (\w+) --> (\w+)$", readme, re.MULTILINE)
    assert real
    assert set(drawn) == real


def pins() -> dict[str, str]:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    found: dict[str, str] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE):
        found.setdefault(name, version)
    return found


def test_the_lock_has_hashes_and_no_address_of_an_index() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in lock
    assert "index-url" not in lock
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert not [block.split()[0] for block in blocks if "--hash=sha256:" not in block]


def test_the_lock_holds_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = [dependency for group in groups for dependency in group]
    names = {re.match(r"[A-Za-z0-9._-]+", dependency)[0] for dependency in asked}  # type: ignore[index]
    assert names - pins().keys() == set()


@pytest.mark.parametrize("path", sorted((ROOT / "envs").iterdir()), ids=lambda p: p.name)
def test_conda_environments_have_the_pins_of_the_lock(path: Path) -> None:
    found = re.findall(r"([A-Za-z0-9._-]+)==(\S+)", path.read_text("utf-8"))
    assert found
    assert dict(found).items() <= pins().items()


@pytest.mark.parametrize("rule", RULES)
def test_the_conda_environment_of_a_rule_has_what_its_script_imports(rule: str) -> None:
    name = re.findall(r"envs/(\w+)\.yaml", RULES[rule])[0]
    texts = [path.read_text("utf-8") for path in (ROOT / "envs").glob(f"{name}.*")]
    pinned = set(re.findall(r"([A-Za-z0-9._-]+)==", "\n".join(texts)))
    assert third_party(f"workflow_scripts.{rule}") <= pinned


PACKAGES = {
    "cv2": "opencv-python-headless",
    "yt_dlp": "yt-dlp",
    "webvtt": "webvtt-py",
    "yaml": "pyyaml",
    "onnxruntime": "onnxruntime-gpu",
}


def test_the_javascript_for_youtube_is_of_the_version_that_yt_dlp_wants() -> None:
    wanted = [str(found) for found in importlib.metadata.requires("yt-dlp") or []]
    version = importlib.metadata.version("yt-dlp-ejs")
    assert any(found.startswith(f"yt-dlp-ejs=={version};") for found in wanted)


def third_party(module: str) -> set[str]:
    """Packages that a module of the project imports, directly or through its own modules."""
    seen, waiting, packages = set(), [module], set()
    while waiting:
        name = waiting.pop()
        path = ROOT.joinpath(*name.split("."))
        path = (
            path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        )
        if name in seen or not path.is_file():
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            else:
                continue
            waiting += [found for found in names if found.startswith("signverse")]
            packages |= {found.split(".")[0] for found in names}
    packages -= sys.stdlib_module_names | {"signverse"}
    return {PACKAGES.get(package, package.replace("_", "-")) for package in packages}


def test_nothing_names_a_path_of_a_machine_or_a_package_index() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    forbidden = re.compile(
        r"/(work|root|home/\w+)/|" + "pypi" + r"\.org|" + "files.python" + "hosted"
    )
    found = [
        name
        for name in listed
        if (ROOT / name).suffix not in (".png", ".lock") and (ROOT / name).is_file()
        and forbidden.search((ROOT / name).read_text("utf-8"))
    ]  # fmt: skip
    assert found == []


def test_links_between_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"
