"""Where a bar, a bucket, a day or a track begins."""

from dataclasses import dataclass


@dataclass(slots=True)
class Origin:
    """A first message: its place in its stream, and its moment in microseconds since 1970."""

    sequence: int
    moment: int
