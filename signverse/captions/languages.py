"""Languages of tracks: from a platform's tags to ISO 639-3."""

import langcodes

NO_LANGUAGE = {"und", "mul", "mis", "zxx"}  # ISO 639-3: undetermined, several, uncoded, none


def bare_tag(tag: str) -> str:
    """A tag without YouTube's mark of the spoken language: `de-orig` is `de`."""
    return tag.removesuffix("-orig")


def iso639_3(tag: str | None) -> str | None:
    """ISO 639-3 code of a BCP 47 tag (`zh-Hans` → `zho`, `iw` → `heb`); None when unknown.

    YouTube's tags of second tracks (`en-nP7-2PuUl7o`) are no BCP 47: the first subtag decides.
    """
    for candidate in (bare_tag(tag or ""), (tag or "").split("-")[0]):
        try:
            language = langcodes.Language.get(candidate)
            code = str(language.to_alpha3())
        except (LookupError, ValueError):
            continue
        known = langcodes.Language.make(language=language.language).is_valid()
        private = "qaa" <= code <= "qtz"  # left to private use by ISO 639-2
        return code if known and not private and code not in NO_LANGUAGE else None
    return None
