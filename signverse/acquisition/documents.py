"""All that is written of one video before its stream is fetched, from one question."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from signverse.acquisition.client import Client
from signverse.acquisition.extraction import extract
from signverse.acquisition.facts import metadata
from signverse.acquisition.formats import FormatPolicy
from signverse.acquisition.streams import download_info
from signverse.acquisition.texts import fetch_subtitles


def fetch_documents(client: Client, recipe: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What `subtitles`, `download` and `metadata` say of a video, by these names.

    recipe: as `signverse.recipes.metadata_recipe` makes it. The platform is asked once, then each
    wanted subtitle track is fetched. Raises VideoError or MachineError, by whose fault it is.
    """
    started = datetime.now(UTC)
    policy = FormatPolicy(recipe["min_height_px"], recipe["max_height_px"])
    personal = recipe["personal_data"]
    info, choice = extract(client, recipe["url"], policy, comments="comments" in personal)
    tracks = fetch_subtitles(client, info)
    facts = metadata(
        info,
        choice,
        url=recipe["url"],
        personal_data=personal,
        started=started,
        finished=datetime.now(UTC),
    )
    download = download_info(info, choice, policy)
    return {"subtitles": {"tracks": tracks}, "download": {"info": download}, "metadata": facts}
