"""How expectations fail."""

from __future__ import annotations


class ExpectationFailed(AssertionError):
    """What came is not what was expected; the message is a report of what differs and what to do.

    It is an `AssertionError`, so that test runners count it as a failed test. It shows keys and values, since
    they are those of a test.
    """
