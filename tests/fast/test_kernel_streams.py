"""What goes to a file descriptor is shown by the cell that wrote it, however late the forwarding thread comes."""

from __future__ import annotations

import os
import threading

from veritrain_lib.fast.kernel_streams import PromptStream


class Collected(PromptStream):
    """A stream over a pipe whose text is collected instead of sent."""

    def __init__(self) -> None:
        self._fid, self.source = os.pipe()
        self._original_stdstream_copy = os.open(os.devnull, os.O_WRONLY)
        self._should_watch, self._master_pid = True, os.getpid()
        self.texts: list[str] = []

    def write(self, string: str) -> int:
        self.texts.append(string)
        return len(string)


def test_a_flush_forwards_what_stands_in_the_pipe_without_the_thread() -> None:
    stream = Collected()
    os.write(stream.source, "raw 警告\n".encode())
    stream.flush()
    assert stream.texts == ["raw 警告\n"]
    stream.flush()
    assert stream.texts == ["raw 警告\n"]


def test_thread_and_flush_forward_every_byte_once_and_in_order() -> None:
    stream = Collected()
    thread = threading.Thread(target=stream._watch_pipe_fd)
    thread.start()
    numbers = [f"{number};" for number in range(3000)]
    for number in numbers:
        os.write(stream.source, number.encode())
        if number.endswith("7;"):
            stream.flush()
    stream.flush()
    assert "".join(stream.texts) == "".join(numbers)
    stream._should_watch = False
    os.write(stream.source, b"\0")
    thread.join(10)
    assert not thread.is_alive()


def test_a_fork_of_the_kernel_leaves_the_pipe_to_its_parent() -> None:
    stream = Collected()
    stream._master_pid = os.getppid()
    os.write(stream.source, b"of the parent")
    with stream._pipe_lock:  # as the parent's thread may have held it at the fork
        other = threading.Thread(target=stream.flush, daemon=True)
        other.start()
        other.join(5)
        assert not other.is_alive()
    assert stream.texts == []
