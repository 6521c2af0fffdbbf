"""A server that answers when it is told to: it stands before a real one, and keeps what comes until it is let through."""

import socket
import threading


class SlowServer:
    """Passes bytes on to a real server and back. While it is held, what arrives is announced and waits.

    It runs on threads of this process, on purpose: a caller who waits without letting other threads run would wait for ever.
    """

    def __init__(self, host, port):
        self.behind = (host, port)
        self.free = threading.Event()
        self.free.set()
        self.arrived = threading.Semaphore(0)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def hold(self):
        """From now on nothing is passed on."""
        while self.arrived.acquire(blocking=False):
            pass
        self.free.clear()

    def release(self):
        """Everything is passed on again."""
        self.free.set()

    def accept(self):
        """Two threads for each connection."""
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(self.behind)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets += [client, server]
            threading.Thread(target=self.pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self.pass_on, args=(server, client, False), daemon=True).start()

    def pass_on(self, source, target, held):
        """Until one end is closed."""
        try:
            while data := source.recv(1 << 16):
                if held and not self.free.is_set():
                    self.arrived.release()
                    self.free.wait()
                target.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        """Ends everything."""
        self.free.set()
        for end in (self.listener, *self.sockets):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
