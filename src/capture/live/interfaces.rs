//! Network interfaces: what can be sniffed. Needs no rights.

use serde::Serialize;

use super::error::{LiveError, words};
use crate::base::LinkType;

/// Something that can be sniffed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkInterface {
    /// The name to open it by.
    pub name: String,
    /// The system's words about it.
    pub description: Option<String>,
    /// Its IP addresses.
    pub addresses: Vec<String>,
    /// True where it is up.
    pub up: bool,
    /// True where it is the machine talking to itself.
    pub loopback: bool,
    /// The LINKTYPE_ value of its packets; `None` where only opening it tells.
    pub link_type: Option<u16>,
    /// The name of that.
    pub link_name: Option<&'static str>,
}

impl NetworkInterface {
    /// Returns what its packets start with, or what they probably do.
    pub fn link(&self) -> LinkType {
        self.link_type.map_or(LinkType::ETHERNET, LinkType)
    }

    /// A capture filter for what goes to and comes from its own addresses; `None` where it has none.
    pub fn own_traffic(&self) -> Option<String> {
        let hosts: Vec<String> = self.addresses.iter().map(|address| format!("host {address}")).collect();
        (!hosts.is_empty()).then(|| hosts.join(" or "))
    }
}

/// Returns the interfaces that can be sniffed on this machine: loopback first, as most WebSockets that somebody
/// develops are there, then what is up, in the system's order. Interfaces that cannot carry TCP (Bluetooth, USB, logs
/// of the packet filter) are left out.
///
/// # Errors
/// Fails with the words of libpcap.
pub fn interfaces() -> Result<Vec<NetworkInterface>, String> {
    let devices = pcap::Device::list().map_err(|error| words(&error))?;
    let mut interfaces: Vec<NetworkInterface> =
        devices.into_iter().filter(|device| can_carry_tcp(&device.name)).map(of_device).collect();
    interfaces.sort_by_key(|interface| (!interface.loopback, !interface.up));
    Ok(interfaces)
}

/// That there is an interface of this name: without rights, libpcap says the same of one that there is not.
pub(super) fn look_for(name: &str) -> Result<(), LiveError> {
    let Ok(devices) = pcap::Device::list() else { return Ok(()) };
    // What is left out above can be asked for by name.
    if devices.is_empty() || devices.iter().any(|device| device.name == name) {
        return Ok(());
    }
    let known: Vec<&str> =
        devices.iter().map(|device| device.name.as_str()).filter(|name| can_carry_tcp(name)).collect();
    Err(LiveError::NoInterface { interface: name.to_owned(), known: known.join(", ") })
}

/// Why nothing more can come from an interface: it was taken down, or it is no more. libpcap waits for both to end.
pub(super) fn trouble(name: &str) -> Option<String> {
    let devices = pcap::Device::list().ok()?;
    match devices.iter().find(|device| device.name == name) {
        None if devices.is_empty() => None,
        None => Some("the interface is no more".to_owned()),
        Some(device) => (name != ANY && !device.flags.is_up()).then(|| "the interface was taken down".to_owned()),
    }
}

fn of_device(device: pcap::Device) -> NetworkInterface {
    let link_type = link_type(&device.name);
    NetworkInterface {
        addresses: device.addresses.iter().map(|address| address.addr.to_string()).collect(),
        up: device.flags.is_up(),
        loopback: device.flags.is_loopback(),
        description: device.desc.or_else(|| described(&device.name).map(str::to_owned)),
        link_type: link_type.map(|link_type| link_type.0),
        link_name: link_type.map(LinkType::name),
        name: device.name,
    }
}

/// The kernel knows network interfaces by their directories; libpcap adds other things.
fn can_carry_tcp(name: &str) -> bool {
    !cfg!(target_os = "linux") || name == ANY || system_file(name, "type").is_some()
}

/// All interfaces at once.
const ANY: &str = "any";

/// Returns what a file of an interface's directory says.
fn system_file(name: &str, file: &str) -> Option<String> {
    if !cfg!(target_os = "linux") || name.contains('/') || name.starts_with('.') {
        return None;
    }
    let text = std::fs::read_to_string(format!("/sys/class/net/{name}/{file}")).ok()?;
    Some(text.trim().to_owned())
}

/// Returns what packets of an interface start with, from the kernel's ARPHRD_ value (linux/if_arp.h).
fn link_type(name: &str) -> Option<LinkType> {
    if cfg!(target_os = "linux") && name == ANY {
        return Some(LinkType::LINUX_SLL);
    }
    match system_file(name, "type")?.parse().ok()? {
        // Ethernet, and loopback, which looks like it.
        1 | 772 => Some(LinkType::ETHERNET),
        // No header at all (tun, WireGuard); tunnels.
        65_534 | 768 | 769 | 776 => Some(LinkType::RAW),
        512 => Some(LinkType::LINUX_SLL),
        801 => Some(LinkType::IEEE802_11),
        803 => Some(LinkType::IEEE802_11_RADIOTAP),
        _ => None,
    }
}

/// Returns what people call a kind of interface, by its name where the system says nothing.
fn described(name: &str) -> Option<&'static str> {
    let kinds = [
        ("lo", "this machine talking to itself"),
        ("docker", "Docker's network"),
        ("br-", "bridge of a container network"),
        ("veth", "one end of a container's network"),
        ("virbr", "network of virtual machines"),
        ("wg", "WireGuard"),
        ("tun", "tunnel"),
        ("tap", "tunnel"),
        ("wl", "wireless network"),
        ("en", "wired network"),
        ("eth", "wired network"),
    ];
    kinds.iter().find(|(start, _)| name.starts_with(start)).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist() {
        if interfaces().is_ok_and(|interfaces| !interfaces.is_empty()) {
            let error = look_for("nonesuch0").unwrap_err().to_string();
            assert!(error.starts_with("nonesuch0: there is no such interface; there are: "), "{error}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn loopback_comes_first_and_any_is_there() {
        let interfaces = interfaces().unwrap();
        if std::path::Path::new("/sys/class/net/lo").exists() {
            assert_eq!((interfaces[0].name.as_str(), interfaces[0].link()), ("lo", LinkType::ETHERNET));
            let any = interfaces.iter().find(|interface| interface.name == "any").unwrap();
            assert_eq!((any.link(), any.own_traffic()), (LinkType::LINUX_SLL, None));
        }
    }

    #[test]
    fn own_traffic_names_every_address() {
        let interface = NetworkInterface {
            name: "eth0".to_owned(),
            description: None,
            addresses: vec!["10.0.0.1".to_owned(), "fe80::1".to_owned()],
            up: true,
            loopback: false,
            link_type: None,
            link_name: None,
        };
        let filter = interface.own_traffic().unwrap();
        assert_eq!(filter, "host 10.0.0.1 or host fe80::1");
        assert_eq!(super::super::check_filter(&filter, interface.link()), Ok(()));
    }
}
