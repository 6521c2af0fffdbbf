#!/usr/bin/env python3
"""Fills the database and serves the project: `run.py --port 8000`. Port 0 is any that is free; the first line says which."""

import argparse
import os
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

sys.path.insert(0, str(Path(__file__).resolve().parent))


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, as a real server has."""

    daemon_threads = True


def main():
    """See the head."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from library.shelf.samples import fill
    from library.wsgi import application

    fill()
    with make_server("127.0.0.1", port, application, server_class=Server) as server:
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
