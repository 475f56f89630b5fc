import shutil
from pathlib import Path

import pytest

from signverse.disk import check_free_space
from signverse.errors import MachineError


def test_a_disk_with_room_is_no_error(tmp_path: Path) -> None:
    free_gb = shutil.disk_usage(tmp_path).free / 1e9
    check_free_space(tmp_path, free_gb / 2)
    check_free_space(tmp_path, 0)


def test_a_disk_without_room_is_one_line_with_folder_space_and_key(tmp_path: Path) -> None:
    with pytest.raises(MachineError) as caught:
        check_free_space(tmp_path, 1e6)
    message = str(caught.value)
    assert caught.value.status == "disk_full"
    assert message.startswith(f"{tmp_path}: ")
    for words in ("GB free", "at least 1e+06 GB", "fetch_video: min_free_gb"):
        assert words in message
    assert "\n" not in message


def test_what_root_keeps_for_itself_is_not_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(shutil.disk_usage(tmp_path))(total=100 * 10**9, used=90 * 10**9, free=5 * 10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    check_free_space(tmp_path, 5)
    with pytest.raises(MachineError, match=r"5\.0 GB free on the disk, at least 6 GB"):
        check_free_space(tmp_path, 6)


@pytest.mark.parametrize("name", ["results", "results/videos/-a"])
def test_a_folder_that_is_not_there_yet_is_judged_by_the_disk_it_will_be_on(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_free_space(name, 0)
    with pytest.raises(MachineError, match=f"^{name}: "):
        check_free_space(name, 1e6)
    assert list(tmp_path.iterdir()) == []
