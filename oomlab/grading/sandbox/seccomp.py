"""System calls that student code does not get, and a session keyring of its own.

A namespace hides files, processes and networks; it does not hide what the kernel keeps elsewhere,
such as keyrings, and it leaves open every call in which a fault of the kernel may be found. The
filter answers ENOSYS, as a kernel without that call would, so that libraries take another way, and
so that the child's proof can tell the filter's answer from any other. It is compiled by libseccomp,
which knows the numbers on each architecture and refuses calls made in another architecture's way;
bubblewrap loads it.
"""

import ctypes
import errno
import socket
import tempfile
from collections.abc import Callable
from functools import cache

KEYRINGS = "add_key keyctl request_key"
OTHER_PROCESSES = (
    "kcmp pidfd_getfd process_madvise process_mrelease process_vm_readv process_vm_writev ptrace"
)
KERNEL_SURFACE = (
    "bpf fanotify_init io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit "
    "io_uring_enter io_uring_register io_uring_setup lookup_dcookie modify_ldt perf_event_open "
    "quotactl quotactl_fd userfaultfd vmsplice"
)
MOUNTS = (
    "chroot fsconfig fsmount fsopen fspick listmount mount mount_setattr move_mount "
    "name_to_handle_at open_by_handle_at open_tree open_tree_attr pivot_root setns statmount "
    "umount umount2 unshare"
)
MACHINE = (
    "_sysctl acct adjtimex clock_adjtime clock_settime create_module delete_module finit_module "
    "init_module ioperm iopl kexec_file_load kexec_load nfsservctl personality reboot "
    "setdomainname sethostname settimeofday stime swapoff swapon syslog uselib vhangup"
)
# Memory that belongs to no process: a watchdog which adds up what processes hold cannot see it.
UNSEEN_MEMORY = "memfd_create memfd_secret mq_open msgget semget shmget"
# Files that all submissions see, such as the libraries, must carry no news from one to another:
# locks and leases, and being told who opens them.
NEWS = "flock inotify_add_watch inotify_init inotify_init1"
LOCKS = (  # commands of fcntl()
    *("F_SETLK", "F_SETLKW", "F_GETLK", "F_SETLEASE", "F_NOTIFY"),
    *("F_OFD_SETLK", "F_OFD_SETLKW", "F_OFD_GETLK"),
)
# clone3() hides its flags behind a pointer; the C library then uses clone(), which shows them.
HIDDEN_FLAGS = "clone3"
CLONE_NEW = (1 << 7, 1 << 17, *(1 << bit for bit in range(25, 31)))  # of clone(): new namespaces
PLACEMENT = "mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node"

DENIED = tuple(
    " ".join(
        (
            *(KEYRINGS, OTHER_PROCESSES, KERNEL_SURFACE, MOUNTS, MACHINE, UNSEEN_MEMORY),
            *(NEWS, HIDDEN_FLAGS, PLACEMENT),
        )
    ).split()
)
# AF_UNIX, AF_INET, AF_INET6 as Linux numbers them; a Python elsewhere may not have all the names.
FAMILIES = (1, 2, 10)  # the only kinds of sockets, and
NETLINK_ROUTE = 0  # of AF_NETLINK: the C library asks it for the names of interfaces
MOST_FAMILIES = 64
JOIN_SESSION_KEYRING = 1  # of keyctl()


class NoFilter(RuntimeError):
    """libseccomp, or its binding for Python, is missing."""


def library():
    """pyseccomp, which looks for libseccomp when it is imported."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as reason:
        raise NoFilter(f"the filter of system calls needs libseccomp ({reason})") from None
    return pyseccomp


@cache
def numbers() -> dict[str, int]:
    """The denied calls that this machine's libseccomp knows, with their numbers here."""
    seccomp = library()
    here = {name: seccomp.resolve_syscall(seccomp.system_arch(), name) for name in DENIED}
    return {name: number for name, number in here.items() if number >= 0}


@cache
def program() -> bytes:
    """The filter, compiled for `bwrap --seccomp`."""
    seccomp = library()
    filtered = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.ENOSYS)
    for name in numbers():
        filtered.add_rule(refuse, name)
    for family in range(MOST_FAMILIES):
        if family not in FAMILIES:
            which = [seccomp.Arg(0, seccomp.EQ, family)]
            if family == socket.AF_NETLINK:
                which.append(seccomp.Arg(2, seccomp.NE, NETLINK_ROUTE))
            for call in ("socket", "socketpair"):
                filtered.add_rule(refuse, call, *which)
    import fcntl  # POSIX alone has it

    for command in [getattr(fcntl, name) for name in LOCKS if hasattr(fcntl, name)]:
        filtered.add_rule(refuse, "fcntl", seccomp.Arg(1, seccomp.EQ, command))
    for flag in CLONE_NEW:
        filtered.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    with tempfile.TemporaryFile() as file:
        filtered.export_bpf(file)
        file.seek(0)
        return file.read()


@cache
def fresh_keyring() -> Callable[[], None]:
    """A function for the time between fork and exec: join a new, anonymous session keyring."""
    seccomp = library()
    keyctl = seccomp.resolve_syscall(seccomp.system_arch(), "keyctl")
    syscall = ctypes.CDLL(None, use_errno=True).syscall

    def join() -> None:
        joined = syscall(ctypes.c_long(keyctl), ctypes.c_long(JOIN_SESSION_KEYRING), None)
        if joined < 0 and ctypes.get_errno() != errno.ENOSYS:  # a kernel without keys has no rings
            raise OSError(ctypes.get_errno(), "no fresh session keyring")

    return join
