import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mts1b_operations.sinks.chat.mailbox import Mailbox
from mts1b_operations.sinks.chat.notices import Notice

pytestmark = pytest.mark.unit


def plain(*names: str) -> list[Notice]:
    return [Notice(name, urgent=False) for name in names]


def urgent(*names: str) -> list[Notice]:
    return [Notice(name, urgent=True) for name in names]


def drained(mailbox: Mailbox) -> list[str]:
    texts = []
    while (notice := mailbox.first(0)) is not None:
        texts.append(notice.text)
        mailbox.done(notice)
    return texts


def test_the_first_stays_until_it_is_done() -> None:
    mailbox = Mailbox(10)
    mailbox.put(plain("a", "b"))
    first = mailbox.first(0)
    assert first is not None
    assert mailbox.first(0) is first
    mailbox.done(first)
    assert drained(mailbox) == ["b"]


def test_what_does_not_fit_is_counted_and_told() -> None:
    mailbox = Mailbox(2)
    mailbox.put(plain("a", "b", "c", "d"))
    texts = drained(mailbox)
    assert texts[:2] == ["a", "b"]
    assert texts[2].startswith("… and 2 more alerts")
    assert mailbox.wait_empty(0)


def test_an_urgent_notice_takes_the_place_of_one_that_is_not() -> None:
    mailbox = Mailbox(2)
    mailbox.put([*urgent("halt 1"), *plain("alert")])
    mailbox.put(urgent("halt 2", "halt 3"))
    assert drained(mailbox)[:3] == ["halt 1", "halt 2", "halt 3"]
    assert mailbox.contents() == ([], 0)


def test_a_notice_pushed_out_while_it_was_sent_is_not_taken_for_the_next() -> None:
    mailbox = Mailbox(1)
    mailbox.put(plain("alert"))
    under_way = mailbox.first(0)
    assert under_way is not None
    mailbox.put(urgent("halt"))
    mailbox.done(under_way)
    assert mailbox.contents() == (urgent("halt"), 1)


def test_contents_bring_back_a_mailbox() -> None:
    mailbox = Mailbox(2)
    mailbox.put(plain("a", "b", "c"))
    unsent, shed = mailbox.contents()
    assert drained(Mailbox(2, unsent, shed)) == drained(mailbox)


def test_waiting_ends_with_the_last_notice() -> None:
    mailbox = Mailbox(2)
    mailbox.put(plain("a"))
    assert not mailbox.wait_empty(0)
    timer = threading.Timer(0.02, mailbox.done, plain("a"))
    (first,) = mailbox.contents()[0]
    timer.args = [first]
    timer.start()
    assert mailbox.wait_empty(5)
    timer.join()


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5))
def test_every_notice_is_kept_or_counted(urgencies: list[bool], limit: int) -> None:
    mailbox = Mailbox(limit)
    mailbox.put(Notice(str(number), one) for number, one in enumerate(urgencies))
    kept, shed = mailbox.contents()
    assert len(kept) + shed == len(urgencies)
    assert sum(notice.urgent for notice in kept) == sum(urgencies)
