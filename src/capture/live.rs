//! Network interfaces, through libpcap: the only module that knows it.

use serde::Serialize;

/// Something that can be sniffed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkInterface {
    /// The name to open it by.
    pub name: String,
    /// What the system says about it.
    pub description: Option<String>,
    /// Its IP addresses.
    pub addresses: Vec<String>,
    /// Whether it is up.
    pub up: bool,
    /// Whether it is the machine talking to itself.
    pub loopback: bool,
}

/// What can be sniffed on this machine, in the system's order.
///
/// # Errors
/// What libpcap says.
pub fn interfaces() -> Result<Vec<NetworkInterface>, String> {
    let devices = pcap::Device::list().map_err(|error| error.to_string())?;
    let interface = |device: pcap::Device| NetworkInterface {
        addresses: device.addresses.iter().map(|address| address.addr.to_string()).collect(),
        up: device.flags.is_up(),
        loopback: device.flags.is_loopback(),
        name: device.name,
        description: device.desc,
    };
    Ok(devices.into_iter().map(interface).collect())
}
