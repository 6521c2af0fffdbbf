"""Tests of the page of requirements: what is a marker, what is a test, what is due."""

import contextlib
import io
import tempfile
import textwrap
import unittest
from pathlib import Path

from scripts import requirements
from scripts.requirements import Findings, Mistake, main, read_requirements, scan

ITEMS = """
[needs]
redis = "Redis"
web = "the web layer"

[[section]]
number = 1
title = "First"
[section.items]
R1 = "the first"
R2 = { phrase = "the second", needs = ["redis"] }

[[section]]
number = 2
title = "Second"
needs = ["web"]
[section.items]
R3 = "the third"
R4 = { phrase = "the fourth", needs = [], later = "more of it" }
"""

KNOWN = {"R1", "R2", "R3", "R4"}


def found(text, name="crates/a/tests/b.rs"):
    findings = Findings()
    scan(name, textwrap.dedent(text), KNOWN, findings)
    return findings


class Items(unittest.TestCase):
    def test_items_inherit_what_their_section_needs_unless_they_say_otherwise(self):
        items = read_requirements(ITEMS).items()
        self.assertEqual([item.number for item in items], ["R1", "R2", "R3", "R4"])
        self.assertEqual([item.needs for item in items], [[], ["redis"], ["web"], []])
        self.assertEqual(items[3].later, "more of it")

    def test_a_need_that_is_not_named_is_refused(self):
        with self.assertRaisesRegex(Mistake, "R2 needs rediss"):
            read_requirements(ITEMS.replace('["redis"]', '["rediss"]'))

    def test_an_unknown_key_is_refused(self):
        with self.assertRaisesRegex(Mistake, "R4 has no latre"):
            read_requirements(ITEMS.replace("later", "latre"))

    def test_a_number_that_is_left_out_is_refused(self):
        with self.assertRaisesRegex(Mistake, "one after the other"):
            read_requirements(ITEMS.replace("R3", "R5"))

    def test_an_item_in_two_sections_is_refused(self):
        with self.assertRaisesRegex(Mistake, "R1 is there twice"):
            read_requirements(ITEMS.replace("R3", "R1"))

    def test_the_items_of_this_repository_are_all_there(self):
        text = (requirements.ROOT / "docs/requirements.toml").read_text(encoding="utf-8")
        sections = read_requirements(text).sections
        self.assertEqual(sum(len(section.items) for section in sections), 216)
        self.assertEqual([section.number for section in sections], list(range(1, 18)))


class Markers(unittest.TestCase):
    def test_a_marker_covers_the_function_below_it(self):
        findings = found("""
            // covers: R1 R4
            #[test]
            fn it_holds() {}
        """)
        self.assertEqual(findings.mistakes, [])
        self.assertEqual(findings.tests, {name: ["crates/a/tests/b.rs::it_holds"] for name in ("R1", "R4")})

    def test_attributes_and_comments_may_stand_between(self):
        findings = found('''
            // covers: R1
            // covers: R4
            /// Why it is so.
            #[should_panic(expected = "a ( that stays open")]
            #[tokio::test(
                flavor = "multi_thread",
            )]
            pub(crate) async fn it_holds() {}
        ''')
        self.assertEqual(findings.mistakes, [])
        self.assertEqual(sorted(findings.tests), ["R1", "R4"])

    def test_a_case_of_a_list_is_a_test(self):
        case = """
cases! {
    it_holds [AnyStore];
    so_does_this;
}

// covers: R1
async fn it_holds(on: &Subject) {}

// covers: R4
async fn so_does_this(on: &Subject) {}

// covers: R4
async fn it(on: &Subject) {}
"""
        findings = found(case)
        self.assertEqual(findings.mistakes, ["crates/a/tests/b.rs:13: it is neither a test nor a case of a `cases!` list"])
        self.assertEqual(list(findings.tests), ["R1", "R4"])

    def test_a_marker_that_stands_above_nothing_is_a_mistake(self):
        for below in ("\n#[test]\nfn it_holds() {}", "struct It;", ""):
            findings = found(f"// covers: R1\n{below}")
            self.assertEqual(findings.mistakes, ["crates/a/tests/b.rs:1: the marker does not stand directly above a function"])
            self.assertEqual(findings.tests, {})

    def test_a_helper_and_an_ignored_test_cover_nothing(self):
        self.assertIn("neither a test", found("// covers: R1\nfn helper() {}").mistakes[0])
        ignored = found('// covers: R1\n#[test]\n#[ignore = "slow"]\nfn it_holds() {}')
        self.assertIn("is ignored", ignored.mistakes[0])
        self.assertEqual(ignored.tests, {})

    def test_the_main_of_a_suite_is_the_whole_suite_and_no_other_main_is_a_test(self):
        suite = "// covers: R1\nfn main() -> ExitCode {}"
        self.assertEqual(found(suite).tests, {"R1": ["crates/a/tests/b.rs::main"]})
        self.assertIn("neither a test", found(suite, "crates/a/src/main.rs").mistakes[0])

    def test_an_unknown_item_is_a_mistake_and_so_is_none(self):
        findings = found("// covers: R1 R99\n#[test]\nfn it_holds() {}\n// covers:\n#[test]\nfn other() {}")
        self.assertEqual(
            findings.mistakes,
            ["crates/a/tests/b.rs:1: there is no item R99", "crates/a/tests/b.rs:4: the marker names no item"],
        )

    def test_tests_in_python_are_functions_that_begin_with_test(self):
        findings = found(
            """
            class Group:
                # covers: R1
                @pytest.mark.parametrize(
                    "face", ["blocking", "async"],
                )
                async def test_it_holds(self, face): ...

                # covers: R4
                def helper(self): ...
            """,
            "python/tests/test_it.py",
        )
        self.assertEqual(findings.tests, {"R1": ["python/tests/test_it.py::test_it_holds"]})
        self.assertEqual(findings.mistakes, ["python/tests/test_it.py:9: helper is not a test"])

    def test_text_that_only_mentions_a_marker_is_none(self):
        self.assertEqual(found('let text = "// covers: R1";\n// this covers: R1').tests, {})


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.write("docs/requirements.toml", ITEMS)
        self.cover("R1 R4")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def cover(self, numbers):
        self.write("crates/a/tests/b.rs", f"// covers: {numbers}\n#[test]\nfn it_holds() {{}}\n")

    def run_script(self, *arguments):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            code = main(arguments, self.root)
        return code, errors.getvalue()

    def test_a_page_that_was_just_written_is_up_to_date(self):
        self.assertEqual(self.run_script(), (0, ""))
        self.assertEqual(self.run_script("--check"), (0, ""))
        page = (self.root / "docs/requirements.md").read_text(encoding="utf-8")
        self.assertIn("4 items: 2 are due, of which 2 are covered; 2 wait", page)
        self.assertIn("| R1 | the first | covered | `crates/a/tests/b.rs::it_holds` |", page)
        self.assertIn("| R2 | the second | open: needs Redis |  |", page)
        self.assertIn("| R3 | the third | open: needs the web layer |  |", page)
        self.assertIn("| R4 | the fourth | covered; to come: more of it |", page)

    def test_a_page_that_is_missing_or_old_fails_the_check(self):
        self.assertIn("not up to date", self.run_script("--check")[1])
        self.run_script()
        self.cover("R1 R2 R4")
        code, errors = self.run_script("--check")
        self.assertEqual(code, 1)
        self.assertIn("not up to date", errors)

    def test_a_due_item_without_a_test_fails_the_check_and_one_that_waits_does_not(self):
        self.cover("R1")
        self.run_script()
        self.assertEqual(self.run_script("--check"), (1, "R4 is due and has no test: the fourth\n"))

    def test_a_test_of_an_item_that_waits_is_a_beginning(self):
        self.cover("R1 R2 R4")
        self.run_script()
        self.assertIn("begun; needs Redis", (self.root / "docs/requirements.md").read_text(encoding="utf-8"))

    def test_what_was_built_is_not_read(self):
        self.write("crates/a/target/debug/build/copy.rs", "// covers: R99\n")
        self.run_script()
        self.assertEqual(self.run_script("--check"), (0, ""))


if __name__ == "__main__":
    unittest.main()
