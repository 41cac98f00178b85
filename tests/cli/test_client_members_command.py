"""`quantimodo clients members`."""

from support.terminal import Terminal


def test_the_operator_sets_the_team(terminal: Terminal) -> None:
    for name in ("ann", "bob", "eve"):
        terminal.does("users", "create", "--email", f"{name}@example.org", "--name", name)
    created = terminal.does(
        *("clients", "create", "--name", "Diary", "--redirect-uri", "https://app.example.org/cb"),
        *("--owner", "ann@example.org", "--json"),
    ).json
    members = ("clients", "members", str(created["client_id"]))

    def team(*options: str) -> dict[str, tuple[str, bool]]:
        found = terminal.does(*members, *options, "--json").json
        return {each["email"]: (each["role"], each["lead"]) for each in found}

    ann, bob, eve = (f"{name}@example.org" for name in ("ann", "bob", "eve"))
    assert team() == {ann: ("owner", True)}
    assert team("--add", bob)[bob] == ("developer", False)
    assert team("--add", eve, "--as-owner")[eve] == ("owner", False)
    assert team("--transfer", eve) == {
        eve: ("owner", True),
        ann: ("developer", False),
        bob: ("developer", False),
    }
    domain = ("--domain", "example.org", "--reason", "a record in the DNS")
    terminal.does("clients", "verify", members[2], *domain)
    moved = terminal.does(*members, "--transfer", ann)
    again = f"quantimodo clients verify {members[2]} --domain example.org"
    assert ("is not any more" in moved.err, again in moved.err) == (True, True)
    assert "example.org" not in terminal.does(*members, "--transfer", eve).err
    assert list(team("--remove", bob)) == [eve, ann]
    assert "owner" in terminal.does(*members).out
    for options in (
        ("--remove", eve),
        ("--remove", bob),
        ("--add", eve),
        ("--transfer", eve),
        ("--add", "unknown@example.org"),
    ):
        refused = terminal(*members, *options)
        assert refused.code == 1, options
        assert refused.err
    assert terminal("clients", "members", "none").code == 1
    assert terminal(*members, "--add", bob, "--remove", ann).code == 2
