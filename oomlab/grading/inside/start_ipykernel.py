"""Starts ipykernel in the sandbox.

    python -I -S -B start_ipykernel.py FD

From the open file FD it reads the limits, the libraries, the connection, and which sockets are open
already: the server made them and listens, the kernel only accepts. So it needs no folder of the
host, neither to write into nor to see.
"""

import json
import os
import resource
import sys

CONNECTION = "/tmp/connection.json"


def main(fd: int) -> None:
    with os.fdopen(fd) as file:
        told = json.load(file)
    for name, most in told["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    with open(CONNECTION, "w") as file:
        file.write(told["connection"])
    sys.path += told["libraries"]
    import zmq
    from ipykernel.kernelapp import launch_new_instance

    bind = zmq.Socket.bind

    def bind_given(socket: zmq.Socket, address: str):
        """zmq accepts on an open socket; the address is then a name only."""
        if address in told["sockets"]:
            socket.setsockopt(zmq.USE_FD, told["sockets"][address])
        return bind(socket, address)

    zmq.Socket.bind = bind_given  # type: ignore[method-assign, assignment] # the point of it
    launch_new_instance(argv=["-f", CONNECTION, "--HistoryManager.enabled=False"])


if __name__ == "__main__":
    main(int(sys.argv[1]))
