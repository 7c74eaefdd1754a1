//! The system calls that need `unsafe`, each with its argument. Nothing else in the crate does.
#![expect(unsafe_code, reason = "the one module for system calls without a safe wrapper")]

use std::ffi::c_void;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::io::FdFlags;
use rustix::thread::UnshareFlags;

/// Moves this process, which must have one thread only, into new user, mount and network namespaces.
pub(crate) fn unshare_namespaces() -> io::Result<()> {
    let flags = UnshareFlags::NEWUSER | UnshareFlags::NEWNS | UnshareFlags::NEWNET;
    // SAFETY: no CLONE_FILES, so no other thread's descriptors change under it; the caller is `enter`,
    // which never starts a thread.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Makes every descriptor but the standard three close at the next exec.
pub(crate) fn close_others_at_exec() -> io::Result<()> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let Some(fd) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else {
            continue;
        };
        if fd > 2 {
            // SAFETY: the number was just listed as open; it is used for this one call and not kept. The
            // directory's own descriptor is still open, too.
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        }
    }
    Ok(())
}

/// Lets a descriptor survive the next exec.
pub(crate) fn keep_at_exec(fd: &OwnedFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(fd, FdFlags::empty())?)
}

/// Standard input, taken as a descriptor of ours.
pub(crate) fn take_stdin() -> io::Result<OwnedFd> {
    let copy = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    Ok(copy)
}

/// Brings this network namespace's loopback up.
pub(crate) fn loopback_up() -> io::Result<()> {
    /// `struct ifreq`, of which only the name and the flags are used.
    #[repr(C)]
    struct IfReq {
        name: [u8; 16],
        flags: libc::c_short,
        rest: [u8; 22],
    }
    let mut request = IfReq { name: [0; 16], flags: 0, rest: [0; 22] };
    request.name[..2].copy_from_slice(b"lo");
    // IFF_UP and IFF_RUNNING are bits 0 and 6: they fit.
    request.flags = 0x41;
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None)?;
    // SAFETY: SIOCSIFFLAGS reads one `ifreq`; ours lives across the call and has its size and layout.
    unsafe { rustix::ioctl::ioctl(&socket, SetFlags((&raw mut request).cast())) }?;
    Ok(())
}

struct SetFlags(*mut c_void);

// SAFETY: the opcode belongs to the argument that `loopback_up` passes; nothing is read back.
unsafe impl rustix::ioctl::Ioctl for SetFlags {
    type Output = ();
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> rustix::ioctl::Opcode {
        0x8914
    }

    fn as_ptr(&mut self) -> *mut c_void {
        self.0
    }

    unsafe fn output_from_ptr(_: rustix::ioctl::IoctlOutput, _: *mut c_void) -> rustix::io::Result<()> {
        Ok(())
    }
}
