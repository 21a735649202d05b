//! Keeps this process's memory to itself.

/// Has the operating system write no core file when this process crashes: it would hold every password and token. On Linux other
/// processes of the same user can't look into its memory either, which a collector of core files could do as well.
///
/// Where that is refused nothing is said: it is a second lock on a door.
pub fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Core).maximum;
        // Programs that this one starts, a build for one, may raise it again.
        let none = Rlimit {
            current: Some(0),
            maximum,
        };
        if let Err(error) = setrlimit(Resource::Core, none) {
            tracing::debug!(%error, "core files can't be forbidden");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::debug!(%error, "core files can't be forbidden");
        }
    }
}
