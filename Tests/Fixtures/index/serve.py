"""A package index on loopback behind a proxy that can cut an upload.

usage: serve.py FOLDER PORTS [CUT]

Serves the wheels in FOLDER by pypiserver and takes uploads into it. Two free ports, the index's own and the proxy's, are
written to PORTS when both listen. With CUT, the upload of that number (from 0) loses its connection half-way, once.
"""

import os
import socket
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pypiserver


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Proxy:
    """Passes connections on; counts uploads by the first word a client says."""

    def __init__(self, target, cut):
        self.target, self.cut, self.uploads, self.lock = target, cut, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        threading.Thread(target=self.copy, args=(server, client), daemon=True).start()
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return self.close(client, server)
            head += piece
        limit = None
        if head.startswith(b"POST"):
            with self.lock:
                if self.uploads == self.cut:
                    lines = dict(l.lower().split(b":", 1) for l in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
                    limit = int(lines.get(b"content-length", b"200000")) // 2
                self.uploads += 1
        server.sendall(head)
        passed = len(head)
        while limit is None or passed < limit:
            piece = client.recv(65536)
            if not piece:
                return self.close(client, server)
            server.sendall(piece)
            passed += len(piece)
        # An abrupt end, as a network has it: a reset, not a good-bye.
        for side in (client, server):
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close(client, server)

    @staticmethod
    def copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def close(*sides):
        for side in sides:
            side.close()


def main(folder, ports, cut=None):
    # No names, no passwords, as for an index of one's own.
    app = pypiserver.app(roots=[folder], password_file=".", authenticate=[], disable_fallback=True)
    server = make_server("127.0.0.1", 0, app, server_class=Server, handler_class=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    proxy = Proxy(server.server_port, -1 if cut is None else int(cut))
    with open(ports + ".new", "w") as file:
        file.write(f"{server.server_port} {proxy.port}")
    os.rename(ports + ".new", ports)
    proxy.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
