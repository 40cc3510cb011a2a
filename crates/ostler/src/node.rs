//! What this machine is called unless the host is told, so that what is spread over machines stays where it is on each of them.

use std::env;
use std::fs;
use std::sync::OnceLock;

/// Where Linux says it.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The machine's name; empty where the system does not say it without a system call of its own, as on macOS. In a container it is
/// the container's, on Kubernetes the pod's.
pub(crate) fn name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let said = fs::read_to_string(HOST_NAME).ok();
        let said = said.or_else(|| env::var("HOSTNAME").ok()).or_else(|| env::var("COMPUTERNAME").ok());
        said.map(|name| name.trim().to_owned()).unwrap_or_default()
    })
}
