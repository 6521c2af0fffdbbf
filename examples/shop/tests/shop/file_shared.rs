//! Copies of the program over one directory.

use std::path::Path;

use crate::copies;

fn cache(folder: &Path) -> String {
    format!("file:{}?lease=1s", folder.join("cache").display())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_share_a_directory() {
    let folder = tempfile::tempdir().unwrap();
    copies::two_copies_share(&cache(folder.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_copy_leaves_a_warm_directory() {
    let folder = tempfile::tempdir().unwrap();
    copies::a_killed_copy_leaves_a_warm_cache(&cache(folder.path())).await;
}

#[test]
fn the_demo_is_warm_after_it_was_killed() {
    copies::the_demo_is_warm_after_it_was_killed(cache);
}
