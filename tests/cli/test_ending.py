"""What a signal ends, and what it may not wait for."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from etl_agent.breaking import break_off, breakable
from etl_agent.cli.failure import exit_code_of

_HEAD = """
import sys, time
from etl_agent.breaking import breakable
from etl_agent.cli.ending import last_word, rolled_back
from etl_agent.cli.failure import exit_code_of

def stay():
    said = False
    while True:
        try:
            if not said:
                said = True
                print("begun", flush=True)
            time.sleep(60)
        except BaseException:
            pass
"""


def ended(call: str) -> tuple[int, str, str, float]:
    """Run a function as a command, ask it to end once it has said so, and return what it came to, in seconds too."""
    script = f"{_HEAD}{call}\nsys.exit(exit_code_of(call))"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        process.terminate()
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err, time.monotonic() - began


def test_what_does_not_let_itself_be_ended_is_ended() -> None:
    """A library that swallows the exception, or never comes back: the kernel ends it, after a last word."""
    call = """
def call():
    with last_word(lambda error: print("heard", type(error).__name__, flush=True)):
        stay()
"""
    code, out, err, seconds = ended(call)
    assert (code, out, err) == (143, "heard Terminated\n", "etl-agent: terminated\n")
    assert seconds < 10


def test_a_statement_in_another_thread_is_broken_off() -> None:
    """The main thread waits for the thread, and the thread for a library."""
    call = """
import threading
broken = threading.Event()

def call():
    breakable(broken.set)
    thread = threading.Thread(target=broken.wait, args=(60,))
    thread.start()
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        thread.join()
        print("joined", broken.is_set(), flush=True)
"""
    code, out, err, seconds = ended(call)
    assert (code, out, err) == (143, "joined True\n", "etl-agent: terminated\n")
    assert seconds < 10


def test_what_comes_after_the_rollback_may_take_its_time() -> None:
    """To tell a monitor, for example."""
    call = """
def call():
    try:
        print("begun", flush=True)
        time.sleep(60)
    except BaseException:
        rolled_back()
        time.sleep(2.5)
        print("told", flush=True)
        raise
"""
    assert ended(call)[:3] == (143, "told\n", "etl-agent: terminated\n")


def test_on_another_thread_signals_are_left_alone() -> None:
    """Python lets only the main thread hear of them."""
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(exit_code_of(lambda: 3)))
    thread.start()
    thread.join()
    assert codes == [3]


def test_what_is_broken_off_may_fail_and_is_forgotten_in_the_end() -> None:
    """Each is called, whatever the others do, and none after it was taken back."""
    called: list[str] = []

    def fail() -> None:
        raise RuntimeError

    taken = [breakable(fail), breakable(lambda: called.append("second"))]
    break_off()
    for take_back in (*taken, *taken):
        take_back()
    break_off()
    assert called == ["second"]


def test_a_log_hears_of_a_run_that_is_ended_by_force(tmp_path: Path) -> None:
    """A file that hangs within a library, as on a dead network drive: its failure is on record all the same."""
    log = tmp_path / "log.jsonl"
    call = f"""
from pathlib import Path
from etl_agent.cli.witness import witnessing

def call():
    with witnessing([Path("p.yaml")], log=Path({str(log)!r}), notify=False) as witness:
        witness.began("p")
        stay()
"""
    assert ended(call)[0] == 143
    assert '"event": "failure"' in log.read_text() and "terminated" in log.read_text()
