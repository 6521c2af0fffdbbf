//! What compiles and what does not, with the words of the errors.

#[test]
fn errors_teach() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/macros/pass/*.rs");
    cases.compile_fail("tests/macros/fail/*.rs");
}
