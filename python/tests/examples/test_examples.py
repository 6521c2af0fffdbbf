"""The examples, served as their one command serves them, and asked for pages over HTTP."""

import http.cookiejar
import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

# For one answer of a machine under load.
PATIENCE = 120


@contextmanager
def served(name, tmp_path, **environment):
    """Starts an example on a free port; gives its address; ends it by its own process."""
    log = tmp_path / "log"
    with log.open("wb") as errors:
        command = [sys.executable, str(EXAMPLES / name / "run.py"), "--port", "0"]
        surroundings = os.environ | environment | {"PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            address = process.stdout.readline().strip()
            assert address.startswith("http://"), log.read_text()
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE)
            process.stdout.close()


class Browser:
    """Keeps cookies, as a browser does."""

    def __init__(self, address):
        self.address = address
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, path, form=None, method=None):
        """The text of a page."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        request = urllib.request.Request(self.address + path, data, method=method)
        with self.opener.open(request, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def json(self, path, method=None):
        """What a page says."""
        return json.loads(self.ask(path, method=method))


def status(browser, path, method=None):
    """The status of an answer that is an error."""
    try:
        browser.ask(path, method=method)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    return 200


# covers: R213
def test_the_django_project(tmp_path):
    with served("django", tmp_path, LIBRARY_DATA=str(tmp_path / "data")) as address:
        browser = Browser(address)
        assert "Middlemarch" in (first := browser.ask(""))
        assert "You were here 1 time." in first
        # The session lies in the cache.
        assert "You were here 2 times." in browser.ask("")
        assert "You were here 1 time." in Browser(address).ask("")

        number = int(re.search(r'/book/(\d+)/">Middlemarch', first)[1])
        assert "Seen 1 time." in browser.ask(f"book/{number}/")
        page = browser.ask(f"book/{number}/")
        assert "Seen 2 times." in page

        # A change is seen at once, on every page.
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
        page = browser.ask(f"book/{number}/edit/", {"title": "Silas Marner", "csrfmiddlewaretoken": token})
        assert "<h1>Silas Marner</h1>" in page
        assert "Silas Marner" in (front := browser.ask(""))
        assert "Middlemarch" not in front

        assert status(browser, "book/999/") == 404
        statistics = browser.json("cache/")
        assert statistics["stats"]["hits"] > 0
        assert status(browser, "nowhere/") == 404


def test_the_fastapi_application(tmp_path):
    with served("fastapi", tmp_path) as address:
        browser = Browser(address)
        assert browser.json("weather/Vienna") == {"city": "Vienna", "weather": {"city": "Vienna", "degrees": 21}, "asked": 1}
        assert browser.json("weather/Vienna")["asked"] == 2
        assert browser.json("cache")["asked_the_source"] == 1

        # Eight at once for a city nobody asked for yet: one question to the source.
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(Browser(address).json("weather/Graz"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer["asked"] for answer in answers) == list(range(1, 9))
        assert browser.json("cache")["asked_the_source"] == 2

        # A new measurement drops what was made of the old one.
        assert browser.json("warmest") == {"city": "Graz"}
        assert browser.json("weather/Linz?degrees=30", method="PUT") == {"city": "Linz", "degrees": 30}
        assert browser.json("warmest") == {"city": "Linz"}
        assert browser.json("weather/Linz")["weather"]["degrees"] == 30

        assert status(browser, "weather/Atlantis") == 404
        # At most ten in a minute: the eleventh is refused, or on a slow machine one of the next minute.
        reports = (status(browser, "weather/Linz?degrees=31", method="PUT") for _ in range(100))
        assert next(report for report in reports if report != 200) == 429
