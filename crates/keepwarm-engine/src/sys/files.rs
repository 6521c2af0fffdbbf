//! Files: opening, room, identity.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, fstat};
use rustix::io::Errno;

use crate::error::{Error, Result};

/// Opens a file for reading and writing, for this user alone, made if it is missing, closed on `exec`.
pub(crate) fn open(path: &Path) -> Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR);
    file.map(File::from).map_err(|errno| Error::io("open", path)(errno.into()))
}

/// Makes a directory for this user alone, with those above it, unless it is there.
pub(crate) fn make_directory(path: &Path) -> Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io("make the directory", path))
}

/// Takes room on the disk for a part of a file. What is written there later cannot find the disk full.
pub(crate) fn allocate(file: &File, at: usize, length: usize) -> io::Result<()> {
    loop {
        match fallocate(file, FallocateFlags::empty(), at as u64, length as u64) {
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return write_zeros(file, at, length),
            other => return other.map_err(io::Error::from),
        }
    }
}

/// The same on file systems that cannot allocate. The range is a hole: nothing is overwritten.
fn write_zeros(file: &File, at: usize, length: usize) -> io::Result<()> {
    use std::os::unix::fs::FileExt;
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut done = 0;
    while done < length {
        let part = ZEROS.len().min(length - done);
        file.write_all_at(&ZEROS[..part], (at + done) as u64)?;
        done += part;
    }
    Ok(())
}

/// Which file it is, of all files of this machine.
pub(crate) fn identity(file: impl AsFd) -> io::Result<(u64, u64)> {
    let stat = fstat(file)?;
    Ok((stat.st_dev as u64, stat.st_ino as u64))
}

/// Whether that file is still what lies at a path.
pub(crate) fn is_still(path: &Path, identity: (u64, u64)) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == identity)
}

/// Refuses a directory on a file system that does not share memory between all who map its files.
#[cfg(target_os = "linux")]
pub(crate) fn refuse_network(directory: &Path) -> Result<()> {
    const SHARED_BY_NETWORK: [(u64, &str); 12] = [
        (0x6969, "NFS"),
        (0xff53_4d42, "SMB"),
        (0xfe53_4d42, "SMB"),
        (0x517b, "SMB"),
        (0x0102_1997, "9P"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
        (0x0bd0_0bd0, "Lustre"),
        (0x0116_1970, "GFS2"),
        (0x7461_636f, "OCFS2"),
        (0x4750_4653, "GPFS"),
        (0x6573_5546, "FUSE"),
    ];
    let stat = rustix::fs::statfs(directory).map_err(|errno| Error::io("look at", directory)(errno.into()))?;
    // The kernel's numbers have 32 bits; on some machines they come sign-extended.
    let found = stat.f_type as u64 & 0xffff_ffff;
    match SHARED_BY_NETWORK.iter().find(|(number, _)| *number == found) {
        Some((_, kind)) => Err(Error::NetworkFileSystem { directory: directory.to_owned(), kind }),
        None => Ok(()),
    }
}

/// Elsewhere the kinds of file systems have no numbers that could be asked for.
#[cfg(not(target_os = "linux"))]
pub(crate) fn refuse_network(_directory: &Path) -> Result<()> {
    Ok(())
}
