//! The system calls a sandboxed job may not make.
//!
//! Namespaces and mounts are the walls; this closes the doors they leave: sockets to the host's daemons
//! (also through `io_uring`), other processes' memory, keys, the kernel's larger attack surfaces, typing
//! into a terminal. Denied calls answer EPERM; foreign calling conventions kill.

use std::collections::BTreeMap;
use std::io;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Denied whatever the arguments.
const DENIED: &[c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_quotactl,
];

/// The filter, as bubblewrap's `--seccomp` reads it.
pub(crate) fn program() -> io::Result<Vec<u8>> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> =
        DENIED.iter().map(|call| (*call, Vec::new())).collect();
    // Only internet sockets: everything else (path and abstract unix sockets, vsock, netlink, packet …)
    // reaches past the namespaces. Pairs of unix sockets within the job are a different call and allowed.
    let internet = |family: i32| condition(0, SeccompCmpOp::Ne, u64::from(family.unsigned_abs()));
    rules.insert(libc::SYS_socket, vec![rule(vec![internet(libc::AF_INET)?, internet(libc::AF_INET6)?])?]);
    let typing = [libc::TIOCSTI, libc::TIOCLINUX]
        .into_iter()
        .map(|request| rule(vec![condition(1, SeccompCmpOp::Eq, request)?]))
        .collect::<io::Result<Vec<_>>>()?;
    rules.insert(libc::SYS_ioctl, typing);
    let arch = if cfg!(target_arch = "aarch64") { TargetArch::aarch64 } else { TargetArch::x86_64 };
    let deny = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, deny, arch).map_err(io::Error::other)?;
    let body: BpfProgram = filter.try_into().map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    for (code, jt, jf, k) in
        refuse_x32().iter().copied().chain(body.iter().map(|i| (i.code, i.jt, i.jf, i.k)))
    {
        bytes.extend_from_slice(&code.to_ne_bytes());
        bytes.extend_from_slice(&[jt, jf]);
        bytes.extend_from_slice(&k.to_ne_bytes());
    }
    Ok(bytes)
}

/// x32 numbers the same calls differently on the same architecture, past all rules: killed. Jumps are
/// relative, so these instructions may stand before the others.
fn refuse_x32() -> &'static [(u16, u8, u8, u32)] {
    if cfg!(target_arch = "x86_64") {
        &[(0x20, 0, 0, 0), (0x35, 0, 1, 0x4000_0000), (0x06, 0, 0, 0x8000_0000)]
    } else {
        &[]
    }
}

fn condition(argument: u8, op: SeccompCmpOp, value: u64) -> io::Result<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value).map_err(io::Error::other)
}

fn rule(conditions: Vec<SeccompCondition>) -> io::Result<SeccompRule> {
    SeccompRule::new(conditions).map_err(io::Error::other)
}
