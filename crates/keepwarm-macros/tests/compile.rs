//! What compiles and what does not, with the words of the errors.
//!
//! Here and not in `keepwarm`, because trybuild compiles the package that it runs in once more, with the features that it
//! was given and all that they need: of this one that is `keepwarm` without features.

// covers: R151
#[test]
fn errors_teach() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/pass/*.rs");
    cases.compile_fail("tests/fail/*.rs");
}
