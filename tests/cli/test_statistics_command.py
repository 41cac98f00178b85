"""`quantimodo statistics`: the numbers of /admin/statistics."""

from quantimodo.ops.daily_numbers import TITLES
from support.terminal import Terminal


def test_the_command_prints_the_numbers_of_each_day(terminal: Terminal) -> None:
    terminal.does("users", "create", "--email", "ada@example.org", "--name", "Ada", "--verified")
    days = terminal.does("statistics", "--days", "3", "--json").json
    assert [set(each) for each in days] == [{"day", *TITLES}] * 3
    assert [each["accounts"] for each in days] == [0, 0, 1]
    lines = terminal.does("statistics", "--days", "2").out.splitlines()
    assert lines[0].split() == ["day", *TITLES]
    assert len([line for line in lines if line.startswith("20")]) == 2
    assert terminal("statistics", "--days", "401").code == 2
    assert terminal("statistics", "--days", "0").code == 2
