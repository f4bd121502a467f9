"""Lines that strangers can cause are few, and none of them is lost from the count."""

from balancer.seldom import Seldom


def test_the_first_line_is_said_at_once_and_the_others_are_counted() -> None:
    said: list[str] = []
    now = 100.0
    seldom = Seldom(said.append, lambda: now, every_s=10)

    for number in range(1000):
        seldom.note(f"line {number}")
    assert said == ["line 0"]

    now += 9.9
    seldom.tell()
    assert said == ["line 0"]
    now += 0.1
    seldom.tell()
    seldom.tell()
    assert said == ["line 0", "line 999 (and 998 such lines before)"]

    now += 10
    seldom.tell()
    seldom.note("later")
    seldom.note("held")
    now += 10
    seldom.note("last")
    assert said[2:] == ["later", "last (and 1 such lines before)"]
