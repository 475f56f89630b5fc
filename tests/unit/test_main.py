"""The commands of `python -m signverse`, as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pretended_corpus import STAGES, PretendedCorpus

from signverse.__main__ import main

IDS = ("good", "-gone", "broken", "new")

LOST = ("video.json", "poses.npz", "preview.mp4", "preview.png")


@pytest.fixture
def corpus(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> PretendedCorpus:
    """A project's folder with the shipped config, a manifest, and four videos in one shard."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    shipped = (root / "config/config.yaml").read_text(encoding="utf-8")
    (tmp_path / "config/config.yaml").write_text(shipped, encoding="utf-8")
    rows = "".join(f"{video},ase\n" for video in IDS)
    (tmp_path / "config/manifest.csv").write_text(rows)
    corpus = PretendedCorpus(tmp_path)
    corpus.healthy("good", *STAGES)
    corpus.lost("-gone", "fetch_metadata", "removed")
    corpus.lost("broken", "fetch_video", "undecodable")
    return corpus


def refusal(*arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, str)  # printed, with exit code 1
    return caught.value.code


def test_status_shows_the_table(
    corpus: PretendedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["status"])
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "Videos: 4. Shards: 1."
    assert rows[3].split()[:5] == ["fetch_metadata", "2", "1", "0", "1"]


def test_status_for_programs_is_json(
    corpus: PretendedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["status", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["videos"] == 4
    assert told["finished"] is False
    assert told["stages"]["estimate_poses"]["lost"] == {"removed": 1, "undecodable": 1}
    assert told["stages"]["pack_shard"]["per_hour"] is None


def test_watching_shows_lines_until_all_is_done(
    corpus: PretendedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus.healthy("new", *STAGES)
    corpus.packed("00000")
    main(["status", "--watch", "0.01", "--config", "render_preview={'every': 0}"])
    assert "fetch_metadata 4/4" in capsys.readouterr().out


def test_settings_are_given_as_to_snakemake(
    corpus: PretendedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    (corpus.root / "results").rename(corpus.root / "elsewhere")
    (corpus.root / "mine.yaml").write_text("results: nowhere\nlogs: nowhere\n")
    (corpus.root / "other.csv").write_text("good,ase\n")
    main(["status", "--configfile", "mine.yaml", "--config", "results=elsewhere",
          "manifest=other.csv"])  # fmt: skip
    rows = capsys.readouterr().out.splitlines()
    assert rows[0] == "Videos: 1. Shards: 1."
    assert rows[3].split()[:5] == ["fetch_metadata", "1", "0", "0", "0"]


def test_a_dry_retry_lists_video_class_and_files_and_removes_nothing(
    corpus: PretendedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    before = corpus.files()
    main(["retry", "--reason", "removed", "--reason", "undecodable", "--dry-run"])
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith("-gone\tremoved\tmetadata.json subtitles.json download.json")
    assert rows[1] == "broken\tundecodable\tvideo.json poses.npz preview.mp4 preview.png"
    assert rows[2] == "Videos that would be tried again: 2. Nothing was removed."
    assert corpus.files() == before


def test_a_retry_removes_what_the_dry_one_lists(
    corpus: PretendedCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    before = corpus.files()
    main(["retry", "--reason", "undecodable"])
    gone = {f"videos/broken/{name}" for name in LOST}
    assert before - corpus.files() == gone
    assert capsys.readouterr().out.endswith("next run of Snakemake tries again: 1.\n")


def test_a_run_that_holds_the_lock_keeps_retries_out_but_not_dry_ones(
    corpus: PretendedCorpus,
) -> None:
    lock = corpus.root / ".snakemake/locks/0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("config/manifest.csv\n")
    before = corpus.files()
    assert "a Snakemake run holds .snakemake/locks" in refusal("retry", "--reason", "removed")
    assert corpus.files() == before
    main(["retry", "--reason", "removed", "--dry-run"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retry", "--reason", "gone"], "Error: reason: found 'gone'; allowed: private, "),
        (["status", "--config", "exclude=none.csv"], "Error: exclude: none.csv cannot be read"),
        (["status", "--config", "manifest=none.csv"], "Error: none.csv: no such manifest"),
        (["status", "--config", "reslts=a"], "Error: config, top level: unknown key 'reslts'"),
        (["status", "--configfile", "none.yaml"], "Error: config: none.yaml cannot be read"),
    ],
)
def test_bad_input_gives_one_line(
    corpus: PretendedCorpus, arguments: list[str], message: str
) -> None:
    told = refusal(*arguments)
    assert told.startswith(message)
    assert "\n" not in told


def test_outside_a_project_the_missing_config_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal("status").startswith("Error: config: config/config.yaml cannot be read")


@pytest.mark.parametrize("arguments", [[], ["retry"], ["status", "--watch", "0"]])
def test_a_wrong_call_says_what_is_expected(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m signverse" in capsys.readouterr().err


@pytest.mark.parametrize("written", ["0", "soon", "nan"])
def test_a_wrong_interval_is_refused_with_what_is_allowed(
    written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["status", "--watch", written])
    assert f"found '{written}'; expected a number of seconds over 0" in capsys.readouterr().err


def test_a_reader_that_stops_early_is_no_error(corpus: PretendedCorpus, root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "signverse", "status"],
        env={"PYTHONPATH": str(root)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == b""
    assert process.wait() == 0
