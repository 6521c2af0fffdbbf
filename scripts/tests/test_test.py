"""Tests of the adding-up: what each runner's closing line counts as, and that nothing fails or is skipped unseen."""

import contextlib
import io
import re
import sys
import tempfile
import unittest
from pathlib import Path

from scripts.test import Check, Count, Libtest, Nextest, Pytest, Step, Unittest, main, own_harnesses, run, run_all, test_steps


def counted(reader, text, succeeded=True):
    for line in text.splitlines():
        reader.line(line)
    return reader.count(succeeded)


def python(program, reader=Check, name="step"):
    return Step(name, [sys.executable, "-c", program], reader)


class ClosingLines(unittest.TestCase):
    def test_cargo_test_closes_once_for_each_binary(self):
        text = """
running 2 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.16s
"""
        self.assertEqual(counted(Libtest(), text, succeeded=False), Count(5, 4, 1))

    def test_nextest_closes_once(self):
        for line, expected in {
            "     Summary [   0.005s] 1 test run: 1 passed, 1 skipped": Count(1, 0, 1),
            "     Summary [   0.256s] 2 tests run: 1 passed, 1 failed, 1 skipped": Count(1, 1, 1),
            "     Summary [  12.345s] 10 tests run: 10 passed (1 slow, 2 flaky), 0 skipped": Count(10, 0, 0),
            "     Summary [  12.345s] 9 tests run: 5 passed (1 leaky), 1 failed, 2 timed out, 1 exec failed, 3 skipped": Count(5, 4, 3),
            "     Summary [   0.100s] 3/10 tests run: 2 passed, 1 failed, 0 skipped": Count(2, 8, 0),
        }.items():
            self.assertEqual(counted(Nextest(), line, succeeded=not expected.failed), expected, line)

    def test_what_a_failing_test_printed_is_not_counted_by_nextest(self):
        text = """
    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.23s
     Summary [   0.256s] 2 tests run: 1 passed, 1 failed, 0 skipped
"""
        self.assertEqual(counted(Nextest(), text, succeeded=False), Count(1, 1, 0))

    def test_unittest_says_how_many_ran_and_then_which_did_not_pass(self):
        for line, expected in {
            "OK": Count(6, 0, 0),
            "OK (skipped=2)": Count(4, 0, 2),
            "OK (skipped=1, expected failures=1)": Count(5, 0, 1),
            "FAILED (failures=1, errors=2, skipped=1)": Count(2, 3, 1),
            "FAILED (unexpected successes=1)": Count(5, 1, 0),
        }.items():
            text = f"......\nRan 6 tests in 0.014s\n\n{line}"
            self.assertEqual(counted(Unittest(), text, succeeded=not expected.failed), expected, line)

    def test_pytest_closes_once_for_each_folder(self):
        for line, expected in {
            "12 passed in 1.23s": Count(12, 0, 0),
            "=== 3 failed, 118 passed, 1 skipped, 156 deselected, 33 errors in 45.75s ===": Count(118, 36, 1),
            "5 passed, 2 xfailed, 4 warnings in 61.00s (0:01:01)": Count(5, 0, 2),
            "1 passed, 1 xpassed in 0.10s": Count(1, 1, 0),
        }.items():
            self.assertEqual(counted(Pytest(), line, succeeded=not expected.failed), expected, line)
        self.assertEqual(counted(Pytest(), "no tests ran in 0.01s"), Count(0, 1, 0))

    def test_a_runner_that_fails_without_a_failed_test_is_a_failure(self):
        closing = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s"
        self.assertEqual(counted(Libtest(), closing, succeeded=False), Count(2, 1, 0))

    def test_a_runner_that_says_or_runs_nothing_is_a_failure(self):
        nothing = "test result: ok. 0 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s"
        self.assertEqual(counted(Libtest(), nothing), Count(0, 1, 3))
        for reader in (Libtest, Nextest, Unittest, Pytest):
            self.assertEqual(counted(reader(), "error: could not compile", succeeded=False), Count(0, 1, 0))
            self.assertEqual(counted(reader(), ""), Count(0, 1, 0))


class Steps(unittest.TestCase):
    def outcome(self, step, **options):
        printed = []
        return run(step, printed.append, **options), "".join(printed)

    def test_a_check_counts_as_one(self):
        self.assertEqual(self.outcome(python("print('fine')"))[0].count, Count(1, 0, 0))
        outcome, printed = self.outcome(python("import sys; sys.exit('bad')"))
        self.assertEqual(outcome.count, Count(0, 1, 0))
        self.assertEqual(printed, "bad\n")

    def test_a_command_that_is_not_there_is_a_failure(self):
        outcome, printed = self.outcome(Step("step", ["/no/such/program"]))
        self.assertEqual(outcome.count, Count(0, 1, 0))
        self.assertIn("/no/such/program", printed)

    def test_a_command_that_hangs_is_ended_and_a_failure(self):
        hangs = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
        outcome, printed = self.outcome(python(hangs), longest=0.3)
        self.assertEqual(outcome.count, Count(0, 1, 0))
        self.assertLess(outcome.seconds, 60)
        self.assertIn("was ended after 0.3 s", printed)

    def test_colours_do_not_hide_a_closing_line(self):
        line = r"\x1b[32;1m     Summary\x1b[0m [   0.005s] \x1b[1m3\x1b[0m tests run: \x1b[1m3\x1b[0m passed, 0 skipped"
        outcome, printed = self.outcome(python(f"print('{line}')", Nextest))
        self.assertEqual(outcome.count, Count(3, 0, 0))
        self.assertIn("\x1b[32;1m", printed)

    def test_bytes_that_are_no_text_do_not_end_the_run(self):
        outcome, printed = self.outcome(python(r"import sys; sys.stdout.buffer.write(b'\xff\n')"))
        self.assertEqual((outcome.count, printed), (Count(1, 0, 0), "\ufffd\n"))


class Sum(unittest.TestCase):
    def last_line(self, *steps):
        printed = []
        code = run_all(steps, printed.append)
        return code, "".join(printed).splitlines()

    def test_the_last_line_adds_up_every_runner(self):
        tests = "print('test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured')"
        code, lines = self.last_line(python("print(1)"), python(tests, Libtest), python(tests, Libtest))
        self.assertEqual((code, lines[-1]), (0, "5 passed, 0 failed, 2 skipped"))

    def test_without_skips_it_does_not_speak_of_them(self):
        self.assertEqual(self.last_line(python(""))[1][-1], "1 passed, 0 failed")

    def test_a_failing_step_holds_up_no_other_and_decides_the_exit_code(self):
        code, lines = self.last_line(python("raise SystemExit(1)", name="first"), python("", name="second"))
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed"))
        self.assertTrue(any(re.match(r"first .* FAILED$", line) for line in lines))
        self.assertTrue(any(re.match(r"second +1 +0 +0 ", line) for line in lines))


class Plan(unittest.TestCase):
    def test_suites_with_a_main_of_their_own_are_found_in_the_manifests(self):
        with tempfile.TemporaryDirectory() as folder:
            manifest = Path(folder) / "Cargo.toml"
            manifest.write_text('[[test]]\nname = "suite"\nharness = false\n[[test]]\nname = "plain"\n', encoding="utf-8")
            self.assertEqual(own_harnesses([{"name": "it", "manifest_path": str(manifest)}]), [("it", "suite")])

    def test_each_test_runs_once_with_nextest_and_without(self):
        with_nextest = test_steps([("it", "suite")], nextest=True)
        self.assertEqual([step.name for step in with_nextest], ["tests", "suite"])
        self.assertEqual(with_nextest[0].command[-1], "not (binary_id(=it::suite))")
        self.assertEqual([step.name for step in test_steps([("it", "suite")], nextest=False)], ["tests"])

    def test_every_cargo_command_that_tests_has_all_features(self):
        for nextest in (False, True):
            for step in test_steps([("it", "suite")], nextest):
                verb = 3 if "nextest" in step.command else 2
                self.assertEqual(step.command[verb], "--all-features")

    def test_an_unknown_step_is_refused_with_the_known_ones(self):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), self.assertRaises(SystemExit) as refused:
            main(["clipy"])
        self.assertEqual(refused.exception.code, 2)
        self.assertIn("clippy", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
