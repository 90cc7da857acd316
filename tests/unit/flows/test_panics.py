"""What native code says of an error is held back; everything else on stderr passes."""

import os
import sys
from collections.abc import Callable

import pytest

from mts1b_operations.flows.panics import panics_withheld

pytestmark = pytest.mark.unit


def native(text: bytes) -> None:
    """Write as Rust does: to the file descriptor, past Python."""
    os.write(2, text)


def raise_an_error() -> None:
    raise KeyError("ours")


def do_nothing() -> None:
    """End well."""


@pytest.mark.parametrize(("end", "said"), [(do_nothing, "panicked"), (raise_an_error, "")])
def test_native_words_come_out_unless_python_raises(
    end: Callable[[], None], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        with panics_withheld():
            native(b"panicked")
            end()
    except KeyError:
        assert end is raise_an_error
    assert capfd.readouterr().err == said


def test_python_words_pass_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    with panics_withheld():
        sys.stderr.write("progress")
        sys.stderr.flush()
        assert capfd.readouterr().err == "progress"


def test_stderr_is_itself_again(capfd: pytest.CaptureFixture[str]) -> None:
    before = sys.stderr
    with pytest.raises(KeyError), panics_withheld():
        raise_an_error()
    assert sys.stderr is before
    native(b"later")
    assert capfd.readouterr().err == "later"
