"""News on the names that are held."""

from typing import ClassVar

from pydantic import Field

from mts1b_operations.events.fields import Count, EventModel, Identifier, Timestamp


class NewsItem(EventModel):
    """One story (or `count` of them) about one symbol; `story_id` tells replays apart."""

    key_field: ClassVar[str] = "symbol"

    symbol: Identifier
    timestamp: Timestamp
    story_id: Identifier
    headline: str | None = None
    source: str | None = None
    count: Count = Field(default=1, ge=1)
