"""Runs a command that ends with its parent: `python leash.py PARENT_PID COMMAND...` becomes the command, same pid.

Where there is Linux, the kernel sends SIGTERM when the parent is gone, even by kill -9. Elsewhere it is a plain exec.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h; survives execve


def main() -> None:
    """Tie this process to its parent, then become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != int(parent):  # it went before the line above took hold
        sys.exit(f"the process {parent} that asked for {command[0]} is gone")
    os.execvp(command[0], command)  # noqa: S606 - that is what this file is for


if __name__ == "__main__":
    main()
