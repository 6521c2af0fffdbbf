//! What the engine has to hold under: killed and stopped processes, power losses, damage, full disks, forks.
//!
//! Each gate has a short form for every test run, and a long one, with `KEEPWARM_SOAK=1`. The program is its own child: with
//! `--child <role>` as its first arguments it plays a process that is then killed or stopped.

mod children;
mod counters;
mod damage;
mod disks;
mod kills;
mod memory;
mod stops;
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// A gate: `Err` is why this machine cannot hold it.
type Gate = fn() -> Result<(), String>;

const GATES: &[(&str, Gate)] = &[
    ("kills_at_random_leave_right_bytes_exact_counts_and_free_locks", kills::at_random),
    ("a_kill_after_any_store_leaves_what_was_acknowledged", kills::at_points),
    ("a_lease_ends_with_its_holder", kills::holder),
    ("power_losses_leave_misses", damage::power_losses),
    ("pages_of_any_two_moments_are_never_torn_values", damage::mixed_pages),
    ("flipped_bits_and_cut_files_are_misses", damage::flips_and_cuts),
    ("eight_processes_count_exactly", counters::eight_processes),
    ("two_process_namespaces_count_exactly", counters::two_namespaces),
    ("a_fork_in_the_middle_counts_exactly", counters::forked),
    ("a_child_that_does_nothing_keeps_no_lock_of_its_dead_parent", kills::with_child),
    ("a_stopped_reader_is_in_nobodys_way", stops::reader),
    ("a_stopped_writer_is_reported_and_nobody_hangs", stops::writer),
    ("a_reader_holds_what_it_touches_and_no_more", memory::reader),
    ("a_full_disk_refuses_and_recovers", disks::full),
    ("a_removed_directory_is_made_again", disks::removed),
    ("a_directory_that_cannot_be_written_is_an_error", disks::read_only),
];

// covers: R66 R130 R131
fn main() -> ExitCode {
    let line: Vec<String> = std::env::args().collect();
    if line.get(1).is_some_and(|first| first == "--child") {
        return children::play(&line[2..]);
    }
    let trials = GATES.iter().map(|(name, gate)| {
        Trial::ignorable_test(*name, move || match gate() {
            Ok(()) => Ok(Completion::Completed),
            Err(reason) if reason.starts_with(support::CANNOT) => Ok(Completion::ignored_with(reason)),
            Err(reason) => Err(Failed::from(reason)),
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
