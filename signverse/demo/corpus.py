"""The videos of the demo: two good ones and two bad ones."""

from pathlib import Path

from signverse.demo.recordings import truncate, write_astronaut, write_carphone
from signverse.demo.site import Page, write_manifest, write_page

ENGLISH = """WEBVTT

00:00:00.200 --> 00:00:02.000
An astronaut before her first flight.

00:00:02.000 --> 00:00:04.800
The picture closes in on her face.
"""
SPANISH = """1
00:00:00,200 --> 00:00:02,000
Una astronauta antes de su primer vuelo.

2
00:00:02,000 --> 00:00:04,800
La imagen se acerca a su rostro.
"""

# Nobody signs in these recordings; the sign languages only fill the column.
PAGES = [
    Page("astronaut01", "An astronaut", "ase", {"en": ("vtt", ENGLISH), "es": ("srt", SPANISH)}),
    Page("-carphone01", "A man talks to the camera", "gsg"),
    Page("removed0001", "Gone", "bfi", exists=False),
    Page("truncated01", "A file that breaks off", "vietnam"),
]


def write_site(folder: Path) -> None:
    """Write pages, subtitles and video files below `folder`, unless they are there already."""
    done = folder / "complete"
    if done.exists():
        return
    watch = folder / "watch"
    watch.mkdir(parents=True, exist_ok=True)
    write_astronaut(watch / "astronaut01.mp4")
    write_carphone(watch / "-carphone01.mp4")
    truncate(watch / "-carphone01.mp4", watch / "truncated01.mp4", share=0.6)
    for page in PAGES:
        if page.exists:
            write_page(folder, page)
    done.touch()


def write_demo(folder: Path, port: int) -> Path:
    """Write the site and its manifest; return the manifest's path."""
    write_site(folder / "site")
    manifest = folder / "manifest.csv"
    write_manifest(manifest, PAGES, port)
    return manifest
