"""Machines that are network namespaces, joined by a switch of a given delay and rate (wire.py).

Everything made here has the process's number in its name and goes with `Network.close`, also on failure; what a killed
run left over, the next one removes.
"""
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from environment import BenchError

PREFIX = "ltscale"
SUBNET = "10.77.0.0/24"
WIRE = Path(__file__).resolve().parent / "wire.py"


@dataclass(frozen=True)
class Link:
    """What joins each machine to the switch."""

    name: str
    delay: float  # seconds from machine to machine, one way
    rate: float  # bits a second, each way


def missing():
    """Why there can be no namespaces here; `None` where there can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program, package in (("ip", "iproute2"), ("unshare", "util-linux"), ("taskset", "util-linux"), ("mpirun", "openmpi-bin")):
        if not shutil.which(program):
            return f"`{program}` is missing; on Debian `apt-get install {package}` brings it"
    if not os.path.exists("/dev/net/tun"):
        return "this kernel has no /dev/net/tun"
    return None


class Network:
    """Namespaces with the addresses 10.77.0.1, 10.77.0.2, …; to be used by `with`."""

    def __init__(self, machines, link, keeps_windows=False):
        self.machines, self.link = machines, link
        # Linux forgets how fast a connection was after some hundred ms without traffic, unless told otherwise.
        self.keeps_windows = keeps_windows
        self.names = [f"{PREFIX}-{os.getpid()}-{index + 1}" for index in range(machines)]
        self.wire = None

    def __enter__(self):
        remove_leftovers()
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def open(self):
        devices = [f"lts{os.getpid() % 100000}p{index + 1}" for index in range(self.machines)]
        for name in self.names:
            ip("netns", "add", name)
        self.wire = subprocess.Popen(
            [sys.executable, WIRE, str(self.link.delay), str(self.link.rate), *devices],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.wire.stdout.readline().strip() != "ready":
            raise BenchError("the emulated switch did not start")
        for index, (name, device) in enumerate(zip(self.names, devices)):
            ip("link", "set", device, "netns", name)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "addr", "add", f"10.77.0.{index + 1}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            # Nothing is lost here, so that the window grows as by any rule that minds losses alone.
            for setting in ("tcp_congestion_control=reno", f"tcp_slow_start_after_idle={0 if self.keeps_windows else 1}"):
                must(["ip", "netns", "exec", name, "sysctl", "-qw", f"net.ipv4.{setting}"])
        self.wire.stdin.write("go\n")
        self.wire.stdin.flush()
        # mpirun asks this in place of ssh, with an address and a command for a shell there.
        self.agent = Path(f"/tmp/{self.names[0]}-agent")
        self.agent.write_text(
            "#!/bin/sh\nn=${1##*.}; shift\n"
            f"exec ip netns exec {PREFIX}-{os.getpid()}-$n unshare -u sh -c \"hostname node$n; $*\"\n")
        self.agent.chmod(0o755)

    def close(self):
        for name in self.names:
            end_namespace(name)
        if self.wire:
            self.wire.terminate()
            self.wire.wait()
            self.wire.stdin.close()
            self.wire.stdout.close()
        if getattr(self, "agent", None):
            self.agent.unlink(missing_ok=True)

    def command(self, command, cores, flags=()):
        """What runs a command as a rank on each machine, rank i pinned to core i of those there are.

        - `flags`: of mpirun
        """
        hosts = ",".join(f"10.77.0.{index + 1}:1" for index in range(self.machines))
        return [
            "ip", "netns", "exec", self.names[0], "unshare", "-u", "sh", "-c", 'hostname node1; exec "$@"', "sh",
            "mpirun", "--allow-run-as-root", "-np", self.machines, "--host", hosts, "--bind-to", "none",
            "--mca", "plm_rsh_agent", self.agent, "--mca", "oob_tcp_if_include", SUBNET,
            "--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", SUBNET, *flags,
            *pinned(command, cores)]


def pinned(command, cores):
    """A rank's command on a core of its own; more ranks than cores share them."""
    return ["sh", "-c", f'exec taskset -c $((OMPI_COMM_WORLD_RANK % {cores})) "$@"', "sh", *command]


def ip(*arguments):
    must(["ip", *arguments])


def must(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(arguments)}: {done.stderr.strip() or done.returncode}")


def remove_leftovers():
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        name = line.split()[0]
        parts = name.split("-")
        if parts[0] == PREFIX and len(parts) == 3 and not os.path.exists(f"/proc/{parts[1]}"):
            end_namespace(name)


def end_namespace(name):
    """Ends what runs in a namespace, which would keep it, and removes it."""
    for pid in subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout.split():
        try:
            os.kill(int(pid), 9)
        except ProcessLookupError:
            pass
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
