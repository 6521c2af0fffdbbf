//! What does not compile, with the words of the errors. What does are the tests beside this one.
//!
//! Here and not in `keepwarm`, because trybuild checks the package that it runs in once more, with the features that it was
//! given and all that they need: of this one that is `keepwarm` without features. With a program that compiles among the
//! cases it would build all of it, twice as long.

// covers: R151
#[test]
fn errors_teach() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/fail/*.rs");
}
