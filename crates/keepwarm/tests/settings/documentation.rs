//! The page about settings is what the list says.

use std::fs;
use std::path::Path;

use keepwarm::Caches;
use keepwarm::backend::{COMMON_OPTIONS, KINDS};
use keepwarm::settings::AliasSettings;

#[test]
fn the_page_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
    let written = fs::read_to_string(&page).unwrap();
    assert!(
        written == keepwarm::settings::reference(),
        "docs/settings.md is not what the code says; run: cargo run -p keepwarm-cli -- options --markdown > docs/settings.md"
    );
}

// covers: R6
#[test]
fn every_kind_of_the_list_can_be_built_by_each_of_its_names() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_str().unwrap();
    for kind in KINDS {
        let needs_place = kind.options.iter().any(|option| option.name == "location" && option.default == "required");
        let place = if needs_place { place } else { "" };
        for name in [kind.name].iter().chain(kind.dotted) {
            let settings = AliasSettings::new(*name);
            let settings = if needs_place { settings.with("LOCATION", place) } else { settings };
            let caches = Caches::builder().alias("default", settings).build().unwrap();
            assert_eq!(caches.get("default").unwrap().backend_kind(), kind.name);
        }
        for scheme in kind.schemes {
            assert_eq!(keepwarm::Cache::from_url(&format!("{scheme}://{place}")).unwrap().backend_kind(), kind.name);
        }
    }
}

#[test]
fn names_in_the_list_are_lower_case_and_each_is_there_once() {
    for kind in KINDS {
        let mut names: Vec<_> = COMMON_OPTIONS.iter().chain(kind.options).map(|option| option.name).collect();
        names.sort_unstable();
        assert!(names.iter().all(|name| *name == name.to_lowercase()));
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{}", kind.name);
        assert!(kind.url_name.is_none_or(|name| kind.options.iter().any(|option| option.name == name)));
    }
}
