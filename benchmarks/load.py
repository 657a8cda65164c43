"""Asks a server, each time over a new connection, and prints what came back. A process of its own: not measured.

From standard input: the port, how many clients ask at once, and the requests, as JSON.
"""

import json
import socket
import sys
import time
from collections import Counter
from threading import Thread


def main() -> None:
    order = json.load(sys.stdin)
    requests = [text.encode() for text in order["requests"]]
    statuses: Counter[str] = Counter()
    times: list[float] = []

    def client(number: int) -> None:
        for request in requests[number :: order["clients"]]:
            start = time.perf_counter()
            status = ask(order["port"], request)
            times.append(time.perf_counter() - start)
            statuses[status] += 1

    clients = [Thread(target=client, args=(number,)) for number in range(order["clients"])]
    start = time.perf_counter()
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - start, "times": times, "statuses": statuses}))


def ask(port: int, request: bytes) -> str:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(request)
        answer = line.recv(4096)
        while line.recv(4096):
            pass
    return answer[9:12].decode()


if __name__ == "__main__":
    main()
