#!/usr/bin/env python3
"""An agent in another language asks the daemon before each call. Python's standard library only.

usage: daemon_client.py SOCKET METHOD URL [BODY]

exit: 0 the call was made, 1 it was denied
"""
import http.client
import json
import socket
import sys
import urllib.request


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(socket_path: str, route: str, message: dict) -> dict:
    connection = UnixConnection(socket_path)
    try:
        connection.request("POST", route, json.dumps(message), {"content-type": "application/json"})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def guarded(socket_path: str, method: str, url: str, body: "str | None") -> int:
    headers = {} if body is None else {"content-type": "application/json"}
    request = {"method": method, "url": url, "headers": list(headers.items())}
    if body is not None:
        request["body"] = body
    answer = ask(socket_path, "/v1/decide", {"request": request})
    # Anything but a clear yes is a no.
    if answer.get("result") != "allow" and answer.get("enforced", True) is not False:
        print(f"denied, {answer.get('code')}: {answer.get('reason')}", file=sys.stderr)
        return 1
    outcome = {"request_id": answer["request_id"], "result": "error"}
    try:
        data = None if body is None else body.encode()
        call = urllib.request.Request(url, data=data, headers=headers, method=method)
        with urllib.request.urlopen(call, timeout=30) as response:
            content = response.read()
            outcome.update(result="ok", status_code=response.status, response_bytes=len(content))
            print(content.decode())
    finally:
        ask(socket_path, "/v1/outcome", outcome)
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    sys.exit(guarded(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] if len(sys.argv) == 5 else None))
