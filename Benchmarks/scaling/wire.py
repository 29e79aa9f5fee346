#!/usr/bin/env python3
"""A switch with links of a given delay and rate, between network namespaces.

network.py starts it. The kernel's own netem would do the same, but is missing from many virtual machines' kernels; TUN
devices are in nearly all. Packets come as the large ones that a network card would cut (up to 64 KiB), so that one
process carries some Gb/s. Each port sends and receives at the rate, at the same time; a packet needs the rate on the
link of its sender and on that of its receiver, and then the delay. Queues have no end: nothing is lost.
"""
import ctypes
import fcntl
import heapq
import os
import select
import struct
import sys
import time

TUNSETIFF, TUNSETOFFLOAD = 0x400454CA, 0x400454D0
IFF_TUN, IFF_NO_PI, IFF_VNET_HDR = 0x1, 0x1000, 0x4000
OFFLOADS = 0x1 | 0x2  # checksums, and TCP in large packets
PR_SET_TIMERSLACK = 29
VNET_HEADER = 10
HEADERS = 40  # of IP and TCP
FRAME = 38  # Ethernet's header, checksum, preamble and gap
SPIN = 40e-6  # a sleep would take longer than this to end


def main():
    delay, rate = float(sys.argv[1]), float(sys.argv[2])  # seconds; bits a second
    names = sys.argv[3:]
    ports = [device(name) for name in names]
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    # A switch does not wait for the programs whose packets it carries.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    print("ready", flush=True)
    sys.stdin.readline()  # until the devices are up
    carry(ports, delay, rate)


def device(name):
    port = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(port, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TUN | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(port, TUNSETOFFLOAD, OFFLOADS)
    return port


def carry(ports, delay, rate):
    """Port i is the machine with the address 10.77.0.(i + 1)."""
    sending, receiving = [0.0] * len(ports), [0.0] * len(ports)
    number = {port: index for index, port in enumerate(ports)}
    under_way, count, now = [], 0, time.perf_counter
    while True:
        wait = under_way[0][0] - now() if under_way else None
        if wait is not None and wait < SPIN:
            wait = 0
        for port in select.select(ports, [], [], wait)[0]:
            try:
                packet = os.read(port, 1 << 17)
            except OSError:  # nothing there after all, or not yet up
                continue
            if len(packet) < VNET_HEADER + 20 or packet[VNET_HEADER] >> 4 != 4:
                continue
            source, target = number[port], packet[VNET_HEADER + 19] - 1
            if not 0 <= target < len(ports):
                continue
            took = wire_bytes(packet) * 8 / rate
            sending[source] = max(now(), sending[source]) + took
            # Both links carry the packet's pieces at the same time.
            receiving[target] = max(sending[source], receiving[target] + took)
            count += 1
            heapq.heappush(under_way, (receiving[target] + delay, count, target, packet))
        while under_way and under_way[0][0] <= now():
            _, _, target, packet = heapq.heappop(under_way)
            try:
                os.write(ports[target], packet)
            except OSError:
                pass  # lost, as a switch loses what a machine does not take; TCP sends it again


def wire_bytes(packet):
    """The bytes of a packet with the headers of all the pieces that it will be cut to."""
    size = len(packet) - VNET_HEADER
    segment = struct.unpack_from("<H", packet, 4)[0] if packet[1] else 0
    pieces = max(1, -(-(size - HEADERS) // segment)) if segment else 1
    return size + (pieces - 1) * HEADERS + pieces * FRAME


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
