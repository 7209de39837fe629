"""The simulator runs alone, and stops when told."""

import re
import signal
import subprocess
import sys

import httpx


def test_the_command_serves_until_sigterm_and_ends_well() -> None:
    command = [sys.executable, "-m", "wxadmin.simulator", "--port", "0", "--answer", "allow"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert said
        settings = httpx.get(f"{said[0]}/_sim/settings", trust_env=False).json()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)

    assert settings["answer"] == "allow"
    assert process.returncode == 0
