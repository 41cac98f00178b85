"""Debian's nginx, Caddy and HAProxy in the foreground, each with the configuration of
docs/operator/reverse-proxy.md: only ports, files and the certificate are this test's own."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import MappingProxyType

from support.certificates import certificate_for
from support.workers import free_port

_DOCUMENT = Path(__file__).parents[1] / "docs/operator/reverse-proxy.md"
_PATIENCE = 30.0
HOST = "id.example.org"
MTLS_HOST = "mtls.example.org"

_NGINX = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr crit;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {documented}
}}
"""
_CADDY = """
{{
	admin off
	http_port {plain}
	https_port {port}
	default_bind 127.0.0.1
	local_certs
	skip_install_trust
	storage file_system {folder}/storage
}}
{documented}
"""


@dataclass(frozen=True)
class Files:
    """What a proxy is started with. `changes`: of the documented configuration."""

    folder: Path
    port: int
    plain: int
    upstream: int
    authorities: bytes | None
    changes: Mapping[str, str]


@contextmanager
def proxy(
    name: str,
    upstream: int,
    authorities: bytes | None = None,
    changes: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[int]:
    """The port with TLS of this proxy, in front of `upstream` on this machine. With `authorities`,
    certificates in PEM form, it has the host for certificates of applications too. `changes` are
    those that the document describes in words; Caddy has none."""
    folder = Path(mkdtemp(prefix=f"quantimodo-{name}-"))
    folder.chmod(0o755)
    files = Files(folder, free_port(), free_port(), upstream, authorities, changes)
    if authorities is not None:
        (folder / "authorities.pem").write_bytes(authorities)
    command = {"nginx": _nginx, "caddy": _caddy, "haproxy": _haproxy}[name](files)
    output = folder / "output"
    with output.open("wb") as log:
        started = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"] + ":/usr/sbin", "HOME": str(folder)},
        )
    try:
        _await_listener(files.port, started, output)
        yield files.port
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(_PATIENCE)
        rmtree(folder)


def documented(heading: str) -> list[str]:
    """The blocks of code under this heading, before the next one."""
    text = _DOCUMENT.read_text()
    found = re.search(rf"^{heading}\n(.*?)^##", text, re.DOTALL | re.MULTILINE)
    assert found is not None, heading
    return re.findall(r"^```\w*\n(.*?)^```", found[1], re.DOTALL | re.MULTILINE)


def _nginx(files: Files) -> list[str]:
    certificate_for(HOST, files.folder)
    blocks = documented("## nginx")[:1]
    if files.authorities is not None:
        # One certificate for both hosts: no client checks the name.
        (block,) = documented("### nginx")
        blocks.append(block.replace(f"live/{MTLS_HOST}/", f"live/{HOST}/"))
        blocks[1] = _changed(
            blocks[1],
            {"/etc/nginx/authorities-of-applications.pem": f"{files.folder}/authorities.pem"},
        )
    text = _changed(
        "".join(blocks),
        {
            **files.changes,
            "server 127.0.0.1:8000;": f"server 127.0.0.1:{files.upstream};",
            "listen 80;": f"listen 127.0.0.1:{files.plain};",
            "listen [::]:80;": "",
            "listen 443 ssl;": f"listen 127.0.0.1:{files.port} ssl;",
            "listen [::]:443 ssl;": "",
            "/etc/letsencrypt/live/id.example.org/fullchain.pem": f"{files.folder}/chain.pem",
            "/etc/letsencrypt/live/id.example.org/privkey.pem": f"{files.folder}/key.pem",
            "/var/log/nginx/": f"{files.folder}/",
        },
    )
    user = "user root;" if os.getuid() == 0 else ""
    config = files.folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=files.folder, user=user, documented=text))
    return ["nginx", "-c", str(config), "-p", str(files.folder), "-e", "stderr"]


def _caddy(files: Files) -> list[str]:
    text = documented("## Caddy")[0]
    if files.authorities is not None:
        (block,) = documented("### Caddy")
        named = {"/etc/caddy/authorities-of-applications.pem": f"{files.folder}/authorities.pem"}
        text += _changed(block, named)
    text = _changed(text, {"127.0.0.1:8000": f"127.0.0.1:{files.upstream}"})
    config = files.folder / "Caddyfile"
    config.write_text(
        _CADDY.format(folder=files.folder, port=files.port, plain=files.plain, documented=text)
    )
    return ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]


def _haproxy(files: Files) -> list[str]:
    certificate_for(HOST, files.folder)
    text, certificates = documented("## HAProxy")[0], "crt /etc/haproxy/id.example.org.pem"
    here = f"crt {files.folder}/both.pem"
    if files.authorities is not None:
        frontend, listed = documented("### HAProxy")
        before, _, after = text.partition("frontend id\n")
        text = before + frontend + "\nbackend " + after.partition("\nbackend ")[2]
        certificates = "crt-list /etc/haproxy/certificates.list"
        here = f"crt-list {files.folder}/certificates.list"
        names = {
            f"/etc/haproxy/{HOST}.pem": f"{files.folder}/both.pem",
            f"/etc/haproxy/{MTLS_HOST}.pem": f"{files.folder}/both.pem",
            "/etc/haproxy/authorities-of-applications.pem": f"{files.folder}/authorities.pem",
        }
        (files.folder / "certificates.list").write_text(_changed(listed, names))
    text = _changed(
        text,
        {
            **files.changes,
            "127.0.0.1:8000": f"127.0.0.1:{files.upstream}",
            "bind :80\n": f"bind 127.0.0.1:{files.plain}\n",
            f"bind :443 ssl {certificates}": f"bind 127.0.0.1:{files.port} ssl {here}",
        },
    )
    config = files.folder / "haproxy.cfg"
    config.write_text(text)
    return ["haproxy", "-db", "-f", str(config)]


def _changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"the documented configuration has no {old!r} any more"
        text = text.replace(old, new)
    return text


def _await_listener(port: int, started: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE).close()
            return
        except OSError:
            assert started.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.02)
