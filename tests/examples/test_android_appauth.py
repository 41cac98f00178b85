"""examples/android-appauth: its Kotlin files compile against AppAuth and the interfaces of Android.

A phone or an emulator would be needed to run it. The interfaces are those of Android 4.1, the last
that Maven Central has: the project uses none that is newer.
"""

from pathlib import Path
from zipfile import ZipFile

import pytest

from support.example_builds import run_tool, tool_libraries
from support.example_runs import set_up
from support.live_server import Live

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first run downloads the compiler
]

KOTLIN = "2.0.21"
LIBRARIES = (
    f"org.jetbrains.kotlin:kotlin-compiler-embeddable:{KOTLIN}:jar",
    "com.google.android:android:4.1.1.4:jar",
    "net.openid:appauth:0.11.1:aar",
)
COMPILER = "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler"


async def test_its_kotlin_files_compile(site: Live, tmp_path: Path) -> None:
    made = await set_up(site, "android-appauth", tmp_path)
    build = (made.folder / "app/build.gradle.kts").read_text()
    assert f'kotlin.android") version "{KOTLIN}"' in build
    assert "net.openid:appauth:0.11.1" in build
    folder = await tool_libraries("kotlin", LIBRARIES, without=("net.openid:appauth",))
    with ZipFile(folder / "appauth-0.11.1.aar") as archive:
        archive.extract("classes.jar", tmp_path)
    tools = [str(path) for path in sorted(folder.glob("*.jar"))]
    android = [each for each in tools if Path(each).name.startswith(("android-", "json-"))]
    standard = str(folder / f"kotlin-stdlib-{KOTLIN}.jar")
    command = (
        *("java", "-XX:TieredStopAtLevel=1", "-cp", ":".join(tools), COMPILER),
        *("-no-reflect", "-no-stdlib", "-d", "out"),
        *("-cp", ":".join([*android, str(tmp_path / "classes.jar"), standard])),
    )
    sources = made.folder / "app/src/main/java"
    code, output = await run_tool(made.folder, *command, str(sources))
    assert code == 0, output
    assert (made.folder / "out/org/example/app/MainActivity.class").exists()
