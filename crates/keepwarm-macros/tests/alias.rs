//! An alias is looked up when the function is called. In a program of its own, because caches are installed once.

use keepwarm::{Caches, cached};

#[cached(timeout = "1h", key = "page:{number}", cache = "pages")]
fn page(number: u64) -> String {
    format!("page {number}")
}

#[cached(key = "page:{number}")]
fn elsewhere(number: u64) -> String {
    format!("elsewhere {number}")
}

#[test]
fn the_alias_is_looked_up_when_the_function_is_called() {
    let settings = "
        [caches.default]
        backend = 'memory'
        [caches.pages]
        backend = 'memory'
        key_prefix = 'pages'
    ";
    let caches = Caches::from_toml(settings).unwrap();
    caches.install().unwrap();

    assert_eq!(page(7), "page 7");
    assert_eq!(elsewhere(7), "elsewhere 7");
    let pages = caches.get("pages").unwrap();
    assert_eq!(pages.get::<String>("page:7").wait().unwrap().as_deref(), Some("page 7"));
    assert!(page::invalidate(7).unwrap());
    assert_eq!(pages.get::<String>("page:7").wait().unwrap(), None);
    assert_eq!(caches.get("default").unwrap().get::<String>("page:7").wait().unwrap().as_deref(), Some("elsewhere 7"));
}
