import io
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from signverse.console import line, table, watch
from signverse.progress import Progress, StageProgress
from signverse.traffic import Wait


def stages(**changes: StageProgress) -> dict[str, StageProgress]:
    names = ("fetch_metadata", "fetch_video", "estimate_poses", "pack_shard")
    return {name: StageProgress(hours_left=0.0) for name in names} | changes


def running() -> Progress:
    return Progress(
        videos=39_197,
        excluded=2,
        excluded_on_disk=1,
        shards=79,
        stages=stages(
            fetch_metadata=StageProgress(
                ok=12_000,
                lost=Counter(private=1, removed=30),
                failed=Counter(network=2),
                failed_log="logs/fetch_metadata/-abc.log",
                waiting=27_164,
                per_hour=296.4,
                hours_left=91.65,
            ),
            fetch_video=StageProgress(
                ok=1, lost=Counter(private=1, removed=30, undecodable=4), waiting=39_161
            ),
        ),
    )


def finished() -> Progress:
    return Progress(4, 0, 0, 1, stages())


def test_the_table_has_a_row_to_a_stage_and_all_in_columns() -> None:
    rows = table(running()).splitlines()
    assert rows[0] == "Videos: 39,197. Shards: 79. Excluded: 2, on disk until the next run: 1."
    assert " ".join(rows[2].split()) == "stage ok lost failed waiting per hour time left"
    assert rows[3].split() == ["fetch_metadata", "12,000", "31", "2", "27,164", "296", "4", "days"]
    assert rows[4].split()[-3:] == ["39,161", "unknown", "unknown"]
    assert len({len(row) for row in rows[2:7]}) == 1


def test_each_loss_is_told_once_where_it_happened_the_most_frequent_class_first() -> None:
    text = table(running())
    assert "\nLost at fetch_metadata: removed 30, private 1\n" in text
    assert "\nLost at fetch_video: undecodable 4\n" in text


def test_failures_are_told_with_a_log_to_look_at() -> None:
    expected = (
        "Failed at fetch_metadata, to be tried again: network 2; see logs/fetch_metadata/-abc.log"
    )
    assert expected in table(running()).splitlines()


@pytest.mark.parametrize(
    ("hours", "words"),
    [(0.001, "1 min"), (0.5, "30 min"), (1.99, "119 min"), (2.4, "2 h"), (71, "71 h"),
     (91.65, "4 days")],
)  # fmt: skip
def test_the_time_left_is_told_in_the_unit_that_fits(hours: float, words: str) -> None:
    stage = StageProgress(waiting=5, per_hour=1.0, hours_left=hours)
    text = table(Progress(4, 0, 0, 1, stages(fetch_metadata=stage)))
    assert text.splitlines()[-1] == (
        f"Time left at the pace of the last hour: about {words} (fetch_metadata)."
    )


def test_what_cannot_be_said_is_said_to_be_unknown() -> None:
    assert table(running()).splitlines()[-1] == (
        "Time left at the pace of the last hour: at least 4 days (fetch_metadata); "
        "nothing can be said of fetch_video."
    )
    idle = Progress(4, 0, 0, 1, stages(fetch_metadata=StageProgress(waiting=4)))
    assert "Time left: unknown" in table(idle)
    assert table(finished()).endswith("\nNothing is left to do.")


def test_a_line_for_logs_is_plain_and_has_the_time_of_day() -> None:
    text = line(running())
    assert "\n" not in text
    assert "\x1b" not in text
    assert " fetch_metadata 12,031/39,197, fetch_video 36/39,197, " in text
    assert " failed 2. Time left at the pace of the last hour: at least 4 days" in text


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def successive() -> Iterator[Progress]:
    yield running()
    yield running()
    yield finished()


def test_on_a_terminal_one_screen_is_updated_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("LINES", "40")
    views = successive()
    watch(lambda: next(views), 0.01)
    first, second, last = terminal.getvalue().split("\x1b[J")
    height = len(table(running()).splitlines())
    assert first.endswith(f"\n\x1b[{height}F")
    assert second == first  # as high, and over the one before
    assert last.endswith("Nothing is left to do.\n")
    assert max(len(row) for row in first.splitlines()) < 60  # none wraps


def test_a_screen_higher_than_the_terminal_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("LINES", "5")
    views = successive()
    watch(lambda: next(views), 0.01)
    assert "\x1b[4F" in terminal.getvalue()


def test_elsewhere_each_time_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    views = successive()
    watch(lambda: next(views), 0.01)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "\x1b" not in "".join(lines)
    assert lines[-1].endswith("Nothing is left to do.")


def test_ctrl_c_ends_watching_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> Progress:
        os.kill(os.getpid(), 2)
        return running()

    watch(interrupted, 60)
    assert capsys.readouterr().err == ""


def test_a_common_pause_of_all_fetching_is_shown_in_both_forms() -> None:
    why = "all fetching pauses (bot_check: Sign in to confirm you’re not a bot)"
    paused = replace(running(), pause=Wait(720.0, why))
    said = f"For 12 min more {why}."
    assert said in table(paused).splitlines()
    assert said in line(paused)
    assert "pauses" not in table(running())


def test_a_corpus_with_files_of_excluded_videos_is_not_finished() -> None:
    left = replace(finished(), excluded=1, excluded_on_disk=1)
    assert not left.finished
    assert table(left).splitlines()[-1] == "Only the files of excluded videos are left to remove."
