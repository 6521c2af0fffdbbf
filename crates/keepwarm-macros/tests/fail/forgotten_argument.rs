use keepwarm::cached;

#[cached(key = "page:{page}")]
fn page(page: u64, language: &str) -> String {
    format!("{page} {language}")
}

#[cached(key = page_key(page), skip(page))]
fn contradiction(page: u64) -> u64 {
    page
}

#[cached(skip(db, self))]
fn skipped(page: u64) -> u64 {
    page
}

fn page_key(page: u64) -> String {
    page.to_string()
}

fn main() {}
