//! Stands between `SQLite` and its way to the disk: the default VFS, with the four things that make or undo bytes looked at
//! on their way. Locks, shared memory and all else stay the VFS's own, so several connections work as they do without it.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use rusqlite::ffi::{
    SQLITE_OK, sqlite3_file, sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use crate::file::File;
use crate::of;

/// The VFS that was the default before, by address: it lives as long as the process.
static BENEATH: Mutex<usize> = Mutex::new(0);
/// Files that are open and watched, by the address of `SQLite`'s handle.
static OPEN: Mutex<Option<HashMap<usize, Handle>>> = Mutex::new(None);

#[derive(Clone)]
struct Handle {
    path: PathBuf,
    /// What the VFS beneath does with it.
    beneath: &'static sqlite3_io_methods,
}

/// Becomes the default VFS, once in a process.
pub fn stand_between() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: asking for the default VFS gives a static of SQLite's own, or null.
        let beneath = unsafe { sqlite3_vfs_find(std::ptr::null()) };
        assert!(!beneath.is_null(), "SQLite has a way to the disk");
        *lock(&BENEATH) = beneath as usize;
        // SAFETY: it is valid, as said above; a copy of it holds the same functions and the same data.
        let mut ours = unsafe { *beneath };
        ours.zName = c"watched".as_ptr();
        ours.xOpen = Some(open);
        ours.xDelete = Some(delete);
        // SAFETY: the copy is leaked, so it lives as long as SQLite may ask it.
        let registered = unsafe { sqlite3_vfs_register(Box::leak(Box::new(ours)), 1) };
        assert_eq!(registered, SQLITE_OK, "SQLite takes another default VFS");
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn beneath() -> *mut sqlite3_vfs {
    *lock(&BENEATH) as *mut sqlite3_vfs
}

fn handle(file: *mut sqlite3_file) -> Handle {
    let open = lock(&OPEN);
    let known = open.as_ref().and_then(|open| open.get(&(file as usize)));
    known.expect("only files that are watched have our methods").clone()
}

/// # Safety
/// `name` is null, or ends with a zero.
unsafe fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    // SAFETY: as promised above.
    (!name.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(name) }.to_bytes())))
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let beneath = beneath();
    // SAFETY: what SQLite gave us is passed on; the VFS beneath was copied, so it wants a handle of the same size.
    let opened = unsafe { (*beneath).xOpen.expect("a VFS opens")(beneath, name, file, flags, out) };
    // SAFETY: SQLite's names end with a zero; temporary files have none.
    let path = unsafe { path(name) };
    if let (SQLITE_OK, Some(path)) = (opened, path) {
        of(path, |watched, name| {
            let found = || File::found(std::fs::read(path).unwrap_or_default());
            watched.files.entry(name.to_owned()).or_insert_with(found);
            // SAFETY: a file that was opened has methods, which are statics of the VFS beneath.
            let beneath: &'static sqlite3_io_methods = unsafe { &*(*file).pMethods };
            let handle = Handle {
                path: path.to_owned(),
                beneath,
            };
            lock(&OPEN).get_or_insert_default().insert(file as usize, handle);
            let ours = sqlite3_io_methods {
                xClose: Some(close),
                xWrite: Some(write),
                xTruncate: Some(truncate),
                xSync: Some(sync),
                ..*beneath
            };
            // SAFETY: the handle is SQLite's and open; the methods are leaked, a few hundred bytes for each file of a test.
            unsafe { (*file).pMethods = Box::leak(Box::new(ours)) };
        });
    }
    opened
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    let beneath = beneath();
    // SAFETY: what SQLite gave us is passed on.
    let deleted = unsafe { (*beneath).xDelete.expect("a VFS deletes")(beneath, name, sync_folder) };
    // SAFETY: SQLite's names end with a zero.
    if let (SQLITE_OK, Some(path)) = (deleted, unsafe { path(name) }) {
        of(path, |watched, name| drop(watched.files.remove(name)));
    }
    deleted
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let Handle { beneath, .. } = handle(file);
    lock(&OPEN).get_or_insert_default().remove(&(file as usize));
    // SAFETY: what SQLite gave us is passed on to the VFS that opened it.
    unsafe { beneath.xClose.expect("a file closes")(file) }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, size: c_int, at: sqlite3_int64) -> c_int {
    let Handle { path, beneath } = handle(file);
    // SAFETY: what SQLite gave us is passed on to the VFS that opened it.
    let written = unsafe { beneath.xWrite.expect("a file is written")(file, bytes, size, at) };
    if let (SQLITE_OK, Ok(size), Ok(at)) = (written, usize::try_from(size), usize::try_from(at)) {
        // SAFETY: SQLite's buffer holds as many bytes as it says.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), size) };
        of(&path, |watched, name| {
            watched.files.entry(name.to_owned()).or_default().write(at, bytes);
        });
    }
    written
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    let Handle { path, beneath } = handle(file);
    // SAFETY: what SQLite gave us is passed on to the VFS that opened it.
    let cut = unsafe { beneath.xTruncate.expect("a file is cut")(file, size) };
    if let (SQLITE_OK, Ok(size)) = (cut, usize::try_from(size)) {
        of(&path, |watched, name| {
            watched.files.entry(name.to_owned()).or_default().cut_to(size);
        });
    }
    cut
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    let Handle { path, beneath } = handle(file);
    of(&path, crate::Watched::sync);
    // SAFETY: what SQLite gave us is passed on to the VFS that opened it.
    unsafe { beneath.xSync.expect("a file is synced")(file, flags) }
}
